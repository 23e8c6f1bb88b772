#!/bin/bash
# A signal before anything is armed ends retcon at once, and the command that waits with it. It is held up by a fifo in
# the place of the kernel's types, for us alone, so it comes to arm nothing. TAP output.
set -eu
# shellcheck source-path=SCRIPTDIR/../check source=tap.bash
. "$(dirname "$0")/../check/tap.bash"

if [ -z "${RETCON_TEST_FIFO:-}" ]; then
	RETCON_TEST_FIFO=$(mktemp -d)/fifo
	export RETCON_TEST_FIFO
	trap 'rm -r "${RETCON_TEST_FIFO%/*}"' EXIT
	mkfifo "$RETCON_TEST_FIFO"
	# shellcheck disable=SC2016 # for the inner shell
	unshare -m --propagation private -- \
		sh -c 'mount --bind "$RETCON_TEST_FIFO" /sys/kernel/btf/vmlinux; exec "$0"' "$(readlink -f "$0")"
	exit
fi

dir=${RETCON_TEST_FIFO%/*}

# runs PID: it is there, and not as what its parent has yet to look at
runs()
{
	[ -e "/proc/$1" ] && ! grep -q '^State:.*Z' "/proc/$1/status" 2>/dev/null
}

# soon COMMAND...: true within 10 seconds
soon()
{
	local i

	for ((i = 0; i < 100; i++)); do
		! "$@" || return 0
		sleep 0.1
	done
	return 1
}

gone()
{
	! runs "$1"
}

# waits PID: in opening the fifo, where planning is
waits()
{
	[[ "$(cat "/proc/$1/wchan")" == *wait_for_partner ]]
}

# ends SIGNAL: in time, by that signal, its command too
ends()
{
	local pid command status=0

	# what a script has in the background ignores SIGINT otherwise
	env --default-signal=INT "$build/retcon" trace "p:$build/tests/workload/traced:traced_own" -- \
		touch "$dir/has-run" >"$dir/out" 2>&1 </dev/null &
	pid=$!
	soon waits $pid || { echo 'does not wait'; cat "$dir/out"; }
	command=$(pgrep -P $pid) || echo 'no command'
	kill -s "$1" $pid
	if ! soon gone $pid; then
		echo 'goes on'
		kill -s KILL $pid
	fi
	wait $pid 2>/dev/null || status=$?
	[ $status -eq $((128 + $(kill -l "$1"))) ] || echo "status $status"
	soon gone "$command" || echo 'the command goes on'
	[ ! -e "$dir/has-run" ] || echo 'the command has run'
}

nothing 'SIGINT' ends INT
nothing 'SIGTERM' ends TERM
nothing 'SIGHUP' ends HUP
echo "1..$cases"
