#!/bin/sh
# Every header compiles by itself, in front of nothing.
top=${srcdir:-.}
: "${CC:=cc}"
list=$(mktemp) || exit 1
trap 'rm -f "$list"' EXIT
(cd "$top" && find grammar runtime tools -name '*.h' | sort) >"$list"

check_one() {
	printf '#include "%s"\n' "$1" |
		$CC -std=gnu11 -Wall -Wextra -D_GNU_SOURCE -I"$top" -I. $CPPFLAGS -fsyntax-only -x c - ||
		{ echo "$1 is not self-contained"; return 1; }
}

bad=0
while read -r header; do check_one "$header" || bad=1; done <"$list"
exit $bad
