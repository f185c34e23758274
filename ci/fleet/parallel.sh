#!/usr/bin/env bash
# The small fleet: shards over ssh by GNU parallel, then gathered here.
#
#   ci/fleet/parallel.sh OUT SEED TIME HOST...     ":" is this machine
#
# Each host has the same tree, built, at the same place; OUT is a relative path
# in it. One shard a host, as each wants its machine for itself.
set -euo pipefail
[ $# -ge 4 ] || { echo "usage: $0 OUT SEED TIME HOST..." >&2; exit 64; }
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
out=$1 seed=$2 time=$3
shift 3
hosts=$(IFS=,; echo "$*")
status=0
parallel --will-cite --jobs 1 --sshlogin "$hosts" --workdir "$PWD" --return "$out/shard-{}-of-$#" \
	/usr/bin/python3 ci/shard.py --out "$out" --seed "$seed" --time "$time" --shard "{}/$#" \
	::: $(seq 1 $#) || status=$?
[ "$status" -le 1 ] || echo "parallel: $status shards were not as expected" >&2
exec ci/fleet/gather.sh "$out"
