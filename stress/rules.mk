# How the native lane is built: build/native/<target>/<variant>/storm.
#
# Each target is compiled in both layouts; each layout is linked into one object
# whose symbols are local, so that both stand in one binary. Cases still find
# their runner: the linker section joins, and duplicate names within a layout
# still do not link.

targets := $(patsubst targets/%/cases/,%,$(wildcard targets/*/cases/))
# $(call variants,target): fixed, and every switch that its sources name
variants = fixed $(shell grep -rhoE --include=*.[ch] '\bBUG_[A-Z0-9_]+(\+plain)?' \
	targets/$1 | sort -u)
# $(call defines,variant)
defines = $(if $(filter fixed,$1),,-D$(subst +plain, -DPLAIN_FIELDS,$1))

native_flags := $(CFLAGS_COMMON)
native_libs := -lhwloc -lpthread -lm
native_engine := $(patsubst %.c,build/native/obj/%.o,stress/main.c stress/world.c \
	$(wildcard stress/engine/*.c) $(wildcard targets/base/*.c))
layouts := natural spread
layout_natural :=
layout_spread := -DLAYOUT_SPREAD

build/native/obj/%.o: %.c Makefile stress/rules.mk
	@mkdir -p $(@D)
	$(CC) $(native_flags) -MMD -MP -c $< -o $@

# $(call layout_rules,target,variant,layout)
define layout_rules
objects_$1_$2_$3 := $$(patsubst targets/$1/%.c,build/native/$1/$2/$3/%.o,\
	$$(wildcard targets/$1/*.c targets/$1/cases/*.c))
build/native/$1/$2/$3/%.o: targets/$1/%.c Makefile stress/rules.mk
	@mkdir -p $$(@D)
	@$(CC) $(native_flags) -DTARGET='"$1"' $(call defines,$2) $(layout_$3) \
		-MMD -MP -c $$< -o $$@
build/native/$1/$2/$3.o: $$(objects_$1_$2_$3)
	@ld -r -o $$@.tmp $$^
	@objcopy --wildcard --localize-symbol='!__s*_stormrig_cases' --localize-symbol='*' \
		$$@.tmp $$@
-include $$(objects_$1_$2_$3:.o=.d)
endef

# $(call variant_rules,target,variant)
define variant_rules
$(foreach l,$(layouts),$(eval $(call layout_rules,$1,$2,$l)))
build/native/$1/$2/storm: $(layouts:%=build/native/$1/$2/%.o) $(native_engine) stress/identity.c
	@echo "  storm $1/$2"
	@$(CC) $(native_flags) -DTARGET='"$1"' -DVARIANT='"$2"' -DLANE='"native"' \
		-DFLAGS='"$(native_flags) $(call defines,$2)"' \
		-DBUILD_ID="\"$$$$(cat $$^ | sha256sum | cut -c1-12)\"" \
		-c stress/identity.c -o $$(@D)/identity.o
	@$(CC) -o $$@ $$(@D)/identity.o $$(filter %.o,$$^) $(native_libs)
binaries += build/native/$1/$2/storm
endef

binaries :=
$(foreach t,$(targets),$(foreach v,$(call variants,$t),$(eval $(call variant_rules,$t,$v))))
-include $(native_engine:.o=.d)

# Bench programs: stress/bench/<target>.c with that target's fixed form.
benches := $(patsubst stress/bench/%.c,build/native/bench/%,$(wildcard stress/bench/*.c))
build/native/bench/%: build/native/obj/stress/bench/%.o build/native/%/fixed/natural.o \
		build/native/obj/stress/engine/emit.o build/native/obj/stress/world.o \
		$(patsubst %.c,build/native/obj/%.o,$(wildcard targets/base/*.c))
	@mkdir -p $(@D)
	@$(CC) -o $@ build/native/$*/fixed/natural.o.tmp \
		$(filter-out %/natural.o,$(filter %.o,$^)) $(native_libs)
-include $(benches:build/native/bench/%=build/native/obj/stress/bench/%.d)

.PHONY: build-native
build-native: $(binaries) $(benches)

.PHONY: build
build: build-$(LANE) ## build every target and variant of a lane (LANE=native)
