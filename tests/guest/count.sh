#!/bin/bash
# How often, for how long and in whom: -c, -P, -p, --for; and events as JSON.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# hammered NAME: a number of hammer's line
hammered()
{
	sed -n "s/.*$1 \\([0-9]*\\).*/\\1/p" "$out" | head -n 1
}

inject -c 1000 kmalloc '__sys_socket()' -- "$bin/hammer" socket 4 1500
t_num '-c 1000 under 4 threads: 1000 injected' "$(counted injected)" -eq 1000
t_num '-c 1000 under 4 threads: 1000 of 6000 calls failed' "$(hammered failed)" -eq 1000
t_num '-c 1000: as many events, sent or dropped' "$(($(injections .) + $(counted drops)))" -eq 1000
t_num '-c 1000: the others matched too' "$(counted matches)" -ge 6000
t_num '-c 1000: hits hold all matches' "$(counted hits)" -ge "$(counted matches)"

inject -c 1 kmalloc '__sys_socket()' -- "$bin/hammer" socket 4 100
t_num '-c 1: one injected' "$(counted injected)" -eq 1
t_num '-c 1: one call failed' "$(hammered failed)" -eq 1

inject -P 0.5 kmalloc '__sys_socket()' -- "$bin/hammer" socket 1 800
t_num '-P 0.5: not too few of 800' "$(counted injected)" -gt 300
t_num '-P 0.5: not too many of 800' "$(counted injected)" -lt 500
t_num '-P 0.5: a call fails for each' "$(hammered failed)" -eq "$(counted injected)"
t_num '-P 0.5: drawn once a call' "$(($(counted injected) + $(counted unlucky)))" -eq 800
inject -P 0 kmalloc '__sys_socket()' -- "$bin/hammer" socket 1 200
t_num '-P 0: none injected' "$(counted injected)" -eq 0
t_num '-P 0: no call failed' "$(hammered failed)" -eq 0
inject -P 1 kmalloc '__sys_socket()' -- "$bin/hammer" socket 1 200
t_num '-P 1: all injected' "$(counted injected)" -eq 200
t_num '-P 1: all failed' "$(hammered failed)" -eq 200

waiting "$bin/hammer" -w socket 2 100
inject_start -p "$job" kmalloc '__sys_socket()'
t_is '-p: another process is as before' "$("$bin/call" socket)" 'socket: ok'
release
inject_stop
# With preempt=full a thread can be preempted inside the program, which then misses others there: counted.
missed=0
! grep -q preempt=full /proc/cmdline || missed=$(($(counted misses) + $(counted lost)))
failed=$(sed -n 's/.*calls 200 failed \([0-9]*\).*/\1/p' "$work/waiting")
t_num "-p: all calls of that process fail, but $missed missed" $((failed + missed)) -ge 200
t_is '-p: as many are injected' "$(counted injected)" "$failed"
t_num '-p: all in that process' "$(injections "\"pid\":$job,")" -eq "$failed"

start=$(date +%s%N)
inject --for 1s kmalloc '__sys_socket()'
took=$((($(date +%s%N) - start) / 1000000))
t_is '--for 1s: exit status' "$status" 0
t_num '--for 1s: not shorter' $took -ge 1000
t_num '--for 1s: hardly longer' $took -lt 6000
t_is '--for 1s: over, sockets are as before' "$("$bin/call" socket)" 'socket: ok'
inject --for 500ms kmalloc '__sys_socket()' -- sleep 1
t_is '--for 500ms with a longer command: its status' "$status" 0

# All allocations of the whole system, while nobody but retcon and its ancestors does anything: the
# guest's root, on 9p, would not survive the failures of others.
inject --system-wide --for 300ms kmalloc '(true)'
t_is '--system-wide: it ends by itself' "$status" 0
t_is '--system-wide: then all is well' "$("$bin/call" socket)" 'socket: ok'

inject -c 20 kmalloc 'tcp_v4_connect()' -- "$bin/hammer" connect 2 20
t_ok 'JSON: every line is an object' jq -e 'type == "object"' "$events"
t_is 'JSON: begins with "armed"' "$(head -n 1 "$events" | jq -r .type)" armed
t_is 'JSON: ends with "summary"' "$(tail -n 1 "$events" | jq -r .type)" summary
t_is 'JSON: an event has all it should' \
	"$(jq -r 'select(.type == "injected") | keys_unsorted | join(" ")' "$events" | sort -u)" \
	'type time pid tid comm cpu rule function value errno stack'
t_is 'JSON: the rule is in it' "$(jq -r 'select(.type == "injected") | .rule' "$events" | sort -u)" \
	'tcp_v4_connect()'
t_is 'JSON: the stack begins with the target' \
	"$(jq -r 'select(.type == "injected") | .stack[0]' "$events" | sed 's/+.*//' | sort -u)" \
	should_failslab
t_num 'JSON: a return for each' "$(grep -c '"type":"return"' "$events")" -eq 20

"$retcon" inject -c 2 kmalloc 'tcp_v4_connect()' -- "$bin/hammer" connect 1 2 >"$out" 2>"$err"
t_like 'text: an event' "$(cat "$err")" '*hammer*should_failslab*-12 ENOMEM*'
t_like 'text: the way out' "$(cat "$err")" '*tcp_v4_connect returned -*ENO*'
t_like 'text: the closing line' "$(tail -n 1 "$err")" '*2 injected*'
t_num "text: the command's output is its own" "$(wc -l <"$out")" -eq 1
"$retcon" inject --for 100ms kmalloc 'tcp_v4_connect()' >"$out" 2>"$err"
t_like 'without command: the closing line goes to stdout' "$(cat "$out")" '*0 injected*'
t_like 'without command: armed goes to stderr' "$(cat "$err")" '*armed: kmalloc tcp_v4_connect()*'

t_done
