# How lanes of real threads are built: build/LANE/<target>/<variant>/storm.
#
#   native  both layouts, nothing between the code and the processor
#   tsan    under ThreadSanitizer: data races
#   asan    under Address-, UndefinedBehaviour- and LeakSanitizer
#   arm64-… as native, for ARM64: targets/arm64.mk
#
# Each target is compiled in the lane's layouts; each layout is linked into one
# object whose symbols are local, so that several stand in one binary. Cases
# still find their runner: the linker section joins, and duplicate names within
# a layout still do not link.

include targets/rules.mk
include targets/arm64.mk

layout_natural :=
layout_spread := -DLAYOUT_SPREAD

lanes := native tsan asan $(arm64_asked)
layouts_native := natural spread
layouts_tsan := natural
layouts_asan := natural
# Reports need whole stacks. gcc as elsewhere: its runtime names functions and
# lines in its own process, where clang's starts a symbolizer; both are read.
# Fences are no concern: only aim uses them, and no data depends on one.
reported := -fno-omit-frame-pointer -fno-optimize-sibling-calls \
	$(if $(findstring clang,$(CC)),-fdebug-compilation-dir=.)
flags_native := $(CFLAGS_COMMON)
flags_tsan := $(CFLAGS_COMMON) -O1 $(reported) -fsanitize=thread \
	$(if $(findstring clang,$(CC)),,-Wno-tsan)
flags_asan := $(CFLAGS_COMMON) -O1 $(reported) -fsanitize=address,undefined \
	-fsanitize-recover=address
$(foreach l,$(filter-out $(arm64_asked),$(lanes)),$(eval cc_$l = $$(CC)))
$(foreach l,$(arm64_asked),$(eval layouts_$l := natural spread)$(eval flags_$l := $(CFLAGS_COMMON) \
	$(machine_$l)))
# $(call binutils,lane): prefix of ld and objcopy
binutils = $(if $(filter $(arm64_lanes),$1),$(arm64_prefix))
# $(call lane_variants,lane,variants): what means something there. To C, plain
# fields that are raced for mean nothing: only the race detector looks at them.
lane_variants = $(if $(filter asan,$1),$(filter-out %+plain,$2),$2)

native_libs := $(link_flags) -lhwloc -lpthread -lm
engine_sources := stress/main.c stress/world.c $(wildcard stress/engine/*.c stress/storms/*.c \
	targets/base/*.c)
lane_engine = $(call objects,build/$1/obj,$(engine_sources))
rules := Makefile stress/rules.mk targets/rules.mk targets/arm64.mk

# $(call lane_rules,lane)
define lane_rules
build/$1/obj/%.o: %.c $(rules)
	@mkdir -p $$(@D)
	$$(cc_$1) $$(flags_$1) -MMD -MP -c $$< -o $$@
-include $(patsubst %.o,%.d,$(call lane_engine,$1))
.PHONY: build-$1
build-$1: $$(binaries_$1)
endef

# $(call layout_rules,lane,target,variant,layout)
define layout_rules
objects_$1_$2_$3_$4 := $(call objects,build/$1/$2/$3/$4,$(sources_$2) \
	$(if $(filter natural,$4),$(storms_$2)))
build/$1/$2/$3/$4/%.o: %.c $(rules)
	@mkdir -p $$(@D)
	@$$(cc_$1) $$(flags_$1) -DTARGET='"$2"' $(call defines,$3) $(layout_$4) \
		-MMD -MP -c $$< -o $$@
build/$1/$2/$3/$4/%.S.o: %.S $(rules)
	@mkdir -p $$(@D)
	@$$(cc_$1) $$(flags_$1) $(call defines,$3) $(layout_$4) -MMD -MP -c $$< -o $$@
build/$1/$2/$3/$4.o: $$(objects_$1_$2_$3_$4)
	@$(call binutils,$1)ld -r -o $$@.tmp $$^
	@$(call binutils,$1)objcopy --wildcard --localize-symbol='!__s*_stormrig_*' \
		--localize-symbol='*' $$@.tmp $$@
-include $$(objects_$1_$2_$3_$4:.o=.d)
endef

# $(call variant_rules,lane,target,variant)
define variant_rules
$(foreach l,$(layouts_$1),$(eval $(call layout_rules,$1,$2,$3,$l)))
build/$1/$2/$3/storm: $(layouts_$1:%=build/$1/$2/$3/%.o) $(call lane_engine,$1) \
		stress/identity.c
	@echo "  storm $2/$3$(if $(filter-out native,$1), ($1))"
	@$$(cc_$1) $$(flags_$1) -DTARGET='"$2"' -DVARIANT='"$3"' -DLANE='"$1"' \
		-DFLAGS='"$$(filter-out -D%,$$(flags_$1)) $(call defines,$3)"' \
		-DBUILD_ID="\"$$$$(cat $$^ | sha256sum | cut -c1-12)\"" \
		-c stress/identity.c -o $$(@D)/identity.o
	@$$(cc_$1) $$(filter -fsanitize=%,$$(flags_$1)) -o $$@ $$(@D)/identity.o \
		$$(filter %.o,$$^) $$(native_libs)
binaries_$1 += build/$1/$2/$3/storm
endef

$(foreach t,$(targets),$(eval variants_$t := $(clean_variants) $(call switches,targets/$t)) \
	$(eval sources_$t := $(call target_sources,$t) $(call target_cases,$t)) \
	$(eval storms_$t := $(call storm_sources,$t)))
$(foreach l,$(lanes),$(eval binaries_$l :=)$(foreach t,$(targets),$(foreach v,$(call \
	lane_variants,$l,$(variants_$t)),$(eval $(call variant_rules,$l,$t,$v)))))
$(foreach l,$(lanes),$(eval $(call lane_rules,$l)))

# Bench programs: stress/bench/<target>.c, and <target>.<part>.c, with that
# target's fixed form.
benches := $(patsubst stress/bench/%.c,build/native/bench/%,$(wildcard stress/bench/*.c))
bench_objects := $(call objects,build/native/obj,stress/engine/emit.c stress/world.c $(wildcard \
	targets/base/*.c))
# $(call bench_rule,program,target)
define bench_rule
build/native/bench/$1: build/native/obj/stress/bench/$1.o build/native/$2/fixed/natural.o \
		$(bench_objects)
	@mkdir -p $$(@D)
	@$$(CC) -o $$@ build/native/$2/fixed/natural.o.tmp \
		$$(filter-out %/natural.o,$$(filter %.o,$$^)) $$(native_libs)
endef
$(foreach b,$(benches:build/native/bench/%=%),$(eval $(call \
	bench_rule,$b,$(firstword $(subst ., ,$b)))))
-include $(benches:build/native/bench/%=build/native/obj/stress/bench/%.d)

build-native: $(benches)

.PHONY: build
build: build-$(LANE) ## build every target and variant of a lane (LANE=native)

# How a lane compiles: for what takes its code apart.
.PHONY: lane-command
lane-command:
	@echo '$(cc_$(LANE)) $(flags_$(LANE))'

# What the lane's code became, for a run's provenance. What is not as the lane
# promises is told, and fails where the code is what is tested: check-arm64.
$(foreach l,native $(arm64_asked),$(eval build/$l/disassembly.json: $(binaries_$l)))
build/%/disassembly.json: ci/disassembly.py
	@$(PYTHON) ci/disassembly.py --lane $* --out $@ || true
