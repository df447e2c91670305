#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The manual pages from their templates and from what the built programs say of
# themselves. Only sh and awk, as every Debian has them.
set -eu

if [ $# != 2 ]; then
	echo "usage: daemon/man/generate.sh BUILD-DIRECTORY OUTPUT-DIRECTORY" >&2
	exit 2
fi
man=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$(dirname "$man")")
daemon=$1/daemon
out=$2
parts=$(mktemp -d)
trap 'rm -rf "$parts"' EXIT
# The defaults that are printed are not this user's.
unset STREAMGAUGE_INGEST STREAMGAUGE_HTTP STREAMGAUGE_MAPPINGS
LC_ALL=C
export LC_ALL

"$daemon/streamgauged" --help >"$parts/text"
awk -f "$man/roff.awk" -f "$man/help.awk" "$parts/text" >"$parts/DAEMON"

"$daemon/streamgauged" --metrics >"$parts/text"
awk -f "$man/roff.awk" -f "$man/metrics.awk" "$parts/text" >"$parts/METRICS"

"$daemon/streamgauge" --help >"$parts/text"
awk -f "$man/roff.awk" -f "$man/help.awk" "$parts/text" >"$parts/OVERVIEW"
sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p' "$parts/text" >"$parts/commands"
while read -r command; do
	"$daemon/streamgauge" "$command" --help >"$parts/text"
	echo ".SS streamgauge $command" | sed 's/-/\\-/g'
	awk -f "$man/roff.awk" -f "$man/help.awk" "$parts/text"
done <"$parts/commands" >"$parts/COMMANDS"

"$daemon/streamgauge" check-config --keys >"$parts/text"
awk -f "$man/roff.awk" -f "$man/keys.awk" "$parts/text" >"$parts/KEYS"
awk -v table=1 -f "$man/roff.awk" -f "$man/keys.awk" "$parts/text" >"$parts/RELOAD"

awk -f "$man/roff.awk" -f "$man/markdown.awk" "$root/config/mappings/README.md" >"$parts/FORMAT"
"$1/daemon/man/streamgauge-mapping-pages" "$root"/config/mappings/*.yaml >"$parts/MAPPINGS"

version=$("$daemon/streamgauged" --version | sed 's/.* //')
mkdir -p "$out"
for template in "$man"/*.in; do
	page=$(basename "$template" .in)
	awk -v parts="$parts" -v version="$version" '
		/^@[A-Z]+@$/ {
			name = parts "/" substr($0, 2, length($0) - 2)
			while ((read = getline line <name) > 0)
				print line
			if (read < 0) {
				print "generate.sh: no part " $0 >"/dev/stderr"
				exit 1
			}
			close(name)
			next
		}
		{
			gsub(/@VERSION@/, version)
			print
		}' "$template" >"$out/$page"
done
