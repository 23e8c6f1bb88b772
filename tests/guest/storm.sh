#!/bin/bash
# retcon trace of kernel functions while 8 threads call them on all processors: no event is wrong, and each that is not shown
# is counted. tests/run gives the guest 4 processors for this.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

threads=8
calls=6250
[ -z "${RETCON_TEST_LONG:-}" ] || calls=125000

# storm REST ARGUMENT...: every row is right, and with those that were lost there are as many as calls
storm()
{
	local rest=$1 name=$2 said lost

	shift 2
	# the buffer holds some 600 rows
	"$retcon" trace -b 4 -o "$work/rows" "$@" -- "$bin/storm" $threads $calls >"$out" 2>"$err" </dev/null
	t_is "$name: exit status" $? 0
	said=$(awk -v threads=$threads -v calls=$calls -v rest="$rest" -f tests/lib/storm.awk "$work/rows")
	t_like "$name: rows" "$said" '[1-9]* rows right'
	lost=$(sed -n 's/^retcon: note: \([0-9]*\) events lost.*/\1/p' "$err")
	t_num "$name: the buffer has been emptied again and again" "${said%% *}" -ge 1200
	t_is "$name: shown and lost" $((${said%% *} + ${lost:-0})) $((threads * calls))
	t_num "$name: peak memory in KiB, beside the buffer" "$(awk '{ print $2 }' "$out")" -lt $((10240 + 256 * $(nproc)))
	t_note "$said, ${lost:-0} lost"
}

storm '' 'calls' 'p::ksys_lseek(unsigned int fd, off_t offset) "%lld", offset'
storm -9 'returns, each with the argument of its call' 'r::ksys_lseek(unsigned int fd, off_t offset) "%lld %lld", offset, retval'
storm '' 'a tracepoint' 't:syscalls:sys_enter_lseek "%lld", args->offset'
storm -1 "a program's function" "r:$bin/storm:storm_call \"%lld %lld\", arg1, retval"
t_done
