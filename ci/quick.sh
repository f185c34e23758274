#!/usr/bin/env bash
# The gate for a change: at most ten minutes, and only what the change touches.
#
#   ci/quick.sh [BASE]     BASE: a commit (default: origin/main, else main)
#
# Texts only: the style gate. Targets: the tree's own files since BASE are the
# candidate of a validation, with less time. Anything else that is linked with
# every target: all races. Exit status: 0 as expected, 1 not (a refuted fix, a
# failed test), 2 the rig failed, 3 a change to a target is neither refuted nor
# proven, or a race has too little exposure, 64 usage.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
usage() { echo "usage: $0 [BASE]" >&2; exit 64; }
[ $# -le 1 ] || usage
base=${1:-$(git rev-parse -q --verify origin/main || git rev-parse -q --verify main || true)}
git rev-parse -q --verify "$base^{commit}" >/dev/null || usage
since=$(git merge-base "$base" HEAD)
python=/usr/bin/python3
mapfile -t changed < <({ git diff --name-only "$since"
	git ls-files -o --exclude-standard; } | sort -u)
"$python" ci/tidy.py
target=0 all=0 code=0
for file in "${changed[@]}"; do
	case $file in
	*.md | *.yml | *.yaml) continue ;;
	targets/base/* | targets/*.mk | stress/engine/* | stress/*.[ch] | stress/rules.mk | \
		Makefile | reports/* | conftest.py) all=1 ;;
	targets/*.[chS]) target=1 ;;
	esac
	code=1
done
if [ $code -eq 0 ]; then
	echo "quick: nothing but texts"
	exit 0
fi
if [ $all -eq 1 ]; then
	make -s -j"$(nproc)" build LANE=native
	"$python" -m pytest -q tests/test_unit.py
	exec "$python" -m pytest -q tests/test_matrix.py --rig-out build/quick --rig-time 4m
fi
if [ $target -eq 0 ]; then
	make -s -j"$(nproc)" build LANE=native
	"$python" -m pytest -q tests/test_unit.py
	echo "quick: no race is touched"
	exit 0
fi
status=0
"$python" -m validate --since "$since" --time 3m --explore 45s --patience 1.5 \
	-o build/quick || status=$?
# Nothing to prove: no case that reaches the change shows a bug.
if [ $status -eq 3 ] && "$python" -c 'import json, sys
sys.exit(bool(json.load(open("build/quick/validation.json"))["proofs"]))'; then
	echo "quick: not refuted, and no race is touched"
	exit 0
fi
exit $status
