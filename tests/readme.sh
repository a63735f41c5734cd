#!/bin/sh
# What README.md shows of lbcheck is what lbcheck prints: `$ cat FILE` gives the file, `$ lbcheck FILE` its findings.
# With UPDATE=1 it writes the findings of today into README.md instead.
top=$(cd "${srcdir:-.}" && pwd)
lbcheck=$PWD/lbcheck
[ -x "$lbcheck" ] || { echo "lbcheck is not built"; exit 1; }
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
unset LBD_COMPAT CLICOLOR_FORCE

# Cuts the indented blocks behind `$ cat` and `$ lbcheck` into files.
cut_blocks() {
	awk -v dir="$dir" '
		/^    \$ / { out = ""; if ($2 == "cat") out = dir "/" $3; if ($2 == "lbcheck") { out = dir "/shown"; name = $3 }; next }
		/^[^ ]/ { out = "" }
		out != "" { sub(/^    /, ""); print > out }
		END { print name }' "$top/README.md"
}

# Without the empty lines at the end of a block.
trimmed() { sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' "$1"; }

name=$(cut_blocks)
: >>"$dir/shown"
trimmed "$dir/$name" >"$dir/tidy" && mv "$dir/tidy" "$dir/$name"
(cd "$dir" && NO_COLOR=1 "$lbcheck" "$name" >said 2>&1)
if [ -n "${UPDATE:-}" ]; then
	awk -v said="$dir/said" '
		/^    \$ lbcheck / { print; while ((getline line < said) > 0) print (line == "" ? "" : "    " line); if (line != "") print ""; skip = 1; next }
		/^    \$ / || /^[^ ]/ { skip = 0 }
		!skip { print }' "$top/README.md" >"$dir/README" && cp "$dir/README" "$top/README.md"
	exit
fi
trimmed "$dir/shown" | sed 's/[ ]*$//' >"$dir/a"
trimmed "$dir/said" | sed 's/[ ]*$//' >"$dir/b"
diff -u "$dir/a" "$dir/b" || { echo "README.md shows something else: UPDATE=1 tests/readme.sh in the build folder"; exit 1; }
