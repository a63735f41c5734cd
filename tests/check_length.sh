#!/bin/sh
# Files under 800 lines, headers under 200, functions of at most 60. What may be longer stands, with
# its bound and a reason, in tests/length.allow: "FILE LINES" or "FILE:FUNCTION LINES".
# What flex and bison wrote (in a tarball, beside their .l and .y) is not counted.
cd "${srcdir:-.}" || exit 1

sources() {
	find grammar runtime tools tests \( -name '*.[chyl]' -o -name '*.def' \) -type f | sort | while read -r f; do
		base=${f%.*}
		case $f in *.c | *.h) { [ -e "$base.l" ] || [ -e "$base.y" ]; } && continue ;; esac
		echo "$f"
	done
}

sources | xargs awk '
	BEGIN {
		while ((getline line < "tests/length.allow") > 0)
			if (line !~ /^#/ && split(line, f, " ") >= 2) allowed[f[1]] = f[2]
	}
	function bound(what, usual) { return (what in allowed) ? allowed[what] : usual }
	function close_file() {
		if (last != "" && count > bound(last, last ~ /\.h$/ ? 200 : 800)) {
			printf "%s: %d lines\n", last, count
			bad = 1
		}
	}
	FNR == 1 { close_file(); last = FILENAME; start = 0; name = "" }
	{ count = FNR }
	FILENAME !~ /\.c$/ { next }
	/^[a-zA-Z_].*\(/ && !/;[ \t]*$/ { name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
	/^{/ { start = FNR }
	/^}/ && start {
		if (FNR - start - 1 > bound(FILENAME ":" name, 60)) {
			printf "%s:%d: %s() has %d lines\n", FILENAME, start, name, FNR - start - 1
			bad = 1
		}
		start = 0
	}
	END { close_file(); exit bad }'
