#!/usr/bin/env bash
# The small fleet: shards over ssh by GNU parallel, then gathered here.
#
#   ci/fleet/parallel.sh OUT SEED TIME HOST... [-- options of the matrix]
#
# ":" is this machine; a host may bring its ssh and options: "ssh -p 22 host".
# Each has the same tree, built, at the same place; OUT is a relative path in
# it. One shard a host, as each wants its machine for itself; rsync fetches it.
set -euo pipefail
usage() { echo "usage: $0 OUT SEED TIME HOST... [-- OPTIONS]" >&2; exit 64; }
[ $# -ge 4 ] || usage
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
out=$1 seed=$2 time=$3
shift 3
hosts=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	hosts+=("$1")
	shift
done
n=${#hosts[@]}
if [ "$n" -eq 0 ] || [ "${out#/}" != "$out" ]; then usage; fi
status=0
parallel --will-cite --quote --jobs 1 --sshlogin "$(IFS=,; echo "${hosts[*]}")" \
	--workdir "$PWD" --return "$out/shard-{}-of-$n" \
	/usr/bin/python3 ci/shard.py --out "$out" --seed "$seed" --time "$time" --shard "{}/$n" \
	"$@" ::: $(seq 1 "$n") </dev/null || status=$?
[ "$status" -eq 0 ] || echo "parallel: $status shards were not as expected" >&2
exec ci/fleet/gather.sh "$out"
