#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The benchmark: events as rows through the public wire of the shipped daemon
# until acknowledged, beside one HINCRBY per event and cell. Both in turn, A B A
# B, on the same machine in the same run; every stored cell is read back. Rows are
# encoded before the clock starts; the naive client's commands, which say the cells
# that an event is counted in, are made on it. Memory is touched first: a virtual
# machine's host backs it page by page at the first touch (--cold leaves that in).
#
#   tests/bench/run.sh [--smoke] [--events N] [--rounds N] [--span SECONDS] [--cold]
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=${SG_BENCH_BUILD:-$root/build/bench}
events=5000000 naive_events=200000 rounds=5 span=86400 cold=

while [ $# -gt 0 ]; do
	case $1 in
	--smoke) events=100000 naive_events=5000 rounds=1 ;;
	--events) events=$2 && shift ;;
	--naive-events) naive_events=$2 && shift ;;
	--rounds) rounds=$2 && shift ;;
	--span) span=$2 && shift ;;
	--cold) cold=--cold ;;
	*)
		echo "usage: tests/bench/run.sh [--smoke] [--events N] [--naive-events N] [--rounds N] [--span SECONDS] [--cold]" >&2
		exit 2
		;;
	esac
	shift
done

if [ ! -x "$build/tests/bench/streamgauge-bench" ] || [ -z "${SG_BENCH_BUILD:-}" ]; then
	cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_INTERPROCEDURAL_OPTIMIZATION=ON >/dev/null
	cmake --build "$build" --target streamgauged streamgauge-bench >/dev/null
fi
bench=$build/tests/bench/streamgauge-bench
daemon=$build/daemon/streamgauged

work=$(mktemp -d /tmp/sg-bench.XXXXXX)
pids=()
stop_all() {
	local pid
	for pid in "${pids[@]}"; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	pids=()
}
trap 'stop_all; rm -rf "$work"' EXIT

redis_server=$(command -v redis-server || true)
if [ -z "$redis_server" ]; then
	redis_server=$work/redis-server
	ln -s "$(command -v redis-check-rdb)" "$redis_server"
fi

# The daemon gets one core, Redis and the clients the other.
if [ "$(nproc)" -ge 2 ] && command -v taskset >/dev/null; then
	on_first=(taskset -c 0) on_second=(taskset -c 1)
else
	on_first=() on_second=()
fi

# CPU seconds that a process has used, in hundredths.
cpu() { awk '{print $14 + $15}' "/proc/$1/stat"; }
field() { sed -n "s/.*\b$1=\([^ ]*\).*/\1/p" <<<"$2"; }
median() { sort -g | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
per_million() { awk -v t="$1" -v n="$2" 'BEGIN {printf "%.3f", t / 100 / n * 1e6}'; }

sed -e "s|^presets_dir:.*||" -e "1,/^version/s|^version: 1|version: 1\npresets_dir: $root/config/presets\nmappings_dir: $root/config/mappings|" \
	"$here/bench.yaml" >"$work/bench.yaml"

# Yesterday's first midnight, UTC: all minutes are within their retention.
start=$(($(date +%s) / 86400 * 86400 - 86400))
common=(--start "$start" --span "$span" ${cold:+"$cold"})

daemon_round() {
	local state=$work/state.$1 pid redis_pid out cpu_daemon cpu_redis
	"${on_first[@]}" "$daemon" --config "$work/bench.yaml" --state "$state" \
		--print-ports "$work/ports" 2>"$work/log.$1" &
	pid=$!
	pids+=("$pid")
	for _ in $(seq 500); do
		[ -s "$work/ports" ] && break
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.02
	done
	[ -s "$work/ports" ] || {
		cat "$work/log.$1" >&2
		exit 1
	}
	redis_pid=$(pgrep -P "$pid" | head -1)
	[ ${#on_second[@]} -eq 0 ] || taskset -pc 1 "$redis_pid" >/dev/null
	local to
	to=$(sed -n 's/^ingest=//p' "$work/ports")
	until curl -fs "http://$(sed -n 's/^http=//p' "$work/ports")/health/ready" >/dev/null; do sleep 0.02; done
	out=$("${on_second[@]}" "$bench" send "${common[@]}" --events "$events" --to "$to")
	cpu_daemon=$(cpu "$pid")
	cpu_redis=$(cpu "$redis_pid")
	echo "streamgauge round=$1 $out cpu_daemon_per_million=$(per_million "$cpu_daemon" "$events")" \
		"cpu_redis_per_million=$(per_million "$cpu_redis" "$events")" \
		"peak_rss_mib=$(awk '/VmHWM/ {printf "%.0f", $2 / 1024}' "/proc/$pid/status")"
	field rate "$out" >>"$work/rates"
	if [ "$1" = "$rounds" ]; then
		# Pages are written within seconds; then a cell costs what its page costs.
		sleep 6
		"$bench" verify "${common[@]}" --events "$events" --redis "$state/redis.sock" \
			--config "$work/bench.yaml" | tee "$work/verified"
		redis_cli=(redis-cli -s "$state/redis.sock")
		local bytes=0 key
		while read -r key; do
			bytes=$((bytes + $("${redis_cli[@]}" memory usage "$key" samples 0)))
		done < <("${redis_cli[@]}" --scan --pattern 'sg:{bench/0}:cells:*')
		awk -v b="$bytes" -v c="$(field cells "$(cat "$work/verified")")" \
			'BEGIN {printf "bytes_per_cell=%.2f bytes=%d cells=%d\n", b / c, b, c}'
	fi
	kill -TERM "$pid"
	wait "$pid" || true
	pids=()
	rm -rf "$state" "$work/ports"
}

naive_round() {
	local dir=$work/naive.$1 pid out
	mkdir "$dir"
	"${on_first[@]}" "$redis_server" --port 0 --unixsocket "$dir/redis.sock" --dir "$dir" \
		--appendonly yes --appendfsync everysec --save "" >/dev/null &
	pid=$!
	pids+=("$pid")
	until redis-cli -s "$dir/redis.sock" ping >/dev/null 2>&1; do sleep 0.02; done
	out=$("${on_second[@]}" "$bench" naive "${common[@]}" --events "$naive_events" --redis "$dir/redis.sock")
	echo "naive       round=$1 $out cpu_redis_per_million=$(per_million "$(cpu "$pid")" "$naive_events")"
	field rate "$out" >>"$work/naive_rates"
	kill "$pid"
	wait "$pid" || true
	pids=()
	rm -rf "$dir"
}

echo "machine: $(nproc) cores, $(uname -m); load $(cut -d' ' -f1 /proc/loadavg);" \
	"durability: streamgauge fsync before each acknowledgement, naive AOF every second"
"$bench" fsync --file "$work/fsync"
for round in $(seq "$rounds"); do
	daemon_round "$round"
	naive_round "$round"
done
ours=$(median <"$work/rates")
theirs=$(median <"$work/naive_rates")
awk -v a="$ours" -v b="$theirs" -v min="$(sort -g "$work/rates" | head -1)" -v max="$(sort -g "$work/rates" | tail -1)" \
	'BEGIN {printf "median events/s: streamgauge %.0f (%.0f to %.0f), naive %.0f, ratio %.1f\n", a, min, max, b, a / b}'
