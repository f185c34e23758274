#!/usr/bin/env bash
# Installs what the project needs on Debian 12. Does nothing, and asks for
# nothing, where all of it is there; asks for sudo only if something is missing.
#
#   ci/deps.sh          for all but:
#   ci/deps.sh arm64    to cross-build and emulate the ARM64 lanes
#   ci/deps.sh fleet    a Slurm of one's own, and GNU parallel over ssh
set -euo pipefail

# One or several alternatives a line; the first is what gets installed.
needed() {
	case ${extra:-} in
	arm64) needed_arm64; return ;;
	fleet) printf '%s\n' slurm-wlm munge parallel rsync openssh-client \
		openssh-server; return ;;
	esac
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
		valgrind
		unifdef
		shellcheck
		yamllint
		npm nodejs
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
		python3-yaml
		python3-junitparser
		python3-rich
		python3-hypothesis
		chromium
		chromium-driver
	LIST
}

# On ARM64 itself nothing but clang, which the rest has.
needed_arm64() {
	[ "$(uname -m)" != aarch64 ] || return 0
	cat <<-'LIST'
		gcc-aarch64-linux-gnu
		libc6-dev-arm64-cross
		libhwloc-dev:arm64
		qemu-user
	LIST
}

say() { printf 'deps: %s\n' "$*" >&2; }

# What is missing, one package a line.
missing() {
	local installed alternatives package
	# shellcheck disable=SC2016 # dpkg-query expands them
	local row='${db:Status-Status} ${Package}'
	installed=$(dpkg-query -W -f "$row\n$row:\${Architecture}\n" 2>/dev/null) || true
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
	case ${1:-} in
	--list) needed; return 0 ;;
	'' | arm64 | fleet) extra=${1:-} ;;
	*) say "usage: ci/deps.sh [--list | arm64 | fleet]"; return 64 ;;
	esac
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
	if [ "$extra" = arm64 ] && ! dpkg --print-foreign-architectures | grep -qx arm64; then
		as_root dpkg --add-architecture arm64
	fi
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
