#!/bin/sh
# liblbconf as somebody else would use it: installed into a folder, found by pkg-config, linked both ways by the example.
# The libraries export what the header declares and nothing else, and lbcheck itself needs no more than that header.
src=$(cd "${srcdir:-.}" && pwd) || exit 1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
fail() { echo "FAIL: $*"; exit 1; }
if nm liblbconf.a 2>/dev/null | grep -qE '__(asan|tsan|ubsan)_'; then sanitized=yes; else sanitized=; fi

# lbcheck's files stand on the public header; those that need the evaluator as well include it.
for file in "$src"/tools/lbcheck*.[ch]; do
	grep -qE '^#include "runtime/' "$file" && continue
	others=$(grep -E '^#include "grammar/' "$file" | grep -v '"grammar/lbconf.h"')
	[ -z "$others" ] || fail "$(basename "$file") includes more than the public header: $others"
done

${MAKE:-make} -s install DESTDIR="$dir" >"$dir/log" 2>&1 || { cat "$dir/log"; fail "make install"; }
pc=$(find "$dir" -name lbconf.pc)
[ -n "$pc" ] || fail "no pkg-config file"
lib=${pc%/pkgconfig/lbconf.pc}
root=${lib%/lib*}
flags="--define-variable=prefix=$root"
export PKG_CONFIG_PATH=${pc%/*}
sed -n 's/^LBCONF_API .*[ *]\(lbconf_[a-z_]*\)(.*/\1/p' "$src/grammar/lbconf.h" | sort >"$dir/declared"
[ "$(wc -l <"$dir/declared")" -gt 40 ] || fail "the header declares nothing"
library=$(find "$root" -name 'liblbconf.so.0')
nm -D --defined-only "$library" | awk '{ print $3 }' | grep -vE '^(_init|_fini|__bss_start|_edata|_end)$' | grep -v '^__' | sort >"$dir/exported"
diff "$dir/declared" "$dir/exported" || fail "the shared library exports something else than the header declares"
nm -g --defined-only "$(find "$root" -name liblbconf.a)" 2>/dev/null | awk 'NF == 3 { print $3 }' | grep -v '^__' | sort >"$dir/static"
diff "$dir/declared" "$dir/static" || fail "the static library has other global names than the header declares"
[ "$(readlink "$lib"/liblbconf.so)" = liblbconf.so.0 ] || fail "no link for -llbconf"

[ -z "$sanitized" ] || exit 0
cat >"$dir/shop.cfg" <<'CFG'
defaults
    timeout server 30s
backend shop
    server s1 192.0.2.1:80 weight 2
backend slow
    timeout server 5m
    balence first
CFG
cat >"$dir/expected" <<'OUT'
shop.cfg:7: unknown keyword `balence` in a `backend` section [LBE0118]
shop
    server s1 192.0.2.1:80 weight 2
    silent for 30s, from defaults (line 2)
slow
    silent for 5m, set here (line 6)
OUT
cp "$root"/share/doc/lbd/examples/lbconf-backends.c "$dir/example.c" || fail "the example is not installed"
cd "$dir" || exit 1
for way in --shared --static; do
	# shellcheck disable=SC2046
	if [ $way = --static ]; then
		${CC:-cc} -Wall -Werror example.c $(pkg-config $flags --cflags lbconf) "$lib"/liblbconf.a \
			$(pkg-config $flags --static --libs lbconf | sed 's/-llbconf//') -o example || fail "linking $way"
	else
		${CC:-cc} -Wall -Werror example.c $(pkg-config $flags --cflags --libs lbconf) -o example || fail "linking $way"
	fi
	LD_LIBRARY_PATH=$lib ./example shop.cfg >said
	[ $? = 1 ] || fail "exit status of the example"
	diff expected said || fail "what the example prints"
done
exit 0
