#!/bin/bash -eu
# What OSS-Fuzz and ClusterFuzzLite call: builds the fuzzers of the fixed
# variants and of the readers of outside input into $OUT, each with its options,
# dictionary and inputs. Asked of the environment: CC, CXX, CFLAGS, CXXFLAGS,
# LIB_FUZZING_ENGINE, OUT; WORK (a temporary folder if unset).
#
# Executions run on fibers of their own under hooks of their own: of CFLAGS they
# get all but the sanitizers. What needs a library is left out.
cd "$(dirname "$0")/../.."
work=${WORK:-$(mktemp -d)}/stormrig-fuzz
plain=()
for flag in $CXXFLAGS; do
	[[ $flag == -fsanitize* ]] || plain+=("$flag")
done

goals=() names=()
want() { # SOURCE TARGET PROGRAM NAME
	if grep -q '^/\* libs:' "$1"; then
		return
	fi
	goals+=("$work/$2/fixed/$3")
	names+=("$2 $3 $4")
}
for cases in targets/*/cases; do
	target=$(basename "$(dirname "$cases")")
	for source in fuzz/fuzzers/fuzz_*.c; do
		program=$(basename "$source" .c)
		want "$source" "$target" "$program" "fuzz_${target}_${program#fuzz_}"
	done
	if [ -d "fuzz/whole/$target" ]; then
		want fuzz/fuzzers/fuzz_case.c "$target" fuzz_whole "fuzz_${target}_whole"
	fi
	if [ -d "fuzz/checks/$target" ]; then
		want fuzz/fuzzers/fuzz_case.c "$target" fuzz_check "fuzz_${target}_check"
	fi
	for source in fuzz/fuzzers/"$target"/fuzz_*.c; do
		[ -e "$source" ] || continue
		program=$(basename "$source" .c)
		want "$source" "$target" "$program" "fuzz_${target}_${program#fuzz_}"
	done
done
for source in fuzz/fuzzers/rig/fuzz_*.c; do
	program=$(basename "$source" .c)
	want "$source" rig "$program" "$program"
done

make -s -j"$(nproc)" -f fuzz/fuzzers/rules.mk FUZZ_OUT="$work" FUZZ_CC="$CC" \
	FUZZ_LINK="$CXX ${plain[*]:-}" FUZZ_LIBRARY="$LIB_FUZZING_ENGINE" \
	FUZZ_SANITIZED="$CFLAGS" FUZZ_LINK_SANITIZED="$CXXFLAGS" "${goals[@]}"

for entry in "${names[@]}"; do
	read -r target program name <<<"$entry"
	cp "$work/$target/fixed/$program" "$OUT/$name"
	printf '%s\n' '[libfuzzer]' 'close_fd_mask = 2' 'timeout = 20' 'max_len = 1024' \
		>"$OUT/$name.options"
	words=fuzz/fuzzers/$target/$program.dict
	if [ -e "$words" ]; then
		cp "$words" "$OUT/$name.dict"
		echo "dict = $name.dict" >>"$OUT/$name.options"
	fi
	python3 fuzz/fuzzers/run.py --zip "$OUT/${name}_seed_corpus.zip" --target "$target" \
		--fuzzer "$program"
done
