# make check-arm64: what the ARM64 lanes build, run under qemu-aarch64 where
# this is no ARM64. A test of function: an emulator on x86 reorders nothing that
# x86 does not, so nothing of it is exposure.

ARM64_LANES ?= $(arm64_lanes)
# Whose reorderings the models tell apart: their code is read, not run.
arm64_read := $(filter-out %+plain,$(variants_poller))

# $(call arm64_rules,lane)
define arm64_rules
.PHONY: check-build-$1
check-build-$1: $$(targets:%=build/$1/%/fixed/storm) build/$1/probe unit-$1 \
		$$(arm64_read:%=build/$1/poller/%/natural/targets/poller/block.o)
	@$$(MAKE) --no-print-directory -s -f fuzz/rules.mk EXPLORE_CC="$$(cc_$1) $$(machine_$1)" \
		EXPLORE_OUT=build/$1/explore OBJCOPY=$$(arm64_prefix)objcopy \
		$$(targets:%=build/$1/explore/%/fixed/explore) build/$1/explore/litmus
endef
$(foreach l,$(arm64_asked),$(eval $(call arm64_rules,$l)))

.PHONY: check-arm64
check-arm64: deps ## cross-build the ARM64 lanes, read their code, run all under qemu-aarch64
	@ci/deps.sh arm64
	@$(MAKE) --no-print-directory -s -j$(JOBS) build/explore/litmus \
		$(ARM64_LANES:%=check-build-%)
	@$(PYTHON) ci/check_arm64.py $(ARM64_LANES)
