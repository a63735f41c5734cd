# Sourced by the parts of tools/test: TAP lines, builds, and the sum of what `make check` ran.
# LB_SRC is the copy of the source, LB_WORK the folder of all work, LB_QUICK set for a quick run.
set -u
tap_status=0

tap_ok() { echo "ok - $*"; }
tap_not_ok() { echo "not ok - $*"; tap_status=1; }
tap_skip() { local what=$1; shift; echo "ok - $what # SKIP $*"; }

# tap_run WHAT COMMAND...: one test; its output only shows when it fails.
tap_run() {
	local what=$1 log
	shift
	log=$(mktemp)
	if "$@" >"$log" 2>&1; then tap_ok "$what"; else
		tap_not_ok "$what"
		grep -E 'error:|warning:|Error [0-9]|FAIL|ERROR' "$log" | head -n 20 | sed 's/^/#   /'
		tail -n 25 "$log" | sed 's/^/# /'
		rm -f "$log"
		return 1
	fi
	rm -f "$log"
}

tap_quick_leaves_out() { [ -z "$LB_QUICK" ] || { tap_skip "$1" "quick run"; exit 0; }; }

# tap_beside COMMAND...: a program that prints TAP itself, beside what comes next; tap_together waits for all of them.
tap_beside_logs=()
tap_beside() {
	local log
	log=$(mktemp)
	tap_beside_logs+=("$log")
	{ "$@" || echo "# ended badly: $*"; } >"$log" 2>&1 &
}

tap_together() {
	local log
	wait
	for log in "${tap_beside_logs[@]}"; do
		cat "$log"
		! grep -qE '^(not ok|# ended badly)' "$log" || tap_status=1
		rm -f "$log"
	done
	tap_beside_logs=()
}

bootstrap() {
	[ -x "$LB_SRC/configure" ] || (cd "$LB_SRC" && mkdir -p build-aux && autoreconf -fi)
}

# build_tree NAME [VAR=VALUE|--option...] [-- TARGET...]: configures and builds in $LB_WORK/NAME.
build_tree() {
	local dir=$LB_WORK/$1 options=()
	shift
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	[ $# -eq 0 ] || shift
	bootstrap || return 1
	mkdir -p "$dir" && cd "$dir" || return 1
	"$LB_SRC/configure" -q --enable-werror "${options[@]}" </dev/null && make -s -j"$LB_JOBS" "$@"
}

# Tests with real time-outs may be late on a busy machine: what failed gets a second try, alone, and that is said. A report of
# a sanitizer gets none.
check_again() {
	grep -lE '^:global-test-result: (FAIL|ERROR)' $(find . -name '*.trs') | sed 's/^/# failed once: /'
	! grep -qE 'Sanitizer|runtime error:' $(find . -name '*.log') || return 1
	make -s -k recheck >>"$LB_WORK/log/check-$1" 2>&1
}

# check_tree NAME: builds and runs all test programs of a built tree, one TAP line for each check of each.
check_tree() {
	local dir=$LB_WORK/$1 trs name result sum
	cd "$dir" || return 1
	make -s -k -j"$LB_JOBS" check >"$LB_WORK/log/check-$1" 2>&1 || check_again "$1" || tap_status=1
	find . -name '*.trs' | sort >"$LB_WORK/log/trs-$1"
	if ! [ -s "$LB_WORK/log/trs-$1" ]; then
		tap_not_ok "$1: make check"
		tail -n 25 "$LB_WORK/log/check-$1" | sed 's/^/# /'
		return 1
	fi
	while read -r trs; do
		name=${trs#./} name=${name%.trs}
		result=$(sed -n 's/^:global-test-result: *//p' "$trs")
		sum=$(sed -nE 's/^[0-9]+%: Checks: ([0-9]+), Failures: ([0-9]+), Errors: ([0-9]+)$/\1 \2 \3/p' "${trs%.trs}.log" | tail -n 1)
		check_report "$1: $name" "${result:-FAIL}" "${trs%.trs}.log" ${sum:-}
	done <"$LB_WORK/log/trs-$1"
	if [ "$tap_status" -ne 0 ] && ! grep -qE '^:global-test-result: (FAIL|ERROR|XPASS)' $(cat "$LB_WORK/log/trs-$1"); then
		tap_not_ok "$1: make check ended badly"
		grep -E 'error|Error' "$LB_WORK/log/check-$1" | head -n 20 | sed 's/^/# /'
	fi
	return "$tap_status"
}

check_report() { # NAME RESULT LOG [CHECKS FAILURES ERRORS]
	local i
	case $2 in
	PASS) for ((i = 1; i <= ${4:-1}; i++)); do tap_ok "$1 ${4:+$i}"; done ;;
	SKIP) tap_skip "$1" "$(head -n 1 "$3")" ;;
	*)
		for ((i = 1; i <= ${4:-1} - ${5:-1} - ${6:-0}; i++)); do tap_ok "$1 $i"; done
		for ((i = 1; i <= ${5:-1} + ${6:-0} || i == 1; i++)); do tap_not_ok "$1"; done
		tail -n 40 "$3" | sed 's/^/# /'
		;;
	esac
}
