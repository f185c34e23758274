#!/usr/bin/env bash
# The gate for a change: at most ten minutes, and only what the change touches.
#
#   ci/quick.sh [BASE]     BASE: a commit (default: origin/main, else main)
#
# Texts only: the style gate. A target: its races, controls and fixed in turn,
# and its unit tests. Anything else that is linked with every target: all
# races. Exit status: 0 as expected, 1 not (a refuted fix, a failed test), 2 the
# rig failed, 64 usage.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
usage() { echo "usage: $0 [BASE]" >&2; exit 64; }
[ $# -le 1 ] || usage
base=${1:-$(git rev-parse -q --verify origin/main || git rev-parse -q --verify main || true)}
git rev-parse -q --verify "$base^{commit}" >/dev/null || usage
python=/usr/bin/python3
mapfile -t changed < <({ git diff --name-only "$(git merge-base "$base" HEAD)"
	git ls-files -o --exclude-standard; } | sort -u)
"$python" ci/tidy.py
targets=() all=0 code=0
for file in "${changed[@]}"; do
	case $file in
	*.md | *.yml | *.yaml) continue ;;
	targets/base/* | stress/engine/* | stress/*.[ch] | stress/rules.mk | Makefile | \
		reports/* | conftest.py) all=1 code=1 ;;
	targets/*/*) target=${file#targets/} targets+=("${target%%/*}") code=1 ;;
	*) code=1 ;;
	esac
done
if [ $code -eq 0 ]; then
	echo "quick: nothing but texts"
	exit 0
fi
make -s -j"$(nproc)" build LANE=native
"$python" -m pytest -q tests/test_unit.py tests/test_tidy.py
if [ $all -eq 1 ]; then
	exec "$python" -m pytest -q tests/test_matrix.py --rig-out build/quick --rig-time 4m
fi
mapfile -t targets < <(printf '%s\n' "${targets[@]}" | sort -u | grep .)
cases=()
for target in "${targets[@]}"; do
	[ -x "build/native/$target/fixed/storm" ] || continue
	mapfile -t -O "${#cases[@]}" cases < <("build/native/$target/fixed/storm" --list |
		awk -v t="$target" '{print t "/" $1}')
done
if [ ${#cases[@]} -eq 0 ]; then
	echo "quick: no race is touched"
	exit 0
fi
exec "$python" -m pytest -q tests/test_matrix.py --rig-out build/quick --rig-time 3m \
	--rig-case "$(IFS=,; echo "${cases[*]}")"
