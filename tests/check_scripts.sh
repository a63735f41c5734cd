#!/bin/sh
# Every script parses: shell by its own shell, Python without leaving compiled files behind.
cd "${srcdir:-.}" || exit 1
bad=0
for f in $(find .ci tools tests -type f ! -path '*/corpus/*' | sort); do
	case $(head -c 64 "$f" | head -n 1 | tr -d '\000') in
	'#!/bin/sh'*) sh -n "$f" || bad=1 ;;
	'#!/bin/bash'*) bash -n "$f" || bad=1 ;;
	'#!/usr/bin/env python3'*) set -- "$@" "$f" ;;
	*) case $f in *.py) set -- "$@" "$f" ;; esac ;;
	esac
done
command -v python3 >/dev/null || exit $bad
python3 - "$@" <<'P' || bad=1
import ast, sys
for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as f:
        try:
            ast.parse(f.read(), name)
        except SyntaxError as e:
            sys.exit(str(e))
P
exit $bad
