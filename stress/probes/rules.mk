# Probes: build/LANE/probe. Each file of shapes/ is made once in each order.
# PROBE_SHAPES and PROBE_OUT: other shapes elsewhere, as the tests make them.

PROBE_SHAPES ?= $(wildcard stress/probes/shapes/*.c)
PROBE_OUT ?= build
PROBE_ORDERS := plain release_acquire seq_cst
probe_sources := $(wildcard stress/probes/*.c) stress/world.c \
	stress/engine/emit.c stress/engine/hardware.c $(wildcard stress/engine/pin*.c)

# $(call probe_rules,lane)
define probe_rules
probe_objects_$1 := $$(foreach o,$$(PROBE_ORDERS),$$(patsubst %.c,$$(PROBE_OUT)/$1/probes/$$o/%.o,\
	$$(PROBE_SHAPES)))
$$(foreach o,$$(PROBE_ORDERS),$$(eval $$(call probe_order_rules,$1,$$o)))
build/$1/obj/stress/probes/main.o: private flags_$1 += -DLANE='"$1"' \
	-DBUILD_ID='"$$(shell cat $$(sort $$(PROBE_SHAPES) $$(wildcard stress/probes/*.[ch])) | \
		sha256sum | cut -c1-12)"'
build/$1/obj/stress/probes/main.o: $$(PROBE_SHAPES) $$(wildcard stress/probes/*.[ch])
$$(PROBE_OUT)/$1/probe: $$(patsubst %.c,build/$1/obj/%.o,$$(probe_sources)) $$(probe_objects_$1)
	@echo "  probe$$(if $$(filter-out native,$1), ($1))"
	@mkdir -p $$(@D)
	@$$(cc_$1) -o $$@ $$^ $$(native_libs)
build-$1: build/$1/probe
-include $$(probe_objects_$1:.o=.d) $$(patsubst %.c,build/$1/obj/%.d,$$(probe_sources))
endef

# $(call probe_order_rules,lane,order)
define probe_order_rules
$$(PROBE_OUT)/$1/probes/$2/%.o: %.c Makefile stress/rules.mk stress/probes/rules.mk
	@mkdir -p $$(@D)
	@$$(cc_$1) $$(flags_$1) -DORDER_$2 -MMD -MP -c $$< -o $$@
endef

probe_lanes := native $(arm64_asked)
$(foreach l,$(probe_lanes),$(eval $(call probe_rules,$l)))
