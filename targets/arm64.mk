# The ARM64 lanes: what a compare-and-swap and a load become decides whether a
# bug exists. Native on ARM64, cross-built elsewhere.
#
#   arm64-llsc      LDAXR/STLXR loops: the historic shape
#   arm64-lse       CASAL
#   arm64-outline   the helper's choice at run time, what distributions ship
#   arm64-rcpc      LDAXR/STLXR, and LDAPR where a load acquires
#   arm64-lse-rcpc  CASAL, and LDAPR

ifndef arm64_lanes
arm64_lanes := arm64-llsc arm64-lse arm64-outline arm64-rcpc arm64-lse-rcpc
arm64_prefix := $(if $(filter aarch64,$(shell uname -m)),,aarch64-linux-gnu-)
arm64_gcc = $(arm64_prefix)gcc
arm64_clang = clang-19 $(if $(arm64_prefix),--target=aarch64-linux-gnu)
cc_arm64-llsc = $(arm64_gcc)
cc_arm64-lse = $(arm64_gcc)
cc_arm64-outline = $(arm64_gcc)
cc_arm64-rcpc = $(arm64_clang)
cc_arm64-lse-rcpc = $(arm64_clang)
machine_arm64-llsc := -march=armv8-a -mno-outline-atomics
machine_arm64-lse := -march=armv8.1-a
machine_arm64-outline := -moutline-atomics -DOUTLINE_ATOMICS
machine_arm64-rcpc := -march=armv8-a+rcpc -mno-outline-atomics
machine_arm64-lse-rcpc := -march=armv8.3-a
# Those whose rules are read: thousands, so only where somebody asks for one.
arm64_asked := $(if $(findstring arm64,$(MAKECMDGOALS) $(LANE)),$(arm64_lanes))
endif
