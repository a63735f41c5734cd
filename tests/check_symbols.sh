#!/bin/sh
# No mutable file-scope state in the libraries: lists what they have in .data, .bss and thread-local
# sections. What has to be there stands, with a reason, in tests/symbols.allow: "ARCHIVE SYMBOL".
# Constant tables with pointers (.data.rel.ro) are constant after relocation, and fine.
allow=${srcdir:-.}/tests/symbols.allow
set -- lib*.a
[ -e "$1" ] || { echo "no archives here"; exit 1; }
if nm "$@" 2>/dev/null | grep -qE '__(asan|tsan|ubsan)_'; then
	echo "a build with sanitizers has their tables"
	exit 77
fi
found=$(for archive in "$@"; do
	nm -f sysv "$archive" 2>/dev/null | awk -F '|' -v archive="$archive" '
		{ gsub(/ /, "", $1); gsub(/ /, "", $7) }
		$7 ~ /^(\.data|\.bss|\.tdata|\.tbss|\*COM\*)/ && $7 !~ /^\.data\.rel\.ro/ && $1 !~ /^\./ { print archive, $1 }'
done | sort -u | while read -r archive symbol; do
	grep -qxF "$archive $symbol" "$allow" || echo "$archive: mutable file-scope state: $symbol"
done)
[ -z "$found" ] || { echo "$found"; exit 1; }
