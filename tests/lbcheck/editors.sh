#!/bin/bash
# What is made of the registry for shells, editors and man: it is complete, and works. Programs that are not here are
# passed over.
src=$(cd "${srcdir:-.}" && pwd) || exit 1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0
fail() { echo "FAIL: $*"; failed=1; }

# bash: completes the last of these words.
complete_words() {
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	_lbcheck
	printf '%s\n' "${COMPREPLY[@]}"
}
offers() { # WHAT WORDS...
	local what=$1
	shift
	complete_words "$@" | grep -qxF -- "$what" || fail "bash does not offer $what for: $*"
}
# shellcheck source=/dev/null
. doc/lbcheck.bash || exit 1
touch "$dir/haproxy.cfg"
cd "$dir" || exit 1
offers explain lbcheck ex
offers haproxy.cfg lbcheck ha
offers haproxy.cfg lbcheck dump --tree ""
offers --effective lbcheck dump --e
offers sarif lbcheck --format = s
offers 2.6 lbcheck --compat = ""
offers -Wpedantic lbcheck -Wp
offers -Wno-environment lbcheck -Wno-e
offers timeout lbcheck explain ti
offers client lbcheck explain timeout cl
offers client-fin lbcheck explain timeout client
offers LBE0211 lbcheck explain LBE02
offers no-such-backend lbcheck explain no-
offers http-request lbcheck explain http-r
offers set-header lbcheck explain set-h
offers req.hdr lbcheck explain req.
[ -z "$(complete_words lbcheck explain timeout nonsen)" ] || fail "bash offers something for nonsense"
cd - >/dev/null || exit 1

# Options: what --help names is offered and is in the manual page, and the other way round.
./lbcheck --help | grep -oE -- '--[a-z-]+' | sort -u >"$dir/help"
grep -oE -- '--[a-z-]+' doc/lbcheck.bash | sort -u >"$dir/bash"
for option in $(cat "$dir/help"); do
	grep -qxF -- "$option" "$dir/bash" || fail "bash does not know $option"
	sed 's/\\-/-/g' doc/lbcheck.1 | grep -qF -- "$option" || fail "lbcheck(1) does not know $option"
	grep -qF -- "$option" doc/lbcheck.zsh || [ "$option" = --help ] || [ "$option" = --version ] || [ "$option" = --colour ] || fail "zsh does not know $option"
done
for class in $(sed -n 's/^DIAG_CLASS([A-Z_]*, "\([a-z-]*\)".*/\1/p' "$src/grammar/diag_classes.def"); do
	sed 's/\\-/-/g' doc/lbcheck.1 | grep -qw -- "$class" || fail "lbcheck(1) does not know the class $class"
	./lbcheck --help | grep -qw -- "$class" || [ "$class" = language ] || fail "--help does not know the class $class"
done

# Manual pages: without warnings, and with every keyword of a few.
if command -v man >/dev/null; then
	for page in doc/lb-config.5 doc/lbcheck.1 doc/lbd.8; do
		said=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null)
		[ -z "$said" ] || fail "$page: $said"
	done
	LC_ALL=C.UTF-8 MANWIDTH=100 man -l doc/lb-config.5 2>/dev/null | col -b >"$dir/page"
	for words in 'SECTION FRONTEND' 'timeout client <time>' 'WORDS OF A SERVER LINE' 'slowstart' 'From 0 to 256' 'set-header' 'req.hdr'; do
		grep -qF -- "$words" "$dir/page" || fail "lb-config(5) lacks: $words"
	done
fi

# vim: the groups of some words.
if command -v vim >/dev/null && vim --version | grep -q '+syntax'; then
	cat >"$dir/x" <<'CFG'
frontend web
    bind :80 transparent
    http-request set-header X-A "b" if { path_beg /a } # lbcheck: allow(x)
    timeout client 30s
CFG
	cat >"$dir/x.vim" <<VIM
syntax on
edit $dir/x
source doc/lbconf.vim
let out = []
for at in [[1,1],[1,10],[2,5],[2,14],[3,5],[3,18],[3,34],[3,38],[3,43],[3,57],[3,63],[4,13],[4,20]]
  call add(out, synIDattr(synID(at[0], at[1], 1), "name"))
endfor
call writefile(out, "$dir/groups")
qall!
VIM
	timeout 20 vim -u NONE -i NONE -n -es -S "$dir/x.vim" </dev/null >"$dir/vim.log" 2>&1
	expected="lbconfSection lbconfName lbconfKeyword lbconfOption lbconfKeyword lbconfAction lbconfString lbconfCondition lbconfFunction lbconfComment lbconfAllow lbconfKeyword lbconfNumber"
	got=$(tr '\n' ' ' <"$dir/groups" 2>/dev/null | sed 's/ $//')
	[ "$got" = "$expected" ] || { fail "vim: $got"; head -5 "$dir/vim.log"; }
fi

if command -v zsh >/dev/null; then
	zsh -n doc/lbcheck.zsh 2>"$dir/zsh.log" || fail "zsh: $(cat "$dir/zsh.log")"
	offered=$(zsh -f -c 'compadd() { print -l ${(P)2}; }; _files() { true; }; _alternative() { true; }; _arguments() { true; }
		words=(lbcheck explain timeout cl); CURRENT=4; . ./doc/lbcheck.zsh' 2>&1)
	echo "$offered" | grep -qx client || fail "zsh does not offer client: $offered"
	echo "$offered" | grep -qx frontend && fail "zsh offers what does not go on"
fi
exit $failed
