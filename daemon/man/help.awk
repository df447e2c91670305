# SPDX-License-Identifier: Apache-2.0
# What a program prints for --help, as roff: usage, paragraphs, options.
function text(line) {
	sub(/^ +/, "", line)
	print "\\&" roff(line)
}
/^usage: / || (usage && /^ /) {
	if (!usage)
		print ".nf"
	line = $0
	sub(/^usage: /, "", line)
	sub(/^       /, "", line)
	text(line)
	usage = 1
	next
}
usage {
	print ".fi"
	usage = 0
}
/^$/ {
	gap = 1
	next
}
# "  --option VALUE   what it does", or the option alone and the rest below it.
/^  [^ ]/ {
	line = substr($0, 3)
	at = match(line, /  +/)
	term = at ? substr(line, 1, at - 1) : line
	print ".TP\n\\fB" roff(term) "\\fP"
	if (at)
		text(substr(line, at))
	gap = 0
	inside = 1
	next
}
/^ / && inside {
	text($0)
	next
}
{
	if (gap || inside)
		print ".PP"
	gap = inside = 0
	text($0)
}
END {
	if (usage)
		print ".fi"
}
