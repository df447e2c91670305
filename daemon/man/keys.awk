# SPDX-License-Identifier: Apache-2.0
# `streamgauge check-config --keys` as roff: with `table` set which keys a reload
# changes, else what each key means. A line is "path: meaning; ...; reload".
BEGIN {
	if (table)
		print ".TS\nallbox;\nlB lB\nl l.\nkey\ta reload"
}
{
	at = index($0, ": ")
	key = substr($0, 1, at - 1)
	meaning = substr($0, at + 2)
	if (!match(meaning, /; (reload|restart)$/)) {
		print "keys.awk: no word on reloading: " $0 >"/dev/stderr"
		failed = 1
		exit 1
	}
	how = substr(meaning, RSTART + 2)
	meaning = substr(meaning, 1, RSTART - 1)
	if (table)
		print roff(key) "\t" (how == "reload" ? "takes it" : "is refused: restart")
	else
		print ".TP\n\\fB" roff(key) "\\fP\n\\&" roff(meaning) "."
}
END {
	if (table && !failed)
		print ".TE"
}
