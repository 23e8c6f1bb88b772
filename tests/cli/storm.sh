#!/bin/bash
# retcon trace while 8 threads make a million events at once: none of them wrong, and each that is not shown is counted.
# TAP output.
set -eu
# shellcheck source-path=SCRIPTDIR/../check source=tap.bash
. "$(dirname "$0")/../check/tap.bash"

own_tracefs

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
storm=$build/tests/workload/storm
threads=8

# storm CALLS REST ARGUMENT...: so many by each thread; REST is what rows have behind the offset
storm()
{
	local calls=$1 rest=$2 said shown lost=0 peak

	shift 2
	"$build/retcon" trace -o "$dir/rows" "$@" -- "$storm" $threads "$calls" >"$dir/out" 2>"$dir/err" \
		</dev/null || echo "status $?"
	said=$(awk -v threads=$threads -v calls="$calls" -v rest="$rest" -f tests/lib/storm.awk "$dir/rows")
	shown=${said%% *}
	if [ "$said" != "$shown rows right" ]; then
		echo "$said"
		return 0
	fi
	if grep -q note: "$dir/err"; then
		lost=$(sed -n 's/^retcon: note: \([0-9]*\) events lost.*/\1/p' "$dir/err")
	fi
	# the buffer holds 0.5 % of a million: it has been emptied again and again
	if [ "$shown" -lt $((threads * calls / 50)) ] || [ $((shown + lost)) -ne $((threads * calls)) ]; then
		echo "$shown shown and $lost lost of $((threads * calls))"
		cat "$dir/err"
	fi
	# less than 10 MiB beside the buffer: 64 pages a processor, all touched
	peak=$(awk '{ print $2 }' "$dir/out")
	[ "$peak" -lt $((10240 + 256 * $(nproc))) ] || echo "peak memory: $peak KiB"
}

nothing 'a million from a tracepoint' storm 125000 '' 't:syscalls:sys_enter_lseek "%lld", args->offset'
nothing 'a million from a function' storm 125000 '' "$storm:storm_call \"%lld\", arg1"
nothing 'results, each with the argument of its own call' storm 25000 -1 "r:$storm:storm_call \"%lld %lld\", arg1, retval"
finish
