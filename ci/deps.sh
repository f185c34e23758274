#!/usr/bin/env bash
# Installs what the project needs on Debian 12. Does nothing, and asks for
# nothing, where all of it is there; asks for sudo only if something is missing.
set -euo pipefail

# One or several alternatives a line; the first is what gets installed.
needed() {
	cat <<-'LIST'
		git
		make
		gcc
		libc6-dev
		binutils
		clang
		libclang-rt-14-dev
		llvm
		clang-19
		libclang-rt-19-dev
		llvm-19
		libhwloc-dev
		hwloc-nox hwloc
		shellcheck
		python3
		python3-pytest
		python3-pytest-xdist
		python3-pytest-timeout
		python3-jinja2
		python3-matplotlib
		python3-numpy
		python3-scipy
		python3-statsmodels
		python3-jsonschema
		python3-junitparser
		python3-rich
		python3-hypothesis
		chromium
		chromium-driver
	LIST
}

say() { printf 'deps: %s\n' "$*" >&2; }

# What is missing, one package a line.
missing() {
	local installed alternatives package
	installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null) || true
	while read -r -a alternatives; do
		for package in "${alternatives[@]}"; do
			grep -qx "installed $package" <<<"$installed" && continue 2
		done
		printf '%s\n' "${alternatives[0]}"
	done < <(needed)
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		env DEBIAN_FRONTEND=noninteractive "$@"
	else
		sudo env DEBIAN_FRONTEND=noninteractive "$@"
	fi
}

main() {
	if [ "${1:-}" = --list ]; then
		needed
		return 0
	elif [ $# -gt 0 ]; then
		say "usage: ci/deps.sh [--list]"
		return 64
	fi
	if ! command -v dpkg-query >/dev/null; then
		say "this is not Debian: install these by hand, by the names they have here:"
		needed >&2
		return 2
	fi
	local packages
	mapfile -t packages < <(missing)
	[ ${#packages[@]} -gt 0 ] || return 0
	say "missing: ${packages[*]}"
	if ! command -v apt-get >/dev/null; then
		say "there is no apt-get here; install them by hand"
		return 2
	fi
	if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
		say "neither root nor sudo; as root: apt-get install ${packages[*]}"
		return 2
	fi
	local install=(apt-get install -y -qq --no-install-recommends "${packages[@]}")
	# the package lists may be missing or stale, and need not be fetched
	# otherwise
	as_root "${install[@]}" >&2 2>/dev/null || {
		as_root apt-get update -qq >&2
		as_root "${install[@]}" >&2
	}
	mapfile -t packages < <(missing)
	if [ ${#packages[@]} -gt 0 ]; then
		say "still missing: ${packages[*]}"
		return 2
	fi
}

main "$@"
