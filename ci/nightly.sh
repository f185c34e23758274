#!/usr/bin/env bash
# The night: what CI runs, and anyone may.
#
#   ci/nightly.sh [--time 10m] [--history DIR]
#
# --time is shared: nine parts of twenty storm the native lane (on ARM64: the
# arm64 lanes), the rest goes to probes, explorer, sanitizers, soak and models.
# Building comes on top, and from 20m on what goes by counts, not by time: a
# soak with its quotas, 20,000 programs a memory model, ten million descriptors,
# medians, the known answers of make validate, and fuzzing, where each fuzzer of
# what is fixed has a quarter of --time (hours on two cores).
# Each step runs whatever the one before came to: a night that is not told is
# lost. DIR (history) keeps the run folders (DIR/runs), the history, and under
# DIR/nights/STAMP each step's output, the other results, and issue.md where
# something is not as expected: what, and how to show it again. The night is
# compared with those before.
#
# stderr says of each step how long it took, and the processors' time of that.
# A step that finds nothing wrong and has not shown all, for want of time, says
# 3. Exit status: 0 as expected, 1 not, 3 nothing wrong and not all shown, 64
# usage.
set -euo pipefail
usage() { echo "usage: $0 [--time 30s|10m|2h] [--history DIR]" >&2; exit 64; }
cd "$(dirname "${BASH_SOURCE[0]}")/.."
time=40m history=history
while [ $# -gt 0 ]; do
	[ $# -ge 2 ] || usage
	case $1 in
	--time) time=$2 ;;
	--history) history=$2 ;;
	*) usage ;;
	esac
	shift 2
done
[[ $time =~ ^([0-9]+)([smh])$ ]] || usage
seconds=${BASH_REMATCH[1]}
case ${BASH_REMATCH[2]} in
m) seconds=$((seconds * 60)) ;;
h) seconds=$((seconds * 3600)) ;;
esac
[ "$seconds" -ge 20 ] || usage

python=/usr/bin/python3
jobs=$(nproc)
stamp=$(date -u +%Y%m%dT%H%M%SZ)
out=$history/nights/$stamp run=$history/runs/$stamp
mkdir -p "$out" "$history/runs"
failed=() unshown=()
# What was promised is silent by its own rate, where there were nights before.
known=()
[ ! -f "$history/history.sqlite" ] || known=(--rig-history "$history/history.sqlite")

# step NAME COMMAND...: runs it with its output in a file; notes what it came to
step() {
	local name=$1 began=$SECONDS status=0 used TIMEFORMAT='%U %S'
	shift
	printf 'nightly: %-12s ' "$name" >&2
	used=$({ time "$@" >"$out/$name.log" 2>&1 </dev/null; } 2>&1) || status=$?
	printf 'status %d, %d s, %.1f s of processors\n' "$status" $((SECONDS - began)) \
		"$(awk '{ print $1 + $2 }' <<<"$used")" >&2
	case $status in
	0) ;;
	3) unshown+=("$name") ;;
	*) failed+=("$name") ;;
	esac
}
share() { echo $(((seconds * $1 + 99) / 100)); }
# shellcheck disable=SC2317 # called by step
matrix() { # LANE SECONDS
	"$python" -m pytest -q tests/test_matrix.py --rig-lane "$1" --rig-out "$run-$1" \
		--rig-time "$2s" "${known[@]}"
}

if [ "$(uname -m)" = aarch64 ]; then
	lanes=(arm64-llsc arm64-lse arm64-outline arm64-rcpc arm64-lse-rcpc)
else
	lanes=(native)
fi
step deps ci/deps.sh
step doctor "$python" ci/doctor.py
for lane in "${lanes[@]}" explore tsan asan; do
	step "build-$lane" make -s -j"$jobs" build LANE="$lane"
done
for lane in "${lanes[@]}"; do
	step "code-$lane" "$python" ci/disassembly.py --lane "$lane" \
		--out "build/$lane/disassembly.json"
	step "$lane" matrix "$lane" $(($(share 45) / ${#lanes[@]}))
done
# 62 runs, a third of each tunes
step probe "$python" stress/probes/table.py --probe "build/${lanes[0]}/probe" \
	--out "$run-${lanes[0]}/probe.jsonl" -- --tune "$(share 10 | awk '{print $1 / 190}')" \
	--seconds "$(share 10 | awk '{print $1 / 95}')"
step explore "$python" fuzz/table.py --out "$run-${lanes[0]}/explore.jsonl" \
	--seconds "$(share 10 | awk '{print $1 / 300}')"
step tsan matrix tsan "$(share 15)"
step asan matrix asan "$(share 10)"
if [ "$seconds" -lt 1200 ]; then
	step soak "$python" ci/soak.py --short --seconds "$(share 5)" --keep "$out/soak"
	step differential make -s differential PROGRAMS=$((seconds / 2 + 50))
else
	step soak "$python" ci/soak.py --keep "$out/soak"
	step differential make -s differential
	step probe-mp-lb "build/${lanes[0]}/probe" MP LB --order plain --form perpetual \
		--seconds 0 --rounds 1000000000
	step probe-2+2w "build/${lanes[0]}/probe" 2+2W --order plain --seconds 0 \
		--rounds 100000000
	step reopen make -s reopen
	step medians make -s medians
	# Of 40m twenty seconds for what is to be found, ten minutes for what
	# is fixed.
	step fuzz make -s fuzz TIME=$((seconds / 120)) FUZZ_ARGS="--fixed-time $((seconds / 4))"
	# A few are reached by real threads alone, which may miss them.
	step coverage "$python" fuzz/fuzzers/coverage.py --open 5 \
		--out "$run-${lanes[0]}/coverage.jsonl"
	step candidates tests/candidates.py
	step audit "$python" fuzz/audit.py --out "$run-${lanes[0]}/audit.jsonl"
	# Another sample each night. Nine of ten are killed: fewer than three
	# of four of 60 are no chance.
	step mutation "$python" fuzz/mutation.py --sample 60 --seed "$(date +%j)" --wanted 0.75 \
		--out "$out/mutation.jsonl"
fi
# One page of all lanes.
step merge "$python" -m reports merge -o "$out/report" "$run"-*
step compare "$python" -m reports history compare "$run"-* --db "$history/history.sqlite"
step page "$python" -m reports history page --db "$history/history.sqlite" \
	-o "$history/index.html"

if [ ${#failed[@]} -eq 0 ] && [ ${#unshown[@]} -eq 0 ]; then
	echo "nightly: as expected, $SECONDS s; $history/index.html"
	exit 0
fi
for name in "${unshown[@]}"; do
	echo "not shown for want of time: $name: $(tail -1 "$out/$name.log")"
done
if [ ${#failed[@]} -eq 0 ]; then
	echo "nightly: nothing wrong, not all shown, $SECONDS s: ${unshown[*]};" \
		"$history/index.html"
	exit 3
fi
{
	echo "Not as expected on $(uname -nm), $(git rev-parse --short HEAD 2>/dev/null || true):"
	for name in "${failed[@]}"; do
		printf '\n## %s\n\n```\n' "$name"
		tail -30 "$out/$name.log"
		echo '```'
	done
} >"$out/issue.md"
echo "nightly: not as expected, $SECONDS s: ${failed[*]}; see $out/issue.md"
exit 1
