# LANE=explore: one binary per target and variant,
# build/explore/TARGET/VARIANT/explore. Targets are compiled unchanged with
# -fsanitize=thread, but without its runtime: our own hooks are linked in its
# place. Included by the root Makefile; usable alone:
#
#   make -f fuzz/rules.mk                        every target and variant
#   make -f fuzz/rules.mk EXPLORE_CC=clang-19 EXPLORE_OUT=build/explore-clang-19
#
include targets/rules.mk

EXPLORE_CC ?= gcc
EXPLORE_OUT ?= build/explore
OBJCOPY ?= objcopy
EXPLORE_CFLAGS = -std=gnu11 -O2 -g -I targets -I fuzz -fdebug-prefix-map=$(CURDIR)=.
# Not to be loaded anywhere: that takes an instruction less for most variables.
EXPLORE_PLACED = -fno-pie
EXPLORE_LINK = $(EXPLORE_CC) -no-pie
# A target may be someone's candidate: its warnings are shown, as natively.
EXPLORE_WARN = -Wall -Wextra $(if $(filter targets/%,$<),,-Werror)
# gcc warns of fences under its sanitizer; our hooks know them.
EXPLORE_WARN += $(if $(findstring clang,$(EXPLORE_CC)),,-Wno-tsan)
# Calls stay calls, so that the hooks see them: gcc would expand small ones
# unseen.
EXPLORE_HOOKED = -fsanitize=thread -DLISTENERS_NEED=2048
EXPLORE_HOOKED += $(foreach f,memcpy memmove memset,-fno-builtin-$(f))
EXPLORE_RENAME = $(foreach f,memcpy memmove memset,--redefine-sym $(f)=__tsan_$(f))

# "shapes" are bare forms of a target's races (fuzz/cases), "unit" the
# explorer's own subjects.
explore_sources_shapes := $(wildcard fuzz/cases/*.c)
explore_sources_unit := $(wildcard tests/unit/explore_*.c) targets/sched/context.c

# How it is built is among what it is built from.
explore_rules := fuzz/rules.mk targets/rules.mk
explore_base := $(wildcard targets/base/*.c)
explore_engine := $(filter-out fuzz/main.c,$(wildcard fuzz/*.c fuzz/*/*.c))
explore_engine := $(filter-out fuzz/cases/% fuzz/litmus/% fuzz/fuzzers/%,$(explore_engine))
explore_litmus := $(wildcard fuzz/litmus/*.c)

.PHONY: explore-lane
explore-lane:

# Of the code under test, the same on every machine: a replay string carries it.
explore_hash = $(shell cat $(sort $(1)) | sha256sum | cut -c1-12)
explore_base_texts := $(wildcard targets/base/*.[ch])

# The subjects of tests stand aside, so that what looks for binaries does not
# meet them.
explore_out = $(EXPLORE_OUT)$(if $(filter unit,$(1)),-unit)

# Cases that run a target's whole runtime.
explore_whole = $(wildcard fuzz/whole/$(1)/*.c)

# Checks of the fixed form, which mutants are to fail: no variant's business.
explore_checks = $(wildcard fuzz/checks/$(1)/*.c)

# $(call explore_variant,TARGET,VARIANT,SOURCES,TEXTS)
define explore_variant
$(call explore_out,$(1))/$(1)/$(2)/explore: \
		$(call objects,$(call explore_out,$(1))/$(1)/$(2),$(3) $(explore_base)) \
		$(patsubst %.c,$(EXPLORE_OUT)/engine/%.o,$(explore_engine)) \
		$(call explore_out,$(1))/$(1)/$(2)/fuzz/main.o
	@echo "  explore $(1)/$(2)"
	$$(EXPLORE_LINK) -o $$@.new $$^ && mv $$@.new $$@
$(call explore_out,$(1))/$(1)/$(2)/%.o: %.c $(explore_rules)
	@mkdir -p $$(@D)
	$$(EXPLORE_CC) $$(EXPLORE_CFLAGS) $$(EXPLORE_PLACED) $$(EXPLORE_WARN) $$(EXPLORE_HOOKED) \
		-MMD -MP \
		-DTARGET='"$(1)"' $(call defines,$(2)) \
		-c -o $$@ $$<
	$$(OBJCOPY) $$(EXPLORE_RENAME) $$@
$(call explore_out,$(1))/$(1)/$(2)/%.S.o: %.S $(explore_rules)
	@mkdir -p $$(@D)
	$$(EXPLORE_CC) $$(EXPLORE_CFLAGS) $$(EXPLORE_PLACED) -MMD -MP $(call defines,$(2)) \
		-c -o $$@ $$<
$(call explore_out,$(1))/$(1)/$(2)/fuzz/main.o: fuzz/main.c $(4) $(explore_base_texts) \
		$(explore_rules)
	@mkdir -p $$(@D)
	$$(EXPLORE_CC) $$(EXPLORE_CFLAGS) $$(EXPLORE_PLACED) $$(EXPLORE_WARN) -I fuzz -MMD -MP \
		-DTARGET='"$(1)"' \
		-DVARIANT='"$(2)"' -DLANE='"explore"' \
		-DCODE_HASH='"$$(call explore_hash,$(4) $(explore_base_texts))"' -c -o $$@ $$<
explore_binaries_$(1) += $(call explore_out,$(1))/$(1)/$(2)/explore
endef

# $(call explore_target,TARGET,SOURCES,TEXTS,WHERE ITS SWITCHES STAND)
explore_target = $(foreach v,$(clean_variants) $(call switches,$(4)),$(eval \
	$(call explore_variant,$(1),$(v),$(2) $(if $(filter fixed,$(v)),$(call \
	explore_checks,$(1))),$(3))))

$(foreach t,$(targets),$(call explore_target,$(t),$(call target_sources,$(t)) $(call \
	target_cases,$(t)) $(call explore_whole,$(t)),$(call target_texts,$(t)) $(wildcard \
	fuzz/whole/$(t)/*.[ch]),targets/$(t)))
explore_aside = $(if $(2),$(call explore_target,$(1),$(2),$(2) $(3),$(2) $(3)))
$(call explore_aside,shapes,$(explore_sources_shapes),$(wildcard fuzz/cases/*.h))
$(call explore_aside,unit,$(explore_sources_unit))

explore-lane: $(foreach t,$(targets) shapes,$(explore_binaries_$(t)))
explore-lane: $(EXPLORE_OUT)/litmus

# Final states of litmus files: its own main, and of the engine what it calls.
$(EXPLORE_OUT)/litmus: $(patsubst %.c,$(EXPLORE_OUT)/engine/%.o,$(explore_litmus)) \
		$(EXPLORE_OUT)/engine/engine.a
	$(EXPLORE_LINK) -o $@.new $^ && mv $@.new $@
$(EXPLORE_OUT)/engine/engine.a: $(patsubst %.c,$(EXPLORE_OUT)/engine/%.o,$(explore_engine) \
		$(explore_base))
	rm -f $@ && ar rcs $@ $^
.PHONY: explore-unit differential
# MODEL=c11 for one of them; about three quarters of an hour for all.
differential: $(EXPLORE_OUT)/litmus ## the memory models against their references, at length
	LITMUS_PROGRAMS=$(PROGRAMS) /usr/bin/python3 -m pytest -q tests/test_litmus.py \
		-k "random_programs $(if $(MODEL),and [$(MODEL)])"
PROGRAMS ?= 20000
explore-unit: $(explore_binaries_unit)

$(EXPLORE_OUT)/engine/%.o: %.c $(explore_rules)
	@mkdir -p $(@D)
	$(EXPLORE_CC) $(EXPLORE_CFLAGS) $(EXPLORE_PLACED) $(EXPLORE_WARN) -I fuzz -MMD -MP \
		-c -o $@ $<

.PRECIOUS: $(EXPLORE_OUT)/%.o $(EXPLORE_OUT)-unit/%.o
-include $(shell find $(EXPLORE_OUT) $(EXPLORE_OUT)-unit -name '*.d' 2>/dev/null)
