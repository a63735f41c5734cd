#!/bin/sh
# No path of anybody's machine and no unfinished business in what is shipped.
cd "${srcdir:-.}" || exit 1
pattern='/work/|/root/|/home/[a-z]+/|TODO|FIXME|XXX:'
found=$(find .ci grammar runtime tools samples tests doc ./*.md ./*.ac ./*.am -type f ! -name check_paths.sh \
	! -path '*/corpus/*' 2>/dev/null | sort | xargs grep -InE "$pattern" /dev/null)
[ -z "$found" ] || { echo "$found" | cut -c 1-160; exit 1; }
