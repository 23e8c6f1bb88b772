# shellcheck shell=bash
# What the tests in the guest have in common: TAP, starting retcon, asking what it counted.
#
# A test file sources this, makes its checks and ends with t_done. Sourcing it refuses to go on
# anywhere but in a guest: what follows changes what the kernel returns.

if ! grep -qw retcon.guest=1 /proc/cmdline; then
	echo "${0##*/}: this changes what the kernel returns and is for a guest only" \
		"(retcon vm -- tests/guest/run-all)" >&2
	exit 3
fi

set -u
export LC_ALL=C

top=$(dirname "$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")")
cd "$top" || exit 1

BUILD=${BUILD:-build}
retcon=$BUILD/retcon
bin=$BUILD/tests/workload
# shellcheck disable=SC2034 # for the tests
kernel=$(uname -r | cut -d. -f1-2)
# The test module for this kernel, as tests/run builds it: a flavour's release is VERSION-FLAVOUR-retcon.
t_flavour=$(uname -r | sed -n 's/^[^-]*\(-.*\)-retcon$/\1/p')
# shellcheck disable=SC2034 # for the tests
module=$BUILD/module/$kernel$t_flavour/retcon_test.ko

work=$(mktemp -d /dev/shm/retcon-test.XXXXXX) || exit 1
events=$work/events # of the last retcon, as JSON
err=$work/err       # what it said
out=$work/out       # what its command said
summary=            # its closing line, once sum_up has read it

t_count=0
t_bad=0
t_jobs=()

for t_file in "$retcon" "$bin/conn"; do
	[ -x "$t_file" ] || { echo "Bail out! $t_file is missing"; exit 1; }
done

t_result()
{
	t_count=$((t_count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $t_count - $2"
	else
		t_bad=$((t_bad + 1))
		echo "not ok $t_count - $2"
	fi
}

t_note()
{
	printf '%s\n' "$@" | sed 's/^/#   /'
}

# t_ok NAME COMMAND...: it succeeds
t_ok()
{
	local name=$1 status said

	shift
	said=$("$@" 2>&1)
	status=$?
	t_result $status "$name"
	[ $status -eq 0 ] || t_note "exit status $status of: $*" "$said"
}

# t_not NAME COMMAND...: it fails
t_not()
{
	local name=$1 said

	shift
	if said=$("$@" 2>&1); then
		t_result 1 "$name"
		t_note "succeeded: $*" "$said"
	else
		t_result 0 "$name"
	fi
}

t_is()
{
	if [ "$2" = "$3" ]; then
		t_result 0 "$1"
	else
		t_result 1 "$1"
		t_note "got:    $2" "wanted: $3"
		t_why
	fi
}

# t_like NAME GOT PATTERN
t_like()
{
	# shellcheck disable=SC2053 # a pattern it is
	if [[ $2 == $3 ]]; then
		t_result 0 "$1"
	else
		t_result 1 "$1"
		t_note "got:    $2" "wanted: $3"
		t_why
	fi
}

# t_num NAME NUMBER OPERATOR NUMBER, as test(1) has them
t_num()
{
	if test "${2:-x}" "$3" "$4" 2>/dev/null; then
		t_result 0 "$1"
	else
		t_result 1 "$1"
		t_note "got:    $2" "wanted: $3 $4"
		t_why
	fi
}

# The last retcon's own words beside a failure.
t_why()
{
	[ ! -s "$err" ] || t_note "retcon said:" "$(head -n 12 "$err")"
}

t_skip()
{
	t_count=$((t_count + 1))
	echo "ok $t_count - $1 # SKIP $2"
}

# Nothing of retcon is left in the kernel, and nothing is probed that was not before.
t_clean()
{
	local left

	left=$("$bin/leftovers" --wait)
	t_like "$1: nothing of retcon is left" "$left" "*ours 0"
	t_is "$1: nothing is attached that was not before" "$(attached)" "$t_before"
}

t_done()
{
	t_clean "${0##*/}"
	echo "1..$t_count"
	exit $((t_bad > 0))
}

# The lines of a file; "none" when this kernel has no such file, or does not let it be read.
lines_of()
{
	local text

	text=$(cat "$1" 2>/dev/null) || { echo none; return; }
	[ -n "$text" ] && wc -l <<<"$text" || echo 0
}

# Links, traced functions and kprobes of the whole kernel.
attached()
{
	printf 'links %s traced %s kprobes %s\n' \
		"$("$bin/leftovers" | awk '{ print $4 }')" \
		"$(lines_of /sys/kernel/tracing/enabled_functions)" \
		"$(lines_of /sys/kernel/debug/kprobes/list)"
}

# in_full: what takes time is tried on the older kernel in a long run only
in_full()
{
	[ "$kernel" != 6.1 ] || [ -n "${RETCON_TEST_LONG:-}" ]
}

# job COMMAND...: in the background, ended with the test; its id is in $job
job()
{
	"$@" <&0 & # lest it read /dev/null
	job=$!
	t_jobs+=("$job")
}

# wait_for SECONDS COMMAND...: until it succeeds
wait_for()
{
	local tries=$(($1 * 20))

	shift
	while ! "$@" 2>/dev/null; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.05
	done
}

# At $far the kernel looks up the way anew after forget_ways, as for a first connection.
# shellcheck disable=SC2034 # for the tests
far=10.0.0.7:7001

forget_ways()
{
	echo 1 >/proc/sys/net/ipv4/route/flush
}

server()
{
	ip address add 10.0.0.7/32 dev lo 2>/dev/null
	job "$bin/conn" tcp-server 0.0.0.0:7001 >"$work/server"
	wait_for 10 grep -q listening "$work/server" || echo 'Bail out! the server does not start'
}

# inject OPTION... MODE SPEC [-- CMD...]: to its end; $status, $out
inject()
{
	rm -f "$events"
	summary=
	"$retcon" inject --json -o "$events" "$@" >"$out" 2>"$err"
	status=$?
}

# override OPTION... RULE [-- CMD...]: to its end; $status, $out
override()
{
	rm -f "$events"
	summary=
	"$retcon" override --json -o "$events" "$@" >"$out" 2>"$err"
	status=$?
}

# inject_start OPTION... MODE SPEC: in the background, until it is armed
inject_start()
{
	start_retcon inject "$@"
}

# the same for a rule; inject_stop ends it
override_start()
{
	start_retcon override "$@"
}

start_retcon()
{
	rm -f "$events"
	summary=
	"$retcon" "$1" --json -o "$events" "${@:2}" >"$out" 2>"$err" &
	injector=$!
	t_jobs+=("$injector")
	wait_for 20 armed_or_gone
	grep -q '^armed' "$err" || t_note "does not arm: $*" "$(cat "$err")"
}

armed_or_gone()
{
	grep -q '^armed' "$err" || ! kill -0 "$injector"
}

inject_stop()
{
	kill -INT "$injector"
	wait "$injector"
	status=$?
}

# waiting COMMAND...: started as a job, until it says "ready"; release lets it go on and ends when it does
waiting()
{
	rm -f "$work/go"
	mkfifo "$work/go"
	exec 7<>"$work/go"
	job "$@" <"$work/go" >"$work/waiting" 2>&1
	wait_for 30 grep -q ready "$work/waiting" || t_note "does not get ready: $*"
}

release()
{
	echo go >&7
	wait "$job"
	exec 7>&-
}

# the closing line of the last retcon; there may be megabytes before it
closing_line()
{
	tail -n 1 "$events" 2>/dev/null | grep '"type":"summary"'
}

# read it once: what is asked for next, of the same run, is then had without a process each
sum_up()
{
	summary=$(closing_line)
}

# counted NAME: a number of the closing line
counted()
{
	local line=$summary

	[ -n "$line" ] || line=$(closing_line)
	[[ $line =~ \"$1\":([0-9]+) ]] && echo "${BASH_REMATCH[1]}"
}

# injections PATTERN: how many events whose line matches
injections()
{
	grep '"type":"injected"' "$events" 2>/dev/null | grep -c -- "$1"
}

# injections whose stack lacks a function
injections_outside()
{
	grep '"type":"injected"' "$events" 2>/dev/null | grep -vc -- "\"$1[+.]"
}

# all text symbols' names, once a boot: reading them is dear
symbols()
{
	[ -s /dev/shm/retcon-test-symbols ] ||
		awk '$2 ~ /[tTwW]/ { print $3 }' /proc/kallsyms >/dev/shm/retcon-test-symbols
	cat /dev/shm/retcon-test-symbols
}

has_function()
{
	symbols | grep -qx -- "$1"
}

t_finish()
{
	local pid mounted

	for pid in ${t_jobs[@]+"${t_jobs[@]}"}; do
		kill "$pid" 2>/dev/null
	done
	wait 2>/dev/null
	awk -v below="$work/" 'index($2, below) == 1 { print $2 }' /proc/mounts | sort -r |
		while read -r mounted; do
			"$bin/call" umount "$mounted" >/dev/null
		done
	[ -z "${loop:-}" ] || losetup -d "$loop" 2>/dev/null
	rm -rf "$work"
}

trap t_finish EXIT
trap 'exit 130' INT TERM
t_before=$(attached)
