# Stormrig. What a user types is listed by `make help`.
#
# Nothing is listed by hand: a target is a folder with *.c files and cases/ in
# targets/, a variant is a BUG_ switch (or NAME+plain) found in the text of the
# target's sources.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := help

LANE ?= native
CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
PYTHON ?= /usr/bin/python3
PYTEST := $(PYTHON) -m pytest -q
JOBS ?= $(shell nproc)

# A line for each program that is linked; V=1 tells every command instead.
ifndef V
.SILENT:
endif

CFLAGS_COMMON := -std=gnu11 -O2 -g -Wall -Wextra -I targets -I stress -I .
include stress/rules.mk
include stress/probes/rules.mk
-include fuzz/rules.mk
-include fuzz/fuzzers/rules.mk
-include tests/unit/rules.mk
include ci/arm64.mk

.PHONY: help
help: ## this list
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' \
		$(filter %Makefile %.mk,$(MAKEFILE_LIST))

.PHONY: deps
deps: ## install what a fresh machine needs; does nothing where all is there
	@ci/deps.sh

.PHONY: build-explore explore
build-explore: explore-lane

explore: deps ## the explorer over every case, variant and model; prints the table
	@$(MAKE) --no-print-directory -j$(JOBS) build LANE=explore
	@$(PYTHON) fuzz/table.py $(EXPLORE_ARGS)

# What is promised of golang/go#45211's case: how soon each switch shows, and
# that where it must not nothing is left; and of the runs of a whole runtime.
.PHONY: medians
medians: deps ## how soon close_vs_block and whole runs show each switch; medians
	@$(MAKE) --no-print-directory -j$(JOBS) build LANE=explore
	@$(PYTHON) fuzz/medians.py $(MEDIANS_ARGS)
	@$(PYTHON) fuzz/medians.py --whole $(MEDIANS_ARGS)

# Both weaken, change and run; nothing that they do stays in the sources.
.PHONY: audit mutation
audit: deps ## every atomic access of the targets with every weaker order: what breaks?
	@$(MAKE) --no-print-directory -j$(JOBS) build LANE=explore
	@$(PYTHON) fuzz/audit.py $(AUDIT_ARGS)
mutation: deps ## small faults made by rule, and which the explorer finds (SAMPLE=n SEED=s)
	@$(MAKE) --no-print-directory -j$(JOBS) build LANE=explore
	@$(PYTHON) fuzz/mutation.py $(if $(SAMPLE),--sample $(SAMPLE)) \
		$(if $(SEED),--seed $(SEED)) $(if $(TIME),--time $(TIME)) $(MUTATION_ARGS)

# Each variant is to be found, what is fixed to stay clean.
.PHONY: build-fuzz fuzz
build-fuzz: fuzz-lane corpus-lane
fuzz: deps ## libFuzzer, TIME=60 seconds per fuzzer
	@$(MAKE) --no-print-directory -j$(JOBS) build LANE=explore
	@$(MAKE) --no-print-directory -j$(JOBS) build LANE=fuzz
	@$(PYTHON) fuzz/fuzzers/run.py --time $(or $(TIME),60) $(FUZZ_ARGS)

.PHONY: feedback
feedback: deps ## executions to each bug with the fuzzers' own counters, and without
	@$(MAKE) --no-print-directory -j$(JOBS) build LANE=explore
	@$(MAKE) --no-print-directory -j$(JOBS) build LANE=fuzz
	@$(PYTHON) fuzz/fuzzers/feedback.py $(FEEDBACK_ARGS)

.PHONY: coverage
coverage: deps ## lines and branches of targets/ that the fuzzers' inputs reach
	@$(PYTHON) fuzz/fuzzers/coverage.py $(COVERAGE_ARGS)

.PHONY: doctor
doctor: ## is this machine fit to storm, and what to do if not
	@$(PYTHON) ci/doctor.py

.PHONY: probe
probe: deps ## what this machine reorders, and whether each bug's window is met here
	@$(MAKE) --no-print-directory -j$(JOBS) build/native/probe
	@$(PYTHON) stress/probes/table.py $(PROBE_ARGS)

# TIME=30s, 5m or 2h: how long the matrix takes. Of two minutes, half goes to
# storms, and some races of the scheduler stay in doubt.
RIG_TIME = --rig-time $(or $(TIME),5m)
REPORT ?= build/report

.PHONY: storm
storm: deps ## set up, build, run every target's variants, print the verdicts
	@$(MAKE) --no-print-directory -j$(JOBS) build LANE=native
	@$(MAKE) --no-print-directory build/native/disassembly.json
	@$(PYTEST) tests/test_matrix.py --rig-out $(REPORT) $(RIG_TIME) $(STORM_ARGS)

.PHONY: tsan asan
tsan: ## every variant under ThreadSanitizer; prints the verdicts
asan: ## every variant under Address-, Leak- and UndefinedBehaviorSanitizer
tsan asan: deps
	@$(MAKE) --no-print-directory -j$(JOBS) build LANE=$@
	@$(PYTEST) tests/test_matrix.py --rig-lane $@ --rig-out $(REPORT)-$@ $(RIG_TIME) \
		$(STORM_ARGS)

.PHONY: check
check: deps ## set up, build, run the tests
	@$(MAKE) --no-print-directory -j$(JOBS) build LANE=native
	@$(MAKE) --no-print-directory -j$(JOBS) build LANE=explore
	@$(MAKE) --no-print-directory -j$(JOBS) corpus-lane
	@$(PYTEST) -rs -n 2 --dist loadfile tests $(CHECK_ARGS)

# Part of the night's work; seconds for all storms together.
SOAK_SECONDS ?= 600
.PHONY: soak
soak: deps ## each storm for long in one process: memory and descriptors flat?
	@$(MAKE) --no-print-directory -j$(JOBS) build LANE=native
	@$(PYTHON) ci/soak.py --seconds $(SOAK_SECONDS) --keep build/soak

# One operation in seven closes a descriptor, whose number is then opened again.
REOPEN_OPS ?= 75000000
.PHONY: reopen
reopen: deps ## ten million descriptors opened, asked for, and closed, through either port
	@$(MAKE) --no-print-directory -j$(JOBS) build LANE=native
	@for port in oneshot exact; do \
		build/native/port/fixed/storm --storm churn_$$port --seconds 3600 \
			--until-ops $(REOPEN_OPS); \
	done

# Where the nights' runs and their history are kept; make clean leaves it alone.
HISTORY ?= history
.PHONY: nightly
nightly: ## everything, into a history; then compared with the nights before (TIME=40m)
	@ci/nightly.sh --history $(HISTORY) $(if $(TIME),--time $(TIME))

# A folder whose files stand where they stand under targets/, or a patch. The
# verdict's own exit codes are those of `python3 -m validate`: make says 2 for
# each that is not 0.
.PHONY: validate
validate: deps ## is a fix right: CANDIDATE=DIR or PATCH [AGAINST=BUG_X] [TIME=5m]
	@$(PYTHON) -m validate $(CANDIDATE) $(if $(AGAINST),--against $(AGAINST)) \
		$(if $(TIME),--time $(TIME)) $(VALIDATE_ARGS)

.PHONY: candidates
candidates: deps ## candidates whose verdict is known, validated one by one (long)
	@$(MAKE) --no-print-directory -j$(JOBS) build LANE=native
	@$(MAKE) --no-print-directory -j$(JOBS) build LANE=explore
	@tests/candidates.py

# BASE=COMMIT: what the change is measured from; origin/main otherwise.
.PHONY: quick
quick: deps ## the gate for a change: ten minutes at most, only what it touches
	@ci/quick.sh $(BASE)

.PHONY: check-fleet
check-fleet: deps ## shards over a real one-node Slurm, killed and late ones too; and over ssh
	@ci/deps.sh fleet
	@$(PYTEST) tests/fleet.py

# How often the rules of verdicts and alarms err, beyond what make check asks.
SIMULATIONS ?= 100000
.PHONY: simulations
simulations: deps ## measure the error rates of verdicts and alarms: about an hour of a core
	@$(PYTEST) -n $(JOBS) -rP tests/test_stats.py tests/test_compare.py \
		--rig-simulations $(SIMULATIONS)

.PHONY: bench
bench: ## the performance figures as JSON
	@$(MAKE) --no-print-directory -j$(JOBS) build LANE=native >&2
	@$(PYTHON) ci/bench.py

.PHONY: clean
clean: ## remove all that was built
	rm -rf build
