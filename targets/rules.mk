# What a target is made of, for every lane; included by their rules.
#
# A target may include headers of other targets, as in "poller/poller.h". Their
# sources, without their cases, are then compiled with it: in its layout, with
# its switch. Whose folder names a switch has the variant.

ifndef target_folders
# Folders with cases.
targets := $(patsubst targets/%/cases/,%,$(sort $(dir $(wildcard targets/*/cases/*.c))))
target_folders := $(patsubst targets/%/,%,$(wildcard targets/*/))
# includer>included
target_includes := $(shell grep -RoE --include=*.[chS] '^.[ \t]*include "[^/"]+/' targets | \
	sed -E 's,^targets/([^/]+)/[^:]*:.*"(.*)/$$,\1>\2,' | sort -u)
target_direct = $(filter $(target_folders),$(foreach p,$(target_includes),$(if $(filter \
	$1,$(firstword $(subst >, ,$p))),$(lastword $(subst >, ,$p)))))
target_grow = $(if $(filter-out $1,$(target_direct)),$(call target_grow,$(sort $1 \
	$(target_direct))),$1)
# $(call target_with,target): it and what it includes, directly or not
target_with = $(filter-out base,$(target_grow)) $(filter base,$1)

# $(call target_sources,target), $(call target_cases,target)
target_sources = $(foreach t,$(target_with),$(wildcard targets/$t/*.c targets/$t/*.S))
target_cases = $(wildcard targets/$1/cases/*.c)
# $(call target_texts,target): all that its cases are compiled from, but base
target_texts = $(foreach t,$(target_with),$(wildcard targets/$t/*.[chS] targets/$t/cases/*.h)) \
	$(target_cases)
# $(call storm_sources,target): its storms; of the storms' folders that these
# include what is no storm itself; and the targets that only storms include
storm_with = $(shell grep -hoE 'include "storms/[^/"]+/' stress/storms/$1/*.[ch] | \
	cut -d/ -f2 | sort -u)
storm_includes = $(filter $(filter-out base,$(target_folders)),$(shell grep -hoE \
	'include "[^/"]+/' stress/storms/$1/*.[ch] | cut -d'"' -f2 | tr -d / | sort -u))
storm_targets = $(filter-out $(call target_with,$1),$(foreach t,$(storm_includes),$(call \
	target_with,$t)))
storm_sources = $(if $(wildcard stress/storms/$1/*.c),$(wildcard stress/storms/$1/*.c) $(foreach \
	f,$(filter-out $1,$(storm_with)),$(shell grep -L '^STORM' stress/storms/$f/*.c)) \
	$(foreach t,$(sort $(storm_targets)),$(wildcard targets/$t/*.c targets/$t/*.S)))
# What every program of real threads is linked with. A function of the C library
# is otherwise found at its first call, and the loader then saves the vector
# registers below the caller: nearly 3 KiB with AVX-512, of a goroutine's 4.
link_flags := -Wl,-z,now
# $(call objects,folder,sources)
objects = $(patsubst %.S,$1/%.S.o,$(patsubst %.c,$1/%.o,$2))

# $(call switches,files or folders): BUG_X, and BUG_X+plain where that text is
switches = $(if $1,$(shell grep -Rhoe 'BUG_[A-Z0-9_]*[A-Z0-9]\(+plain\)\?' --include=*.[chS] $1 | \
	sort -u))
# Variants without a switch: the tree's own form. ALSO=NAME is that form under
# another name, for a tree in which it is somebody's candidate.
clean_variants := fixed $(ALSO)
# $(call defines,variant)
defines = $(if $(filter BUG_%,$1),-D$(subst +plain, -DPLAIN_FIELDS,$1))
endif
