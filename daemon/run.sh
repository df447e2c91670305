#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# streamgauge from nothing: installs what is missing, builds, starts the daemon
# with its own private Redis, feeds the sample (or your files) and prints the
# stage summary.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
build=$root/build/release
# shellcheck source=daemon/packages.sh
. "$here/packages.sh"

usage() {
	cat <<'TEXT'
usage: daemon/run.sh [--once] [--keep DIR] [--mapping M] [FILE...]
       daemon/run.sh --build

Builds and starts streamgauge, feeds the sample, or FILE..., as tenant `demo`,
prints the stage summary and stays until Ctrl-C.

  --once        print the summary and stop
  --keep DIR    keep the daemon's state in DIR (default: a temporary directory
                that is removed at the end); a second run goes on with it
  --mapping M   mapping of FILE... (default: recognised by their columns)
  --build       install what is missing, build into build/release, and stop
  --help        this text

Exit codes: 0 done, 1 items were rejected, 2 usage, configuration, file or
build, 3 packages are missing, 4 the daemon could not be reached, 5 refused as
unsafe.
TEXT
}

say() {
	echo "$*" >&2
}

die() {
	local code=$1
	shift
	say "run.sh: $*"
	exit "$code"
}

once='' keep='' mapping='' build_only=''
files=()
while [ $# -gt 0 ]; do
	case $1 in
	--once) once=1 ;;
	--build) build_only=1 ;;
	--keep | --mapping)
		[ $# -gt 1 ] || die 2 "$1 needs a value; see daemon/run.sh --help"
		if [ "$1" = --keep ]; then keep=$2; else mapping=$2; fi
		shift
		;;
	--help | -h)
		usage
		exit 0
		;;
	--)
		shift
		files+=("$@")
		break
		;;
	-*) die 2 "$1 is not an option; see daemon/run.sh --help" ;;
	*) files+=("$1") ;;
	esac
	shift
done
for file in "${files[@]}"; do
	[ -r "$file" ] || die 2 "$file cannot be read"
done
[ -z "$mapping" ] || [ ${#files[@]} -gt 0 ] || die 2 "--mapping goes with FILE..."

# --- build ---------------------------------------------------------------

build_release() {
	local log=$build/run.log built=$build/run.built
	# One user's build is not another's, after a run by sudo, say.
	if ! { mkdir -p "$build" && : >>"$log"; } 2>/dev/null; then
		die 2 "$build cannot be written; run this as who owns it, or remove it first"
	fi
	if [ ! -f "$built" ]; then
		say "Building streamgauge (the first time takes a minute or two) ..."
	elif [ -n "$(find "$root/daemon" "$root/proto" -newer "$built" -type f -print -quit)" ]; then
		say "Building what has changed ..."
	fi
	[ -f "$build/build.ninja" ] ||
		(cd "$root" && cmake --preset release) >"$log" 2>&1 || build_failed "$log"
	# What a compiler that is broken off leaves behind stays in here.
	rm -rf "$build/tmp"
	mkdir "$build/tmp"
	TMPDIR=$build/tmp cmake --build "$build" >"$log" 2>&1 || build_failed "$log"
	touch "$built"
}

build_failed() {
	tail -n 30 "$1" >&2
	die 2 "the build failed; the whole output is in $1"
}

# --- the daemon ----------------------------------------------------------

state='' daemon='' temporary='' ingest='' http='' code=0

# Leaves no process, socket or state behind; the exit code is kept.
# shellcheck disable=SC2317 # called by the trap
cleanup() {
	local last=$?
	trap - EXIT
	trap '' INT TERM HUP
	if [ -n "$daemon" ]; then
		kill -TERM "$daemon" 2>/dev/null || true
		wait "$daemon" 2>/dev/null || true
	fi
	[ -z "$temporary" ] || rm -rf "$temporary"
	exit "$last"
}

port_free() {
	! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# The port itself, or 0 (any free one) where it is taken.
port_or_any() {
	if port_free "$1"; then echo "$1"; else echo 0; fi
}

# The shipped settings with free ports; what they refer to lies beside them.
write_config() {
	ln -s "$root/config/mappings" "$root/config/presets" "$temporary/"
	sed -e "s|^\( *ingest_port:\).*|\1 $(port_or_any 7311)|" \
		-e "s|^\( *http_port:\).*|\1 $(port_or_any 7312)|" \
		"$root/config/streamgauge.yaml" >"$temporary/streamgauge.yaml"
}

daemon_ended() {
	local status=0
	wait "$daemon" || status=$?
	daemon=''
	tail -n 20 "$temporary/daemon.log" >&2
	[ "$status" -gt 0 ] && [ "$status" -le 5 ] || status=4
	die "$status" "the daemon $1"
}

start_daemon() {
	local ports=$temporary/ports
	write_config
	# A session of its own: Ctrl-C reaches this script alone, which then stops
	# the daemon in order, and that its Redis last.
	setsid "$build/daemon/streamgauged" --config "$temporary/streamgauge.yaml" \
		--state "$state" --print-ports "$ports" >"$temporary/daemon.log" 2>&1 &
	daemon=$!
	until [ -s "$ports" ]; do
		kill -0 "$daemon" 2>/dev/null || daemon_ended "did not start"
		sleep 0.05
	done
	ingest=$(sed -n 's/^ingest=//p' "$ports")
	http=$(sed -n 's/^http=//p' "$ports")
	export STREAMGAUGE_INGEST=$ingest STREAMGAUGE_HTTP=$http
	export STREAMGAUGE_MAPPINGS=$root/config/mappings
	until curl -sf --noproxy '*' "http://$http/health/ready" >/dev/null; do
		kill -0 "$daemon" 2>/dev/null || daemon_ended "stopped before it was ready"
		sleep 0.05
	done
}

# --- feeding and showing -------------------------------------------------

tool() {
	"$build/daemon/streamgauge" "$@"
}

make_sample() {
	local dir=$temporary/sample
	# What is kept is fed again: the second time nothing changes.
	[ -z "$keep" ] || dir=$keep/sample
	if [ ! -d "$dir" ]; then
		"$build/tests/data/streamgauge-sample" --out "$dir.new"
		mv "$dir.new" "$dir"
	fi
	# Ads of three accounts and the rates of their currencies, the shop, and what
	# people say and the market does.
	for name in eurofxref-hist ads_reading1 ads_reading2 ads_gb ads_us costs orders sessions \
		tracker tracker_corrected waves nps needs market panel prices audience; do
		files+=("$dir/$name.csv")
	done
}

# First and last day of what the sources have brought.
loaded_range() {
	curl -sf --noproxy '*' "http://$http/v1/sources?tenant=demo&format=csv" | tr -d '\r' | awk -F, '
		NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
		$column["accepted"] > 0 {
			first = $column["first_day"]; last = $column["last_day"]
			if (first != "" && (from == "" || first < from)) from = first
			if (last != "" && last > to) to = last
		}
		END { if (from != "") print from, to }'
}

feed() {
	local options=(--tenant demo)
	[ -z "$mapping" ] || options+=(--mapping "$mapping")
	tool send "${options[@]}" "${files[@]}" >&2 || code=$?
	[ "$code" -le 1 ] || exit "$code"
}

show() {
	local from to days weeks
	read -r from to < <(loaded_range) ||
		die 1 "nothing in the files was counted: the lines above say why, and which" \
			"setting of $root/config/streamgauge.yaml would count it"
	# What is old lies in no range that ends today.
	days='last=28d' weeks='last=12w'
	if [[ $to < $(date -u -d '28 days ago' +%F) ]]; then
		days="from=$from&to=$to" weeks=$days
	fi
	tool summary --tenant demo --from "$from" --to "$to"
	if [ "$ingest $http" != "127.0.0.1:7311 127.0.0.1:7312" ]; then
		say "Port 7311 or 7312 is taken; the daemon uses $ingest and $http." \
			"For the commands of another shell:"
		say "  export STREAMGAUGE_HTTP=$http STREAMGAUGE_INGEST=$ingest"
	fi
	# What is printed here dies with the daemon: after --once it is to be
	# started anew first.
	echo
	if [ -n "$once" ]; then
		echo "Try next: daemon/run.sh without --once${keep:+, with --keep $keep}; while that runs:"
	else
		echo "Try next, while this runs:"
	fi
	cat <<-TEXT
		  curl 'http://$http/v1/summary?tenant=demo&$days'
		  curl 'http://$http/v1/summary.csv?tenant=demo&from=$from&to=$to&by=channel'
		  curl 'http://$http/v1/summary?tenant=demo&$weeks&grain=week&kpi=roas,net_revenue,aov'
		  curl 'http://$http/v1/summary.csv?tenant=demo&from=$from&to=$to&grain=wave&by=brand&kpi=aided_awareness'
		  curl 'http://$http/v1/sources?tenant=demo'
		  curl 'http://$http/v1/kpis'
	TEXT
}

main() {
	# shellcheck disable=SC2046 # one word per package
	packages_ensure $(packages_build) || exit $?
	if [ -n "$build_only" ]; then
		build_release
		say "Built: $build/daemon/streamgauged and streamgauge. As a service: README.md."
		exit 0
	fi
	trap cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	trap 'exit 129' HUP
	temporary=$(mktemp -d "${TMPDIR:-/tmp}/streamgauge.XXXXXX")
	if [ -n "$keep" ]; then
		{ mkdir -p "$keep" && [ -w "$keep" ] && keep=$(cd "$keep" && pwd); } 2>/dev/null ||
			die 2 "$keep cannot be made or written"
	fi
	state=${keep:-$temporary}/state
	build_release
	start_daemon
	[ ${#files[@]} -gt 0 ] || make_sample
	feed
	show
	[ -z "$once" ] || exit "$code"
	trap 'exit "$code"' INT TERM
	say ""
	say "The daemon takes events on $ingest. Ctrl-C stops it."
	wait "$daemon" || true
	daemon_ended "stopped by itself"
}

main
