# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The Debian packages of the project, in one place; sourced by daemon/run.sh and
# tests/run.sh. redis-tools and not redis-server: the server binary lies in
# redis-tools, and its package starts no service.

packages_build() {
	cat <<-'LIST'
		ca-certificates cmake curl gcc libc6-dev libgnutls28-dev libhiredis-dev libmicrohttpd-dev
		libprotobuf-c-dev libuv1-dev libxxhash-dev libyaml-dev ninja-build pkg-config
		protobuf-c-compiler protobuf-compiler redis-tools tzdata
	LIST
}

packages_test() {
	packages_build
	cat <<-'LIST'
		git libcriterion-dev libjansson-dev procps python3 python3-protobuf
	LIST
}

# Checks that are skipped, and said so, where these are missing.
packages_optional() {
	cat <<-'LIST'
		clang clang-format clang-tidy cppcheck libclang-rt-dev man-db shellcheck
	LIST
	# It boots the service in a container, which takes root.
	[ "$(id -u)" != 0 ] || cat <<-'LIST'
		systemd-container
	LIST
}

package_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# The packages of the arguments that are missing, on one line.
packages_missing() {
	local package missing=()
	command -v dpkg-query >/dev/null || return 0
	for package in "$@"; do
		package_installed "$package" || missing+=("$package")
	done
	echo "${missing[*]}"
}

packages_apt() {
	local -a as_root=()
	[ "$(id -u)" = 0 ] || as_root=(sudo -n)
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "$@"
}

# Tells the line that installs packages, to be pasted. A fresh machine has no lists
# yet, so that it fetches them first.
packages_tell() {
	local reason=$1 root=' as root' sudo=''
	shift
	if [ "$(id -u)" = 0 ]; then
		root=''
	elif command -v sudo >/dev/null; then
		root='' sudo='sudo '
	fi
	echo "$reason Run this$root, then start again:"
	echo "  ${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends $*"
}

# Installs what is missing of the arguments. Says what, asks nothing. Returns 3
# where that needs rights it does not have, after the one line to run.
packages_ensure() {
	local missing said
	missing=$(packages_missing "$@")
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null; then
		packages_tell "Packages are missing." "$missing"
		return 3
	fi >&2
	echo "Installing: $missing" >&2
	# shellcheck disable=SC2086 # one word per package
	said=$(packages_apt apt-get update 2>&1 &&
		packages_apt apt-get install -y --no-install-recommends $missing 2>&1) && return 0
	{
		tail -n 20 <<<"$said"
		packages_tell "Installing failed." "$missing"
	} >&2
	return 3
}

# Unpacks a package below a directory and installs nothing: for what is wanted of one
# whose installation would start a service. Needs no rights.
packages_unpack() {
	local package=$1 directory=$2 work
	[ ! -e "$directory" ] || return 0
	command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 3
	work=$(mktemp -d)
	if (cd "$work" && apt-get download "$package" >log 2>&1 &&
		dpkg-deb --extract "$package"_*.deb unpacked); then
		mkdir -p "$(dirname "$directory")"
		mv "$work/unpacked" "$directory"
	fi
	rm -rf "$work"
	[ -e "$directory" ] || return 3
}
