# Unit tests: build/unit/NAME_test, and build/unit-san/NAME_test under the
# address and undefined-behaviour sanitizers, from tests/unit/NAME_test.c. What
# a test links stands in the test itself (check.h). Usable alone: make -f
# tests/unit/rules.mk build/unit/pin_test

UNIT_CC ?= gcc
UNIT_CFLAGS = -std=gnu11 -O2 -g -Wall -Wextra -Werror -I targets -I stress -I . -pthread
UNIT_SAN = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
UNIT_TESTS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/*_test.c))
UNIT_PROGRAMS = $(UNIT_TESTS:%=build/unit/%) $(UNIT_TESTS:%=build/unit-san/%)

.PHONY: unit
unit: $(UNIT_PROGRAMS)

# $(call unit_says,TEST,WORD): what the comment "WORD: ..." of a test says
unit_says = $(shell sed -n 's,^/\* $(2): \(.*\) \*/$$,\1,p' tests/unit/$(1).c)

# $(call unit_objects,FOLDER,TEST): its own and those it links, which may be
# wildcards
unit_links = $(foreach file,$(call unit_says,$(1),links),$(or $(wildcard $(file)),$(file)))
unit_objects = $(patsubst %.c,build/$(1)/obj/%.o,tests/unit/$(2).c $(call unit_links,$(2)))

# $(call unit_program,TEST): its sources, natively and sanitized
define unit_program
build/unit/$(1): $(call unit_objects,unit,$(1))
build/unit-san/$(1): $(call unit_objects,unit-san,$(1))
build/unit/$(1) build/unit-san/$(1): UNIT_LIBS = $(patsubst %,-l%,$(call unit_says,$(1),libs))
endef
$(foreach test,$(UNIT_TESTS),$(eval $(call unit_program,$(test))))

build/unit/%_test:
	$(UNIT_CC) $(UNIT_CFLAGS) -o $@ $(filter %.o,$^) $(UNIT_LIBS)
build/unit-san/%_test:
	$(UNIT_CC) $(UNIT_CFLAGS) $(UNIT_SAN) -o $@ $(filter %.o,$^) $(UNIT_LIBS)

build/unit/obj/%.o: %.c tests/unit/rules.mk
	@mkdir -p $(@D)
	$(UNIT_CC) $(UNIT_CFLAGS) -MMD -MP -c -o $@ $<
build/unit-san/obj/%.o: %.c tests/unit/rules.mk
	@mkdir -p $(@D)
	$(UNIT_CC) $(UNIT_CFLAGS) $(UNIT_SAN) -MMD -MP -c -o $@ $<

-include $(shell find build/unit/obj build/unit-san/obj -name '*.d' 2>/dev/null)
