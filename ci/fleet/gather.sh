#!/usr/bin/env bash
# Makes one run of the shards in a folder, and grades it. Shards that were
# planned and are not here, or did not come to their end, are missing exposure:
# the exit status is 1 then, as for any verdict that is not as expected.
#
#   ci/fleet/gather.sh OUT     writes OUT/merged and prints its table
set -euo pipefail
if [ $# -ne 1 ] || ! [ -d "$1" ]; then
	echo "usage: $0 OUT" >&2
	exit 64
fi
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
shopt -s nullglob
shards=("$1"/shard-*/run.json)
[ ${#shards[@]} -gt 0 ] || { echo "gather: no shard in $1" >&2; exit 2; }
status=0
/usr/bin/python3 -m reports merge -o "$1/merged" "${shards[@]%/run.json}" || status=$?
wanted=${shards[0]##*-of-}
wanted=${wanted%%/*}
for ((k = 1; k <= wanted; k++)); do
	run=$1/shard-$k-of-$wanted/run.json
	if ! [ -e "$run" ]; then
		echo "gather: shard $k of $wanted is missing" >&2
		[ "$status" -ne 0 ] || status=1
	elif ! grep -q '"state": *"complete"' "$run"; then
		echo "gather: shard $k of $wanted did not come to its end" >&2
		[ "$status" -ne 0 ] || status=1
	fi
done
exit "$status"
