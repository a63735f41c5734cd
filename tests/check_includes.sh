#!/bin/sh
# Dependencies point one way: tools -> runtime -> runtime/eval -> grammar -> grammar/base. Reads every
# #include and says which one points the wrong way. Include paths start at the top of the source. What checks,
# explains, dumps, repairs and lays out in lbcheck sees nothing but the public header of liblbconf; what plays
# requests (trace, test, simulate, diff, order) needs the evaluator too.
cd "${srcdir:-.}" || exit 1

find grammar runtime tools -name '*.[chyl]' -o -name '*.def' | sort | xargs awk -v public_only='^tools/lbcheck(_check|_dump|_explain|_fix|_lsp|_lsp_answer|_options)?[.][ch]$' '
	function room(path) {
		if (path ~ /^grammar\/base\//) return 1
		if (path ~ /^grammar\//) return 2
		if (path ~ /^runtime\/eval\//) return 3
		if (path ~ /^runtime\//) return 4
		if (path ~ /^tools\//) return 5
		return 0
	}
	function complain(what) { printf "%s:%d: %s\n", FILENAME, FNR, what; bad = 1 }
	/^[ \t]*#[ \t]*include[ \t]*"/ {
		split($0, part, "\"")
		if (part[2] == "config.h") next
		to = room(part[2])
		if (!to) complain("include path does not start at the top: " part[2])
		else if (to > room(FILENAME)) complain("points the wrong way: " part[2])
		else if (FILENAME ~ public_only && to < 5 && part[2] != "grammar/lbconf.h")
			complain("lbcheck uses liblbconf by its public header: " part[2])
	}
	/^[ \t]*#[ \t]*include[ \t]*<(ev|pthread|threads|sys\/epoll)\.h>/ {
		if (room(FILENAME) < 4) complain("the compiler and the evaluator know no event loop and no thread")
	}
	END { exit bad }'
