#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Everything that must hold before a change is accepted: one script for the desk
# and for CI. The last thing it prints is the summary of the main test run.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# shellcheck source=daemon/packages.sh
. daemon/packages.sh

usage() {
	cat <<'TEXT'
usage: tests/run.sh [--deep]

Installs what is missing, builds, and passes everything: formatting, lints,
unit tests (also under ASan and UBSan), a short fuzz run, the quickstart,
integration, faults and a smoke run of the benches.

  --deep   the long forms as well: clang-analyzer, minutes of fuzzing, hours of
           faults, 2.9 M report rows, whole benches, everything under ASan
TEXT
}

deep=
case ${1:-} in
'') ;;
--deep) deep=1 ;;
--help | -h)
	usage
	exit 0
	;;
*)
	usage >&2
	exit 2
	;;
esac
[ -z "$deep" ] || export SG_DEEP=1

jobs=$(nproc)
work=$(mktemp -d "${TMPDIR:-/tmp}/streamgauge-tests.XXXXXX")
trap 'rm -rf "$work"' EXIT

step() {
	printf '\n== %s (at %d s)\n' "$*" "$SECONDS"
}

skip() {
	echo "SKIPPED: $*"
}

fail() {
	echo "FAILED: $*" >&2
	exit 1
}

# Prints the output of a command only when it fails.
quietly() {
	"$@" >"$work/log" 2>&1 || {
		tail -n 60 "$work/log" >&2
		fail "$*"
	}
}

need_tool() {
	command -v "$1" >/dev/null || {
		skip "$2: no $1 on this machine"
		return 1
	}
}

sources() {
	find daemon tests proto -name '*.[ch]' -print0
}

install_packages() {
	# shellcheck disable=SC2046 # one word per package
	packages_ensure $(packages_test) || exit $?
	# shellcheck disable=SC2046
	packages_ensure $(packages_optional) ||
		echo "Going on without them; what needs them is skipped."
	# Installed, it would start a service.
	command -v promtool >/dev/null || packages_unpack prometheus build/tools/prometheus ||
		skip "metrics_prometheus: Debian's package prometheus cannot be had here"
}

configure() {
	quietly cmake --preset "$1"
}

build() {
	configure "$1"
	quietly cmake --build --preset "$1" -j "$jobs" "${@:2}"
}

# --- sources -------------------------------------------------------------

check_format() {
	need_tool clang-format formatting || return 0
	sources | xargs -0 clang-format --dry-run --Werror
}

check_shell() {
	need_tool shellcheck "shell scripts" || return 0
	find daemon tests .ci -name '*.sh' -print0 | xargs -0 shellcheck -x .ci/run
}

# Redis is never asked to add (README, Architecture).
check_no_hincrby() {
	if grep -rnIi hincrby daemon; then
		fail "HINCRBY in daemon/"
	fi
}

# Every header compiles alone.
check_headers() {
	local header flags
	flags=$(pkg-config --cflags libuv hiredis libprotobuf-c libmicrohttpd yaml-0.1 libxxhash)
	while IFS= read -r header; do
		# shellcheck disable=SC2086 # one word per flag
		gcc -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -fsyntax-only -x c \
			-Idaemon -Ibuild/dev/proto/gen $flags -include "$header" /dev/null ||
			fail "$header does not compile alone"
	done < <(find daemon -name '*.h')
}

# A function of one name in two layers would be linked as one of the two.
check_symbols() {
	local twice
	twice=$(find build/dev/daemon build/dev/proto -name '*.a' -print0 |
		xargs -0 nm --defined-only --extern-only 2>/dev/null |
		awk '$2 ~ /^[TDBR]$/ { print $3 }' | sort | uniq -d)
	[ -z "$twice" ] || fail "defined in more than one layer: $twice"
}

check_tidy() {
	need_tool clang-tidy lints || return 0
	find daemon tests/data -name '*.c' -print0 |
		xargs -0 -n 4 -P "$jobs" clang-tidy -p build/dev --quiet 2>"$work/log"
}

# A report to read, not a gate: the analyzer does not see over the edge of a file
# that an output is set whenever its function returned 0. Left out: Annex K, which
# glibc has not, and va_list, where clang 14 is wrong.
report_analyzer() {
	need_tool clang-tidy analyzer || return 0
	find daemon tests/data -name '*.c' -print0 |
		xargs -0 -n 4 -P "$jobs" clang-tidy -p build/dev --quiet --checks="-*,clang-analyzer-*,\
-clang-analyzer-security.insecureAPI.*,-clang-analyzer-valist.*" 2>/dev/null |
		grep -E ' (error|warning): ' | sort -u || true
}

# memleak takes what a struct now owns for lost, legacyUninitvar an array of which
# nothing is read for unset; the sanitizers know better.
check_cppcheck() {
	need_tool cppcheck "second opinion" || return 0
	cppcheck --quiet --error-exitcode=1 --inline-suppr --enable=warning,portability \
		--suppress=memleak --suppress=legacyUninitvar --std=c11 -j "$jobs" -D_GNU_SOURCE -Idaemon daemon tests/data
}

# All of them, so that one run names every fault.
check_sources() {
	local check bad=()
	for check in format shell no_hincrby headers symbols tidy cppcheck; do
		("check_$check") || bad+=("$check")
	done
	[ ${#bad[@]} = 0 ] || fail "${bad[*]}"
}

# --- programs ------------------------------------------------------------

run_asan_units() {
	local labels=(-LE 'integration|fault|bench')
	[ -z "$deep" ] || labels=()
	ctest --test-dir build/asan --no-tests=error --output-on-failure -j "$jobs" "${labels[@]}"
}

has_fuzzer() {
	command -v clang >/dev/null || return 1
	echo 'int LLVMFuzzerTestOneInput(const char *d, long n) { return d == 0 && n; }' |
		clang -fsanitize=fuzzer,address -x c - -o "$work/fuzzer" 2>/dev/null
}

fuzz_targets() {
	cmake --build build/fuzz --target help | sed -n 's/^\(fuzz_[a-z0-9_]*\): phony$/\1/p'
}

# Each target starts from its kept corpus; what it finds new stays in $work.
run_fuzz() {
	local target name seconds=4 targets=() seeds
	[ -z "$deep" ] || seconds=300
	if ! has_fuzzer; then
		skip "fuzzing: no clang with libFuzzer on this machine"
		return 0
	fi
	configure fuzz
	mapfile -t targets < <(fuzz_targets)
	[ ${#targets[@]} -gt 0 ] || fail "there is no fuzz target"
	quietly cmake --build build/fuzz -j "$jobs" --target "${targets[@]}"
	for target in "${targets[@]}"; do
		name=${target#fuzz_}
		seeds=()
		[ ! -d "tests/fuzz/corpus/$name" ] || seeds=("tests/fuzz/corpus/$name")
		mkdir -p "$work/corpus/$name"
		quietly "build/fuzz/tests/fuzz/$target" -max_total_time=$seconds -timeout=10 \
			-rss_limit_mb=2048 -artifact_prefix="$root/build/fuzz/" \
			"$work/corpus/$name" "${seeds[@]}"
		echo "$name: $(grep -o 'Done [0-9]* runs' "$work/log"), no crash"
	done
}

run_quickstart() {
	daemon/run.sh --once >"$work/once" || fail "daemon/run.sh --once"
	/usr/bin/python3 tests/integration/sample/quickstart.py "$work/once" || fail "quickstart"
	/usr/bin/python3 tests/integration/sample/test_quickstart.py || fail "test_quickstart.py"
}

run_bench() {
	if [ -n "$deep" ]; then
		tests/bench/run.sh
	else
		tests/bench/run.sh --smoke
	fi
}

main() {
	step "packages"
	install_packages
	step "build dev"
	build dev
	step "sources"
	check_sources
	if [ -n "$deep" ]; then
		step "analyzer"
		report_analyzer
	fi
	step "build asan"
	build asan
	step "unit tests under ASan and UBSan"
	run_asan_units
	step "fuzz"
	run_fuzz
	step "quickstart"
	run_quickstart
	step "bench"
	run_bench
	step "all tests"
	# ctest hides what a skipped test says.
	/usr/bin/python3 tests/integration/fixtures/originals.py
	/usr/bin/python3 tests/integration/service/test_service.py --why || true
	ctest --test-dir build/dev --no-tests=error --output-on-failure -j "$jobs"
}

main
