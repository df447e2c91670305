# SPDX-License-Identifier: Apache-2.0
# config/mappings/README.md as roff: headings, tables of two columns, lists and
# paragraphs; its title is left out.
/^# / { next }
/^## / {
	print ".SH " toupper(substr($0, 4))
	gap = list = 0
	next
}
/^\|[-| ]+\|$/ || /^\| key \| / { next }
/^\| / {
	line = $0
	sub(/^\| /, "", line)
	sub(/ \|$/, "", line)
	at = match(line, / \| /)
	print ".TP\n" roff(substr(line, 1, at - 1)) "\n\\&" roff(substr(line, at + 3))
	list = 1
	next
}
/^$/ {
	gap = 1
	next
}
/^- / {
	print ".IP \\(bu 2\n\\&" roff(substr($0, 3))
	list = 1
	gap = 0
	next
}
{
	line = $0
	if (gap && !(list && /^ /))
		print ".PP"
	if (gap)
		list = 0
	gap = 0
	sub(/^ +/, "", line)
	print "\\&" roff(line)
}
