#!/bin/bash
# A rule ends when it is told to: under a flood of events, with odd signals and descriptors.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# More events than anybody can read, for as long as retcon lives.
job "$bin/hammer" socket 4 1000s >/dev/null
flood=$job
sleep 0.5
start=$SECONDS
timeout -s KILL 30 "$retcon" inject --json -o "$events" --for 1s kmalloc '__sys_socket()' 2>"$err"
t_is 'a flood does not stop --for' $? 0
t_num 'a flood: not long after its time' $((SECONDS - start)) -le 25
t_num 'a flood it was' "$(injections .)" -ge 500
t_num 'a flood: every event was read or counted as dropped' \
	"$(($(injections .) + $(counted drops)))" -ge "$(counted injected)"

inject_start kmalloc '__sys_socket()'
sleep 1
start=$SECONDS
inject_stop
t_num 'a flood does not stop a signal' $((SECONDS - start)) -le 25
kill "$flood"
wait "$flood"

t_ok 'SIGCHLD ignored by the parent: the command is still waited for' \
	timeout 20 env --ignore-signal=CHLD "$retcon" inject kmalloc 'tcp_v4_connect()' -- true

printf 'kept\n' >"$work/kept"
"$retcon" inject -o "$work/kept" kmalloc 'tcp_v4_connect(' 2>"$err"
t_is 'a rule that is wrong leaves the output file alone' "$(cat "$work/kept")" kept
ln -s "$work/kept" "$work/link"
"$retcon" inject -o "$work/link" --for 100ms kmalloc 'tcp_v4_connect()' 2>"$err"
t_like 'output is not written through a symbolic link' "$(cat "$err")" '*symbolic link*'

"$retcon" inject -v --json -o "$events" --for 100ms kmalloc 'tcp_v4_connect()' 2>"$err"
t_ok 'JSON stays JSON with -v' jq -e . "$events"
t_like 'and the programs are listed all the same' "$(cat "$err")" '*rc_target on should_failslab*'
"$retcon" inject --json -o "$events" --for 100ms kmalloc 'tcp_v4_connect()' 2>&-
t_ok 'JSON stays JSON without a standard error' jq -e . "$events"

# The first line is read, then nobody reads: the command lives on, unharmed from then on.
{ "$retcon" inject kmalloc '__sys_socket()' -- \
	sh -c "$bin/hammer socket 1 2000 >$work/hammered; exit 5" 2>&1; echo $? >"$work/status"; } | head -n 1 >"$out"
t_like 'nobody reads: the first line came' "$(cat "$out")" 'armed: *'
t_is 'nobody reads: the status is the command'"'"'s' "$(cat "$work/status")" 5

t_not 'an enum constant is no condition' "$retcon" inject --for 100ms kmalloc '(PIDTYPE_TGID == 1)'
t_not 'sizeof is no condition' "$retcon" inject --for 100ms kmalloc '(sizeof(s) == 8)'

t_done
