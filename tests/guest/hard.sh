#!/bin/bash
# The situations that are hard to get right, by each engine, on functions made for it: interrupts, recursion, jumps,
# arguments on the stack, a module's types, 32-bit callers. Many threads are in threads.sh and times.sh.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

insmod "$module" || { echo 'Bail out! the test module cannot be loaded'; exit 1; }

full=
! grep -q preempt=full /proc/cmdline || full=1

# the lines of a file as one
lines()
{
	local all

	mapfile -t all <"$1"
	echo "${all[*]}"
}

# by RULE... -- RTHAMMER-ARGUMENT...: with $engine; $status, and what the command said in $said
by()
{
	local rules=()

	while [ "$1" != -- ]; do
		rules+=("$1")
		shift
	done
	shift
	override --engine "$engine" "${rules[@]}" -- "$bin/rthammer" "$@"
	sum_up
	said=$(lines "$out")
}

# missed: what was not seen, with preempt=full; none otherwise
missed()
{
	echo $(($(counted misses) + $(counted lost) + $(counted unconfirmed)))
}

# one NAME RULE WHAT-IT-SAYS INJECTED RTHAMMER-ARGUMENT...
one()
{
	local name=$1 rule=$2 says=$3 injected=$4

	shift 4
	by "$rule" -- "$@"
	[ "$status" -eq 0 ] || t_note "$(<"$err")"
	t_is "$engine: $name" "$said" "$says"
	t_is "$engine: $name: injected" "$(counted injected)" "$injected"
	[ -n "$full" ] || t_is "$engine: $name: none is missed" "$(missed)" 0
}

types()
{
	one 'a condition on its parameters, which holds and does not' \
		'retcon_test:rt_mixed = -EDQUOT if b == 255 && sh == -2 && si < 0 && obj == NULL' \
		'calls 1 failed 1 last -122 calls 1 failed 0 last 0' 1 \
		rt_mixed 0x1ff 0xfffe 7 0xffffffff 5 0 + rt_mixed 255 0xfffe 7 1 5 0
	one 'in a chain in the module, and outside' 'retcon_test:rt_mixed = -EDQUOT under rt_outer' \
		'calls 1 failed 1 last -122 calls 1 failed 0 last 0' 1 -u rt_mixed 1 2 3 4 5 0 + rt_mixed 1 2 3 4 5 0
	one 'a condition on the caller, which holds and does not' \
		'retcon_test:rt_mixed = -EDQUOT under rt_outer(call->arg[2] == 3)' \
		'calls 1 failed 1 last -122 calls 1 failed 0 last 0' 1 \
		-u rt_mixed 1 2 3 4 5 0 + -u rt_mixed 1 2 4 4 5 0
}

# what the innermost returned is passed up, one more each time
recursion()
{
	one 'direct recursion, the innermost' 'rt_recurse = -100 if depth == 0' 'calls 1 failed 1 last -95' 1 rt_recurse 5 0
	one 'direct recursion, the third' 'rt_recurse = -100 if depth == 3' 'calls 1 failed 1 last -98' 1 rt_recurse 5 0
	one 'mutual recursion, the innermost' 'rt_ping = -100 if depth == 0' 'calls 1 failed 1 last -94' 1 rt_ping 6
	one 'mutual recursion, under the other' 'rt_ping = -100 if depth == 2 under rt_pong' \
		'calls 1 failed 1 last -96' 1 rt_ping 6
	one 'mutual recursion, the outermost is under nobody' 'rt_ping = -100 if depth == 6 under rt_pong' \
		'calls 1 failed 0 last 6' 0 rt_ping 6
	by 'rt_ping = -100 if depth == 4 under rt_pong <- rt_ping' -- rt_ping 6
	t_like "$engine: mutual recursion, under itself: refused, with the reason" "$status $(<"$err")" \
		'125 *it cannot be its own caller*'
}

jumps()
{
	one 'jumped to' 'rt_tailed = -100 if a == 2 && b == 1' 'calls 1 failed 1 last -100' 1 rt_tail 1 2
	one 'left by a jump' 'rt_tail = -100 if a == 1' 'calls 1 failed 1 last -100' 1 rt_tail 1 2
	one 'jumped to, in a chain' 'rt_tailed = -100 under rt_outer' 'calls 1 failed 1 last -100' 1 -u rt_tail 1 2
}

# On top of a task in its chain, in a hard and in a soft interrupt: only the task's own call is meant.
interrupts()
{
	one 'interrupts on top of the task' 'rt_nothing = -100 under rt_interrupts' 'calls 200 failed 0 last 1' 200 \
		-n 200 -u rt_interrupts
	one 'interrupts on top of the task, and its caller' 'rt_nothing = -100 under rt_outer' 'calls 200 failed 0 last 1' 200 \
		-n 200 -u rt_interrupts
}

arguments()
{
	local rule='rt_wide = -100 if sb == -1 && h == 2 && flag'

	if [ "$engine" = fmod_ret ] && [ "$kernel" = 6.1 ]; then
		# arch_prepare_bpf_trampoline() took 6 at most until v6.6
		by "$rule" -- rt_wide 255 2 3 1 0 0 7
		t_num "$engine: seven arguments: refused" "$status" -eq 125
		t_like "$engine: seven arguments: with the reason" "$(cat "$err")" '*rt_wide*argument*'
		return
	fi
	one 'seven arguments, the condition holds and does not' "$rule" \
		'calls 1 failed 1 last -100 calls 1 failed 0 last 7' 1 rt_wide 255 2 3 1 0 0 7 + rt_wide 1 2 3 1 0 0 7
}

# mkdir(2) of a 32-bit program, and of another
narrow()
{
	# shellcheck disable=SC2016 # for the inner shell
	override --engine "$engine" 'syscall:mkdir = -EDQUOT if mode == 0755' -- \
		sh -c '"$0" mkdir32 0755 + mkdir32 0700; "$1" mkdir /nowhere/at/all' "$bin/rthammer" "$bin/call"
	t_like "$engine: a 32-bit caller, another mode, a 64-bit caller" "$(lines "$out")" \
		'mkdir32: -122 mkdir32: -2 mkdir: *EDQUOT*'
}

after()
{
	one 'after, under one that returned' 'rt_nothing = -100 after under rt_pong' 'calls 9 failed 0 last 0' 0 -n 9 rt_nothing
	one 'after: interrupts on top of the task' 'rt_nothing = -100 after under rt_outer' 'calls 50 failed 0 last 1' 50 \
		-n 50 -u rt_interrupts
	# a return probe has room for a few calls at a time (fprobe_init_rethook(), 6.12): the deeper ones are counted
	by 'rt_recurse = -100 after if depth == 5 && retval == 5' -- rt_recurse 5 0
	t_is "$engine: after: the outermost" "$said, $(counted injected)" 'calls 1 failed 1 last -100, 1'
	t_is "$engine: after: the outermost: the 6 calls are seen or counted" $(($(counted hits) + $(counted unpaired))) 6
	by 'rt_recurse = -100 after' -- rt_recurse 19 0
	t_is "$engine: after: of 20 within each other all are injected or counted" \
		$(($(counted injected) + $(counted unpaired))) 20
	t_num "$engine: after: no more than the kernel has room for" "$(counted injected)" -le 10
	t_is "$engine: after: none is counted twice" "$(missed)" 0
}

for engine in kprobe.multi kprobe fmod_ret; do
	# a probe of one site has the same program as one of many: in a quick run, what is about events alone
	if [ "$engine" != kprobe ] || [ -n "${RETCON_TEST_LONG:-}" ]; then
		types
		recursion
		jumps
	fi
	interrupts
	arguments
	narrow
done
for engine in kretprobe.multi kretprobe; do
	after
done

t_ok 'the test module is unloaded' rmmod retcon_test
t_done
