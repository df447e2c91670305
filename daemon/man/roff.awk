# SPDX-License-Identifier: Apache-2.0
# Plain text as roff: backticks become bold, a table's escaped bar becomes a bar.
function roff(text,   n, parts, i, out) {
	gsub(/\\\|/, "|", text)
	gsub(/\\/, "\\e", text)
	gsub(/-/, "\\-", text)
	n = split(text, parts, "`")
	out = parts[1]
	for (i = 2; i <= n; i++)
		out = out (i % 2 ? "\\fP" : "\\fB") parts[i]
	return out
}
