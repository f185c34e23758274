# Unit tests: build/unit/NAME_test, and build/unit-san/NAME_test under the
# address and undefined-behaviour sanitizers, from tests/unit/NAME_test.c; those
# that ask for it build/unit-tsan/NAME_test under the race detector. What a test
# asks for stands in the test itself (check.h). Usable alone: make -f
# tests/unit/rules.mk build/unit/pin_test

include targets/rules.mk
include targets/arm64.mk

UNIT_CC ?= gcc
UNIT_CFLAGS = -std=gnu11 -O2 -g -Wall -Wextra -Werror -I targets -I stress -I fuzz \
	-I fuzz/fuzzers -I . -pthread
UNIT_SAN = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
UNIT_TESTS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/*_test.c))
UNIT_TSAN = -fsanitize=thread $(if $(findstring clang,$(UNIT_CC)),,-Wno-tsan)
unit_flags_unit :=
unit_flags_unit-san = $(UNIT_SAN)
unit_flags_unit-tsan = $(UNIT_TSAN)

# $(call unit_says,TEST,WORD): what the comment "WORD: ..." of a test says
# (asked once: a process for each question would cost seconds)
unit_says = $(said_$(1)_$(2))
$(foreach t,$(UNIT_TESTS),$(foreach w,also links libs,$(eval said_$t_$w := $(shell sed -n \
	's,^/\* $w: \(.*\) \*/$$,\1,p' tests/unit/$t.c))))
# $(call unit_folders,TEST)
unit_folders = unit unit-san $(patsubst %,unit-%,$(call unit_says,$(1),also))
UNIT_PROGRAMS = $(foreach test,$(UNIT_TESTS),$(patsubst %,build/%/$(test),$(call \
	unit_folders,$(test))))

.PHONY: unit unit-list
unit: $(UNIT_PROGRAMS)
unit-list:
	@printf '%s\n' $(UNIT_PROGRAMS)

# $(call unit_objects,FOLDER,TEST): its own and those it links, which may be
# wildcards, or targets with all that they include
unit_target = $(patsubst targets/%,%,$(filter $(target_folders:%=targets/%),$(1)))
unit_links = $(foreach word,$(call unit_says,$(1),links),$(or $(call target_sources,$(call \
	unit_target,$(word))),$(wildcard $(word)),$(word)))
unit_objects = $(call objects,build/$(1)/obj,tests/unit/$(2).c $(call unit_links,$(2)))

# $(call unit_program,FOLDER,TEST)
define unit_program
build/$(1)/$(2): $(call unit_objects,$(1),$(2))
build/$(1)/$(2): UNIT_LIBS = $(patsubst %,-l%,$(call unit_says,$(2),libs))
endef
# The ARM64 lanes: build/unit-arm64-llsc/NAME_test, made when asked for.
unit_arm64 := $(arm64_asked:%=unit-%)
$(foreach l,$(arm64_asked),$(eval unit_cc_unit-$l = $$(cc_$l))$(eval unit_flags_unit-$l := \
	$(machine_$l)))
$(foreach f,unit unit-san unit-tsan,$(eval unit_cc_$f = $$(UNIT_CC)))
.PHONY: $(unit_arm64)
$(unit_arm64): %: $(foreach test,$(UNIT_TESTS),build/%/$(test))

# $(call unit_folder,FOLDER): its programs and objects
define unit_folder
$(foreach test,$(UNIT_TESTS),$(eval $(call unit_program,$(1),$(test))))
build/$(1)/%_test:
	$$(unit_cc_$(1)) $$(UNIT_CFLAGS) $$(unit_flags_$(1)) $(link_flags) -o $$@ \
		$$(filter %.o,$$^) $$(UNIT_LIBS)
build/$(1)/obj/%.o: %.c tests/unit/rules.mk
	@mkdir -p $$(@D)
	$$(unit_cc_$(1)) $$(UNIT_CFLAGS) $$(unit_flags_$(1)) -MMD -MP -c -o $$@ $$<
build/$(1)/obj/%.S.o: %.S tests/unit/rules.mk
	@mkdir -p $$(@D)
	$$(unit_cc_$(1)) $$(UNIT_CFLAGS) -MMD -MP -c -o $$@ $$<
-include $(shell find build/$(1)/obj -name '*.d' 2>/dev/null)
endef
$(foreach folder,unit unit-san unit-tsan $(unit_arm64),$(eval $(call unit_folder,$(folder))))
