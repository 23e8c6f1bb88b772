#!/bin/bash
# kill -9 between any two system calls of a life: while it arms, while it is armed, while it disarms. Nothing may stay,
# and the command behind -- neither stays nor runs unarmed. In a long run at each stop, else at some, from a random one on.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

if [ -n "${RETCON_TEST_LONG:-}" ]; then
	every=1
elif in_full; then
	every=47
else
	every=97
fi

# said WORD: a number of the last line of faultpoint
said()
{
	sed -n "s/.*\<$1 \([0-9]*\).*/\1/p" <<<"$line"
}

# kill_everywhere NAME OPTION... RULE
kill_everywhere()
{
	local name=$1 first=$((RANDOM % every + 1)) start=$SECONDS line failed

	shift
	line=$("$bin/faultpoint" $every $first "$bin/leftovers" "$retcon" override "$@" -- echo ran 2>"$err")
	failed=$?
	t_note "$name, every $every from $first: $line, $((SECONDS - start)) s"
	t_is "$name: nothing stays, nothing runs unarmed" $failed 0
	t_num "$name: so many stops were tried" "$(said tried)" -eq $((($(said stops) - first) / every + 1))
	t_num "$name: arming takes some" "$(said armed)" -gt 50
	t_num "$name: few ended before" "$(said early)" -le $((4 + $(said tried) / 20))
	t_clean "$name"
}

server
job "$bin/hammer" trickle 1 1000s >/dev/null

kill_everywhere 'kprobe.multi with a chain' --engine kprobe.multi 'kmalloc = -ENOMEM under tcp_v4_connect'
kill_everywhere 'fmod_ret with a chain' --engine fmod_ret 'kmalloc = -ENOMEM under tcp_v4_connect'
kill_everywhere 'lsm' --engine lsm 'lsm:socket_connect = -EPERM'
kill_everywhere 'after' 'syscall:mkdir = -EIO after'

kill "$job"
wait "$job"
t_like 'the workload runs clean' "$("$bin/conn" many 20 7001)" '20 of 20 connected*'
inject kmalloc 'tcp_v4_connect()' -- "$bin/conn" tcp 7001
t_like 'and can be made to fail again' "$(cat "$out")" 'connect: *ENO*'

t_done
