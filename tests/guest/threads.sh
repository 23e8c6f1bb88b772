#!/bin/bash
# Many threads inside a chain at once, threads killed there, threads that die there, calls in the middle of a map
# update, two tasks in the same program on one processor: by each engine, injected and counted misses are all there is
# to inject, and nothing else is.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

insmod "$module" || { echo 'Bail out! the test module cannot be loaded'; exit 1; }
many=500 # tasks.sh has 10,000 for the first engine
[ -z "${RETCON_TEST_LONG:-}" ] || many=10000
full=
! grep -q preempt=full /proc/cmdline || full=1

# run RULE -- COMMAND...: to its end, with $engine
run()
{
	override --engine "$engine" "$@"
	sum_up
}

# missed [CALLS]: what is lost with preempt=full, a thread or a process, would have made up to so many calls
missed()
{
	echo $(($(counted misses) + $(counted lost) * ${1:-1} + $(counted unconfirmed) + $(counted unpaired)))
}

failed()
{
	[[ $(<"$out") =~ ^calls\ [0-9]+\ failed\ ([0-9]+) ]] && echo "${BASH_REMATCH[1]}"
}

# exact NAME EXPECTED [PLACE]: after a run, all of its calls are accounted for
exact()
{
	local name="$engine: $1" expected=$2 missed equal=-eq

	missed=$(missed)
	[ "$status" -eq 0 ] || t_note "$(cat "$err" "$out")"
	t_is "$name: each that is injected fails" "$(failed)" "$(counted injected)"
	# With preempt=full the miss may be at a caller that one of those to be killed enters, or at both callers of one
	# call; and 6.1 cannot always tell whether a task that it has no answer for was inside: counted all the same.
	[ -z "$full" ] || equal=-ge
	t_num "$name: injected and missed are all" $(($(counted injected) + missed)) $equal "$expected"
	[ -n "$full" ] || [ "${engine#kret}" != "$engine" ] || t_is "$name: none is missed" "$missed" 0
	[ $# -lt 3 ] || t_is "$name: nowhere else" "$(injections_outside "$3")" 0
}

inside()
{
	run 'rt_nothing = -100 under rt_gate' -- "$bin/rtgate" "$many"
	exact "$many threads inside" "$many" rt_gate
	run 'rt_nothing = -100 under rt_gate <- rt_outer' -- "$bin/rtgate" 50 4
	exact '200 threads killed inside, then 50' 50 rt_gate
}

# A killed task enters get_signal() and never returns from it. Ids are used again soon here.
dead()
{
	local pids size

	pids=$(cat /proc/sys/kernel/pid_max)
	size=$(cat /sys/kernel/slab/filp/object_size)
	echo 450 >/proc/sys/kernel/pid_max
	override_start --engine "$engine" "kmalloc = -ENOMEM if s->object_size == $size under get_signal"
	t_is "$engine: ids of the dead: nothing fails for those who get them" "$("$bin/dying" 100)" 'opened 200 failed 0'
	inject_stop
	echo "$pids" >/proc/sys/kernel/pid_max
	t_is "$engine: ids of the dead: nothing injected" "$(counted injected)" 0
}

# The kernel keeps probes' programs from running then; before 6.7 it does not count that, which is said.
map_update()
{
	local equal=-eq

	run 'kmalloc = -ENOMEM under dev_map_update_elem' -- "$bin/mapalloc" 300
	t_is "$engine: in the middle of map updates: each that is injected fails" "$(failed)" "$(counted injected)"
	if [ "$(counted untold)" = 1 ]; then
		t_is "$engine: in the middle of map updates: what cannot be counted is said" "$engine ${kernel}" \
			"${engine%fmod_ret} 6.1"
	else
		# kmemleak makes a note of each allocation, and allocates for it there, too
		[ ! -e /sys/kernel/debug/kmemleak ] || equal=-ge
		t_num "$engine: in the middle of map updates: injected and missed are all" \
			$(($(counted injected) + $(missed))) $equal 300
	fi
	[ "$engine" != fmod_ret ] || t_is "$engine: in the middle of map updates: all are injected" "$(failed)" 300
}

# of those who call it at the same time, in the chain and not
beside()
{
	# shellcheck disable=SC2016 # for the inner shell
	run 'rt_nothing = -100 under rt_outer' -- sh -c \
		'"$0" -t 4 -n 250 rt_nothing >"$1" & "$0" -u -t 4 -n 250 rt_nothing; wait' "$bin/rthammer" "$work/beside"
	if [ -n "$full" ]; then
		t_num "$engine: in the chain and beside it: injected and missed are all" \
			$(($(counted injected) + $(missed 1000))) -ge 1000
		t_is "$engine: in the chain and beside it: each that is injected fails" "$(failed)" "$(counted injected)"
	else
		exact 'in the chain and beside it' 1000 rt_outer
	fi
	t_is "$engine: in the chain and beside it: not beside" "$(cat "$work/beside")" 'calls 1000 failed 0 last 0'
}

# More are inside than return probes have room for, and all are killed or return at the same time.
after()
{
	run 'rt_gate = -100 after' -- "$bin/rtgate" "$many"
	exact "after, $many threads inside" "$many" rt_outer
	t_num "after, $many threads inside: $(counted injected) were seen" "$(counted injected)" -ge 1
	run 'rt_gate = -100 after if retval == 0' -- "$bin/rtgate" 100 2
	t_num "after, 200 threads killed inside, then 100: hits and missed are all" \
		$(($(counted hits) + $(missed))) -eq 300
	t_is "after, 200 threads killed inside, then 100: each that is injected fails" "$(failed)" "$(counted injected)"
}

# With preempt=full two tasks are in the middle of it on one processor, which nothing but ourselves keeps apart.
hook()
{
	engine=lsm
	run 'lsm:task_getscheduler = -EPERM not under __x64_sys_sched_getparam' -- "$bin/rthammer" -t 8 -n 1500 hook
	t_like 'lsm: two ways to a hook: not by the one that is ruled out' "$(cat "$out")" '* others 6000 failed 0'
	t_is 'lsm: two ways to a hook: each that is injected fails' "$(failed)" "$(counted injected)"
	t_num 'lsm: two ways to a hook: injected and missed are all' \
		$(($(counted injected) + $(missed 1500))) -ge 6000
	[ -n "$full" ] || t_is 'lsm: two ways to a hook: none is missed' "$(missed)" 0
}

for engine in kprobe.multi kprobe fmod_ret; do
	inside
	map_update
	beside
	[ "$engine" = kprobe.multi ] || ! in_full || dead # that in tasks.sh
done
for engine in kretprobe.multi kretprobe; do
	after
done
hook

t_ok 'the test module is unloaded' rmmod retcon_test
t_done
