#!/bin/bash
# Many threads inside one function at once, threads killed there, threads that die there.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

n=10000
waiting "$bin/manythreads" $n
inject_start -p "$job" kmalloc 'unix_stream_sendmsg()'
release
inject_stop
# With preempt=full a task can be preempted inside a program, which then misses others there: counted.
missed=$(($(counted misses) + $(counted lost)))
grep -q preempt=full /proc/cmdline || t_num "$n threads inside: none is missed" $missed -eq 0
t_is "$n threads inside: each that was seen fails once" "$(tail -n 1 "$work/waiting")" \
	"sent $((n - $(counted injected))) failed $(counted injected) other 0"
# 6.1 cannot always tell whether a task that it has no answer for was inside: it is counted all the same.
equal=-eq
case $(uname -r) in 6.1.*) ! grep -q preempt=full /proc/cmdline || equal=-ge ;; esac
t_num "$n threads inside: injected and missed are all" "$(($(counted injected) + missed))" $equal $n
t_num "$n threads inside: none unconfirmed" "$(counted unconfirmed)" -eq 0
t_num "$n threads inside: two events for each, sent or dropped or its exit missed" \
	"$(($(grep -c '"type":"injected"\|"type":"return"' "$events") + $(counted drops) + $(counted exit_misses)))" \
	-ge $((2 * $(counted injected)))
t_is "$n threads inside: nowhere else" "$(injections_outside unix_stream_sendmsg)" 0

waiting "$bin/manythreads" 100 die
inject_start kmalloc 'unix_stream_sendmsg()'
release
inject_stop
missed=$(($(counted misses) + $(counted lost)))
t_note "after 400 threads killed inside: $(counted injected) injected, $missed missed"
grep -q preempt=full /proc/cmdline || t_num 'after 400 threads killed inside: none is missed' $missed -eq 0
t_is 'after 400 threads killed inside: each of 100 that was seen fails once' "$(tail -n 1 "$work/waiting")" \
	"sent $((100 - $(counted injected))) failed $(counted injected) other 0"
# what is missed may also be one of the 400
equal=-eq
! grep -q preempt=full /proc/cmdline || equal=-ge
t_num 'after 400 threads killed inside: injected and missed are all' "$(($(counted injected) + missed))" $equal 100

# A killed task enters get_signal() and never returns from it. Ids are used again soon here.
pids=$(cat /proc/sys/kernel/pid_max)
echo 450 >/proc/sys/kernel/pid_max
size=$(cat /sys/kernel/slab/filp/object_size)
inject_start kmalloc \
	"should_failslab(struct kmem_cache *s, gfp_t gfpflags)(s->object_size == $size) => get_signal()"
t_is 'ids of the dead: nothing fails for those who get them' "$("$bin/dying" 150)" 'opened 300 failed 0'
inject_stop
echo "$pids" >/proc/sys/kernel/pid_max
t_is 'ids of the dead: nothing injected elsewhere' "$(injections_outside get_signal)" 0
t_num 'ids of the dead: nothing injected' "$(counted injected)" -eq 0

t_done
