#!/bin/bash
# retcon trace: bcc's examples (trace_example.txt, its help and manual), on what they are about; then what bcc had not.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

rows=$work/rows
ip link set lo up

# trace ARGUMENT...: to its end; $rows, $err, $status
trace()
{
	rm -f "$rows"
	"$retcon" trace -o "$rows" "$@" >"$out" 2>"$err"
	status=$?
}

# some row is like this; blanks are one
t_row()
{
	local name=$1 pattern=$2 row

	while IFS= read -r row; do
		# shellcheck disable=SC2053 # a pattern it is
		if [[ $row == $pattern ]]; then
			t_result 0 "$name"
			return
		fi
	done < <(tr -s ' ' <"$rows")
	t_result 1 "$name"
	t_note "no row is like: $pattern" "$(head -n 12 "$rows")"
	t_why
}

# row NAME PATTERN ARGUMENT... -- ACTION...: of a trace of the workload
row()
{
	local name=$1 pattern=$2 args=()

	shift 2
	while [ "$1" != -- ]; do
		args+=("$1")
		shift
	done
	shift
	trace "${args[@]}" -- "$bin/traced" "$@"
	[ $status -eq 0 ] || t_note "exit status $status" "$(cat "$err")"
	t_row "$name" "$pattern"
}

# bad NAME STATUS PATTERN ARGUMENT...: what is said of a mistake
bad()
{
	local name=$1 expected=$2 pattern=$3

	shift 3
	trace "$@"
	t_is "$name: exit status" "$status" "$expected"
	t_like "$name: says why" "$(cat "$err")" "$pattern"
}

kernel_functions()
{
	row 'do_sys_open, whose body is elsewhere' 'PID*' do_sys_open -- open
	t_like '... was not hit, which is said' "$(cat "$err")" '*no probe was hit*'
	row 'an open, its file' '* traced do_sys_openat2 /etc/hostname' 'do_sys_openat2 "%s", arg2@user' -- open
	row '... by its parameter' '* traced do_sys_openat2 /etc/hostname' '::do_sys_openat2 "%s", filename' -- open
	row 'sys_read, large ones' '* __x64_sys_read read 30000 bytes' 'sys_read (arg3 > 20000) "read %d bytes", arg3' \
		-- read
	t_num '... and no others' "$(grep -c __x64_sys_read "$rows")" -eq 1
	t_like '... whose name here is told' "$(cat "$err")" '*sys_read is __x64_sys_read on this kernel*'
	row 'an open, its result' '* do_sys_openat2 ?' 'r::do_sys_openat2 "%llx", retval' -- open
	row 'nanosleep, its time' '* __x64_sys_nanosleep sleep for 1234567 ns' \
		'p::SyS_nanosleep(struct __kernel_timespec *ts) "sleep for %lld ns", ts->tv_nsec' -- sleep
	row 'two probes' '* __x64_sys_nanosleep' __x64_sys_nanosleep __x64_sys_clone -- sleep
	row 'a port in network order' '* udpv6_sendmsg' 'udpv6_sendmsg(struct sock *sk) (sk->sk_dport == 13568)' -- udp6
	row '... which no other has' 'PID*' 'udpv6_sendmsg(struct sock *sk) (sk->sk_dport == 13569)' -- udp6
	t_num '... and no row' "$(wc -l <"$rows")" -eq 1
	row 'exec, its file' '* __x64_sys_execve *workload/traced' 'sys_execve "%s", arg1' -- sleep
	row 'futex, its result' '* __x64_sys_futex 0' 'r::sys_futex "%d", retval' -- futex
	row 'futex, -U -a' ' [0-9a-f]* *' -U -a 'r::sys_futex "%d", retval' -- futex
	row 'setsockopt, bytes' '* __x64_sys_setsockopt' \
		'sys_setsockopt(int fd, int level, int optname, char* optval, int optlen)(level==0 && optname == 1 && STRCMP("{0x6C, 0x00, 0x00, 0x00}", optval))' \
		-U -M 1 --bin_cmp -- setsockopt
	row '... of which the last is compared, too' 'PID*' -B \
		'sys_setsockopt(int fd, int level, int optname, char* optval, int optlen)(STRCMP("{0x6C, 0x00, 0x00, 0x01}", optval))' \
		-- setsockopt
	t_num '... no row' "$(wc -l <"$rows")" -eq 1
	# shellcheck disable=SC2016 # retcon's
	row 'a task of its own' '* __x64_sys_nanosleep users = 1' 'sys_nanosleep "users = %d", $task->fs->users' -- sleep
	row '-I is not needed' '* __x64_sys_nanosleep' -I linux/fs.h sys_nanosleep -- sleep
	t_like '... which is said' "$(cat "$err")" '*-I is not needed*'
	row 'an offset' '* __x64_sys_nanosleep *' '__x64_sys_nanosleep+0x0 "%x", ctx->di' -- sleep
}

# -c, -M, -K, -A with what happens anyway
on_the_whole()
{
	mkdir -p /sys/fs/cgroup 2>/dev/null
	mount -t cgroup2 none /sys/fs/cgroup 2>/dev/null
	mkdir -p /sys/fs/cgroup/traced
	trace -c /sys/fs/cgroup/traced __x64_sys_nanosleep -- \
		sh -c "echo \$\$ >/sys/fs/cgroup/traced/cgroup.procs; $bin/traced sleep"
	t_row 'a cgroup' '* __x64_sys_nanosleep'
	trace -c /sys/fs/cgroup/traced __x64_sys_nanosleep -- "$bin/traced" sleep
	t_num '... and not outside it' "$(grep -c nanosleep "$rows")" -eq 0
	trace clockevents_program_event -K -A -M 100
	t_row 'counted: -A' '[0-9]* --> *clockevents_program_event'
	t_row 'counted: -K' ' clockevents_program_event+0x*\[kernel\]'
	trace -M 3 t:sched:sched_switch
	t_num '-M 3: rows' "$(grep -c sched_switch "$rows")" -eq 3
	trace --for 200ms 'r::__kmalloc* (retval == 0) "kmalloc failed!"'
	t_is '--for: exit status' $status 0
}

tracepoints()
{
	row 'a tracepoint' '* sys_enter_nanosleep *' 't:syscalls:sys_enter_nanosleep "%p", args->rqtp' -- sleep
	row '... text that is elsewhere in the record' '* sched_process_exec /usr/bin/true' \
		't:sched:sched_process_exec "%s", args->filename' -- exec
	row '... an array in it' '* sched_process_exit traced' 't:sched:sched_process_exit "%s", args->comm' -- sleep
	row '... a condition' '* sys_exit_nanosleep 0' 't:syscalls:sys_exit_nanosleep (args->ret == 0) "%d", args->ret' -- sleep
	bad 'no such event' 2 "*no tracepoint*did you mean 'block:block_rq_complete'*" t:block:block_rq_complet
	bad 'no such field' 2 '*has no field*its fields are*' 't:sched:sched_switch "%d", args->foo'
	bad 'arguments of a tracepoint' 2 '*a tracepoint has fields*' 't:sched:sched_switch "%d", arg1'
}

additions()
{
	row 'a pattern' '* vfs_statx = -2 ENOENT' 'r::vfs_stat*' -- stat
	row 'a pattern, by the results of each' '* vfs_statx -2' 'r::vfs_stat* (retval < 0) "%d", retval' -- stat
	row 'a pattern, by a parameter of each' '* do_sys_open* /etc/hostname' 'do_sys_open* "%s", filename' -- open
	row 'the call, when it returns' '* do_sys_openat2 /etc/hostname [0-9]*' 'r::do_sys_openat2 (retval >= 0) "%s %d", filename, retval' -- open
	# shellcheck disable=SC2016 # retcon's
	row 'how long it took' '* __x64_sys_nanosleep [0-9][0-9][0-9][0-9][0-9][0-9][0-9]* ns' \
		'r::sys_nanosleep ($latency > 1000000) "%llu ns", $latency' -- sleep
	row 'an error by name' '* vfs_statx -2 ENOENT' 'r::vfs_statx "%e", retval' -- stat
	row 'widths' '* vfs_statx | -2|-2 |fffffffe|-0002|' 'r::vfs_statx "|%5d|%-5d|%x|%.4d|", retval, retval, retval, retval' -- stat
	t_like '--json: a row' "$("$retcon" trace --json 'r::vfs_statx "%d", retval' -- "$bin/traced" stat 2>&1 >/dev/null |
		grep '"event"')" '*"comm":"traced"*"function":"vfs_statx","message":"-2","values":\[-2\]*'
	row '-t' '0.[0-9]* * vfs_statx *' -t r::vfs_statx -- stat
	row '-T -C' '[0-2][0-9]:[0-5][0-9]:[0-6][0-9] [0-9]* * vfs_statx *' -T -C r::vfs_statx -- stat
	row '-f' '* vfs_statx -2' -f '-2' 'r::vfs_statx "%d", retval' -- stat
	t_num '... and nothing else' "$(wc -l <"$rows")" -eq 2
	row '-n' 'PID*' -n nobody r::vfs_statx -- stat
	t_num '-n: nobody' "$(wc -l <"$rows")" -eq 1
	row '-Z' '* /etc/h' -Z 7 'do_sys_openat2 "%s", filename' -- open
	t_is "CMD's status" "$("$retcon" trace -o "$rows" r::vfs_statx -- sh -c 'exit 7' 2>/dev/null; echo $?)" 7
}

mistakes()
{
	bad 'no such function' 2 '*no function*did you mean*' tcp_v4_conect
	bad 'no such parameter' 2 '*has no parameter*the kernel has vfs_read*' 'vfs_read (nope == 1)'
	bad 'no such conversion' 2 '*no conversion*floating point*' 'vfs_read "%f", arg1'
	bad 'retval at the entry' 2 '*retval*' 'vfs_read "%d", retval'
	bad 'no probe' 2 '*a probe is missing*'
	bad '-p and -L' 2 '*exclude each other*' -p 1 -L 1 vfs_read
	bad '-A without -M' 2 '*-A prints at the end*' -A vfs_read
}

# The write-up's two commands, whichever is first: what is injected is what is seen to return.
write_up()
{
	local tracer first

	server
	for first in trace inject; do
		forget_ways
		# shellcheck disable=SC2016 # for the inner shell
		waiting sh -c 'echo ready; read -r go; exec "$0" tcp "$1"' "$bin/conn" "$far"
		[ $first = trace ] || inject_start kmalloc -v 'tcp_v4_connect()'
		"$retcon" trace -L "$job" 'r::should_failslab "ret: %d", retval' 'r::tcp_v4_connect() "ret: %d", retval' \
			>"$rows" 2>"$work/trace.err" &
		tracer=$!
		t_jobs+=("$tracer")
		wait_for 30 grep -q ^armed "$work/trace.err"
		[ $first = inject ] || inject_start kmalloc -v 'tcp_v4_connect()'
		release
		wait "$tracer"
		inject_stop
		t_row "$first first: the allocation fails" '* should_failslab ret: -12'
		t_row "$first first: and what it is called for" '* tcp_v4_connect ret: -1*'
	done
}

kernel_functions
on_the_whole
tracepoints
additions
mistakes
write_up
t_done
