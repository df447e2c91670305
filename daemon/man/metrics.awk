# SPDX-License-Identifier: Apache-2.0
# `streamgauged --metrics` as roff: name, type, labels (perhaps none) and meaning, in
# columns that two blanks or more set apart.
BEGIN { FS = "  +" }
NF != 3 && NF != 4 {
	print "metrics.awk: not three or four columns: " $0 >"/dev/stderr"
	exit 1
}
{
	labels = NF == 4 ? "; " $3 : ""
	print ".TP\n\\fB" roff($1) "\\fP (" roff($2 labels) ")\n\\&" roff($NF)
}
