#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Are the pages what the programs of the build directory say, and sound?
set -eu

if [ $# != 1 ]; then
	echo "usage: daemon/man/check.sh BUILD-DIRECTORY" >&2
	exit 2
fi
man=$(cd "$(dirname "$0")" && pwd)
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
"$man/generate.sh" "$1" "$made"
bad=0
for page in "$made"/*; do
	name=$(basename "$page")
	diff -u "$man/$name" "$page" || bad=1
	[ -s "$page" ] || bad=1
	command -v man >/dev/null || continue
	said=$(man --warnings -l "$page" 2>&1 >/dev/null)
	[ -z "$said" ] || {
		echo "$name: $said"
		bad=1
	}
done
[ "$bad" = 0 ] || echo "cmake --build $1 --target man_update makes the pages anew"
exit "$bad"
