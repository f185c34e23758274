# LANE=fuzz: libFuzzer programs, and the same ones as plain programs that only
# run a corpus. Included by the root Makefile after fuzz/rules.mk; usable alone:
#
#   make -f fuzz/fuzzers/rules.mk fuzz-lane [FUZZ_CC=clang-19]
#   make -f fuzz/fuzzers/rules.mk corpus-lane
#
# Found by their sources:
#   fuzz_*.c        build/fuzz/TARGET/VARIANT/fuzz_*   every target and variant;
#                   fuzz_case also as fuzz_whole, where a target has whole runs,
#                   and of what is fixed as fuzz_check, where it has checks
#   TARGET/fuzz_*.c build/fuzz/TARGET/VARIANT/fuzz_*   one target's own
#   rig/fuzz_*.c    build/fuzz/rig/fixed/fuzz_*        what reads outside input
# The last two link what a comment in them says ("links: FILE...",
# "libs: NAME"; "variants: NAME..." besides fixed).

ifndef explore_variant
include fuzz/rules.mk
endif

fuzz_rules := $(explore_rules) fuzz/fuzzers/rules.mk
FUZZ_CC ?= clang
FUZZ_OUT ?= build/fuzz
CORPUS_OUT ?= build/corpus
FUZZ_CFLAGS = -std=gnu11 -O2 -g -I targets -I fuzz -I fuzz/fuzzers -I stress -I . \
	-fdebug-prefix-map=$(CURDIR)=. -Wall -Wextra -Werror
# The targets' blocks are counted; comparisons say nothing about a schedule.
FUZZ_COUNTED ?= -fsanitize-coverage=inline-8bit-counters,pc-table
# Nobody asks here by which way an access was reached.
FUZZ_COUNTED += -mllvm -tsan-instrument-func-entry-exit=0
FUZZ_SANITIZED ?= -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
# Bytes that stand for operations are compared with nothing: it would be most of
# the time.
FUZZ_OPERATIONS = -fno-sanitize-coverage=trace-cmp
FUZZ_LINK ?= $(FUZZ_CC)
FUZZ_LINK_SANITIZED ?= $(FUZZ_SANITIZED)
FUZZ_LIBRARY ?= -fsanitize=fuzzer
fuzz_rename = $(foreach f,$(1),--redefine-sym __tsan_$(f)=fuzz_$(f))
FUZZ_RENAME = $(EXPLORE_RENAME) $(call fuzz_rename,read1 write1)
CORPUS_SANITIZED = -fsanitize=address,undefined -fno-sanitize-recover=all \
	-Wno-builtin-declaration-mismatch

fuzz_common := $(addprefix fuzz/fuzzers/common/,executions.c bytes.c feedback.c found.c)
# libFuzzer's side, and the plain one.
fuzz_only := $(addprefix fuzz/fuzzers/common/,mutate.c counters.c)
corpus_only := fuzz/fuzzers/common/corpus.c
# As coverage.py builds them: the compiler's own counters are no accesses.
ifdef CORPUS_COUNTED
EXPLORE_RENAME += $(call fuzz_rename,read8 write8)
corpus_explored := fuzz/fuzzers/common/counters.c
endif
fuzz_general := $(patsubst fuzz/fuzzers/%.c,%,$(wildcard fuzz/fuzzers/fuzz_*.c))
# $(call fuzz_names,TARGET,VARIANT)
fuzz_names = $(fuzz_general) $(if $(call explore_whole,$(1)),fuzz_whole) \
	$(if $(filter fixed,$(2)),$(if $(call explore_checks,$(1)),fuzz_check))
fuzz_source = fuzz/fuzzers/$(if $(filter fuzz_whole fuzz_check,$(1)),fuzz_case,$(1)).c
# $(call fuzz_cases,TARGET,NAME): a program runs those that it is linked with.
fuzz_cases = $(if $(filter fuzz_whole,$(2)),$(call explore_whole,$(1)),$(if $(filter \
	fuzz_check,$(2)),$(call explore_checks,$(1)),$(call target_cases,$(1))))
fuzz_says = $(shell sed -n 's,^/\* $(2): \(.*\) \*/$$,\1,p' $(1))

.PHONY: fuzz-lane corpus-lane
fuzz-lane corpus-lane:

# Most of an execution's time is spent there.
$(FUZZ_OUT)/engine/%.o: %.c $(fuzz_rules)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_CFLAGS) -O3 -MMD -MP -c -o $@ $<
$(CORPUS_OUT)/engine/%.o: %.c $(fuzz_rules)
	@mkdir -p $(@D)
	$(EXPLORE_CC) $(FUZZ_CFLAGS) -MMD -MP -c -o $@ $<

# $(call fuzz_main,FOLDER,COMPILER,TARGET,VARIANT,NAME,TEXTS)
define fuzz_main
$(1)/$(3)/$(4)/$(5).o: $(call fuzz_source,$(5)) $(6) $(explore_base_texts) \
		$(fuzz_rules)
	@mkdir -p $$(@D)
	$(2) $$(FUZZ_CFLAGS) -MMD -MP -DTARGET='"$(3)"' -DVARIANT='"$(4)"' -DLANE='"fuzz"' \
		-DCODE_HASH='"$$(call explore_hash,$(6) $(explore_base_texts))"' -c -o $$@ $$<
endef

# $(call fuzz_variant,TARGET,VARIANT,SOURCES,TEXTS)
define fuzz_variant
$(FUZZ_OUT)/$(1)/$(2)/%.o: %.c $(fuzz_rules)
	@mkdir -p $$(@D)
	$$(FUZZ_CC) $$(EXPLORE_CFLAGS) -Wall -Wextra -Werror $$(EXPLORE_HOOKED) $$(FUZZ_COUNTED) \
		-MMD -MP -DTARGET='"$(1)"' $(call defines,$(2)) -c -o $$@ $$<
	$$(OBJCOPY) $$(FUZZ_RENAME) $$@
$(FUZZ_OUT)/$(1)/$(2)/%.S.o: %.S $(fuzz_rules)
	@mkdir -p $$(@D)
	$$(FUZZ_CC) $$(EXPLORE_CFLAGS) -MMD -MP $(call defines,$(2)) -c -o $$@ $$<
$(foreach n,$(call fuzz_names,$(1),$(2)),
$(call fuzz_main,$(FUZZ_OUT),$$(FUZZ_CC),$(1),$(2),$(n),$(4))
$(call fuzz_main,$(CORPUS_OUT),$$(EXPLORE_CC),$(1),$(2),$(n),$(4))
$(FUZZ_OUT)/$(1)/$(2)/$(n): $(FUZZ_OUT)/$(1)/$(2)/$(n).o \
		$(call objects,$(FUZZ_OUT)/$(1)/$(2),$(3) $(call \
		fuzz_cases,$(1),$(n)) $(explore_base)) \
		$(patsubst %.c,$(FUZZ_OUT)/engine/%.o,$(explore_engine) $(fuzz_common) $(fuzz_only))
	@echo "  fuzz $(1)/$(2) $(n)"
	$$(FUZZ_LINK) $$(FUZZ_LIBRARY) -o $$@ $$^
$(CORPUS_OUT)/$(1)/$(2)/$(n): $(CORPUS_OUT)/$(1)/$(2)/$(n).o \
		$(call objects,$(EXPLORE_OUT)/$(1)/$(2),$(3) $(call \
		fuzz_cases,$(1),$(n)) $(explore_base)) \
		$(patsubst %.c,$(EXPLORE_OUT)/engine/%.o,$(explore_engine)) \
		$(patsubst %.c,$(CORPUS_OUT)/engine/%.o,$(fuzz_common) $(corpus_only) \
		$(corpus_explored))
	@echo "  corpus $(1)/$(2) $(n)"
	$$(EXPLORE_LINK) -o $$@ $$^
fuzz-lane: $(FUZZ_OUT)/$(1)/$(2)/$(n)
corpus-lane: $(CORPUS_OUT)/$(1)/$(2)/$(n))
endef
# $(call fuzz_target,TARGET,SOURCES,TEXTS)
fuzz_target = $(foreach v,fixed $(call switches,targets/$(1)),$(eval \
	$(call fuzz_variant,$(1),$(v),$(2),$(3))))
$(foreach t,$(targets),$(call fuzz_target,$(t),$(call target_sources,$(t)),$(call \
	target_texts,$(t)) $(wildcard fuzz/whole/$(t)/*.[ch])))

# --- readers of outside input, and models: sanitized, with what they link ---

# "engine": the explorer without its main; a target: it and all that it includes
fuzz_folder = $(patsubst targets/%,%,$(filter $(target_folders:%=targets/%),$(1)))
fuzz_link = $(if $(filter engine,$(1)),$(explore_engine) $(explore_base),$(or $(call \
	target_sources,$(call fuzz_folder,$(1))),$(wildcard $(1)),$(1)))
fuzz_links = $(sort $(foreach f,$(call fuzz_says,$(1),links),$(call fuzz_link,$(f))))
# $(call fuzz_alone,FOLDER,TARGET,VARIANT,NAME,SOURCE,COMPILER,FLAGS,LINK,EXTRA)
define fuzz_alone
$(1)/$(2)/$(3)/$(4).d/%.o: %.c $(fuzz_rules)
	@mkdir -p $$(@D)
	$(6) $$(FUZZ_CFLAGS) $(7) -DTARGET='"$(2)"' $(call defines,$(3)) -MMD -MP -c -o $$@ $$<
$(1)/$(2)/$(3)/$(4): $(patsubst %.c,$(1)/$(2)/$(3)/$(4).d/%.o,$(5) $(9) \
		$(call fuzz_links,$(5)))
	@echo "  $(notdir $(1)) $(2)/$(3) $(4)"
	$(8) $(link_flags) -Wl,--wrap=exit -o $$@ $$^ $(patsubst %,-l%,$(call fuzz_says,$(5),libs))
endef
fuzz_alike := $(addprefix fuzz/fuzzers/common/,found.c leave.c)
define fuzz_both
$(call fuzz_alone,$(FUZZ_OUT),$(1),$(2),$(3),$(4),$$(FUZZ_CC),$$(FUZZ_SANITIZED) \
	$(if $(filter rig,$(1)),,$$(FUZZ_OPERATIONS)),$$(FUZZ_LINK) $$(FUZZ_LINK_SANITIZED) \
	$$(FUZZ_LIBRARY),$(fuzz_alike))
$(call fuzz_alone,$(CORPUS_OUT),$(1),$(2),$(3),$(4),$$(EXPLORE_CC),$$(CORPUS_SANITIZED), \
	$$(EXPLORE_CC) $$(CORPUS_SANITIZED),$(fuzz_alike) $(corpus_only))
fuzz-lane: $(FUZZ_OUT)/$(1)/$(2)/$(3)
corpus-lane: $(CORPUS_OUT)/$(1)/$(2)/$(3)
endef
$(foreach s,$(wildcard fuzz/fuzzers/rig/fuzz_*.c),$(eval \
	$(call fuzz_both,rig,fixed,$(basename $(notdir $(s))),$(s))))
$(foreach t,$(targets),$(foreach s,$(wildcard fuzz/fuzzers/$(t)/fuzz_*.c),$(foreach v,fixed \
	$(call fuzz_says,$(s),variants),$(eval \
	$(call fuzz_both,$(t),$(v),$(basename $(notdir $(s))),$(s))))))

.PRECIOUS: $(FUZZ_OUT)/%.o $(CORPUS_OUT)/%.o
-include $(shell find $(FUZZ_OUT) $(CORPUS_OUT) -name '*.d' -type f 2>/dev/null)
