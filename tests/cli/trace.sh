#!/bin/bash
# retcon trace on functions, markers and results of a program, which takes no kprobes: never on any process but our own.
# TAP output.
set -eu
# shellcheck source-path=SCRIPTDIR/../check source=tap.bash
. "$(dirname "$0")/../check/tap.bash"

own_tracefs

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
traced=$build/tests/workload/traced
rows=$dir/rows

# row PATTERN ARGUMENT... -- ACTION...: a row of what is traced of the program is like that, blanks being one
row()
{
	local pattern=$1 args=() status=0 line

	shift
	while [ "$1" != -- ]; do
		args+=("$1")
		shift
	done
	shift
	printf 'what was there before%.0s\n' {1..50} >"$rows"
	"$build/retcon" trace -o "$rows" "${args[@]}" -- "$traced" "$@" >"$dir/out" 2>"$dir/err" </dev/null || status=$?
	[ $status -eq 0 ] || { echo "status $status"; cat "$dir/err"; return 0; }
	! grep -q before "$rows" || echo 'what was in the file before is still there'
	while IFS= read -r line; do
		# shellcheck disable=SC2053 # a pattern it is
		[[ $line != $pattern ]] || return 0
	done < <(tr -s ' ' <"$rows")
	echo "no row is like: $pattern"
	cat "$rows" "$dir/err"
}

# none ARGUMENT... -- ACTION...: nothing is shown but the heads of the columns
none()
{
	row 'PID TID COMM FUNC*' "$@"
	[ "$(wc -l <"$rows")" -eq 1 ] || cat "$rows"
}

# bad STATUS PATTERN ARGUMENT...: what is said of a mistake
bad()
{
	local wanted=$1 pattern=$2 status=0 said

	shift 2
	said=$("$build/retcon" trace "$@" -- "$traced" own 2>&1 </dev/null) || status=$?
	[ "$status" -eq "$wanted" ] || echo "status $status, wanted $wanted: $said"
	# shellcheck disable=SC2053 # a pattern it is
	[[ $said == $pattern ]] || printf 'wanted %s, got:\n%s\n' "$pattern" "$said"
}

# a process that runs already, and what it does from then on
by_pid()
{
	local pid tracer

	mkfifo "$dir/go"
	# shellcheck disable=SC2016 # for the inner shell
	sh -c 'read -r go; exec "$0" own' "$traced" <"$dir/go" &
	pid=$!
	exec 5>"$dir/go"
	"$build/retcon" trace -p "$pid" "$traced:traced_own \"%s\", arg2" >"$rows" 2>"$dir/err" </dev/null &
	tracer=$!
	for _ in $(seq 100); do
		! grep -q ^armed "$dir/err" || break
		sleep 0.1
	done
	echo go >&5
	exec 5>&-
	wait "$pid" || echo "the program: status $?"
	wait "$tracer" || echo "status $?"
	grep -q "^$pid .*traced_own *seven\$" "$rows" || cat "$rows" "$dir/err"
}

# as JSON: a number that is none with a sign
as_json()
{
	local said

	said=$("$build/retcon" trace --json "$traced:traced_own \"%llx %d\", -1l, -1" -- "$traced" own 2>&1 >/dev/null </dev/null)
	[[ $said == *'"message":"ffffffffffffffff -1","values":[18446744073709551615,-1]'* ]] || echo "$said"
}

# on a terminal of $1: what is like $2 is there, and what is like $3 is not
on_terminal()
{
	local said

	said=$(TERM=$1 script -qec "'$build/retcon' trace 'r:$traced:traced_own' -- '$traced' own" /dev/null </dev/null)
	[[ $said == *$2* ]] || printf 'not there: %q in %q\n' "$2" "$said"
	[[ $said != *$3* ]] || printf 'there: %q in %q\n' "$3" "$said"
}

# columns stay in line behind a name that is longer than they are
in_line()
{
	nothing_said=$("$build/retcon" trace "$traced:traced_own \"a\"" 't:syscalls:sys_enter_clock_nanosleep "b"' \
		"r:$traced:traced_own \"c\"" -- "$traced" linger own 2>/dev/null </dev/null | awk '
		/ b$/ { at = length } / c$/ && at && length != at { print "not in line: " $0 }')
	echo -n "$nothing_said"
}

# a pipe that somebody has made non-blocking, and a reader who takes his time
non_blocking()
{
	local rows

	rows=$({ perl -e 'use Fcntl; fcntl(STDERR, F_SETFL, O_WRONLY | O_NONBLOCK); exec @ARGV' \
		"$build/retcon" trace -b 4096 't:syscalls:sys_enter_lseek "%d", args->offset' -- \
		"$build/tests/workload/storm" 1 20000 2>&1 >/dev/null </dev/null || echo "status $?"; } | { sleep 2; cat; })
	[ "$(grep -c 'sys_enter_lseek  [0-9]' <<<"$rows")" -eq 20000 ] || echo "$(wc -l <<<"$rows") rows"
	! grep -v '^[0-9]' <<<"$rows" | grep -v '^armed\|^PID'
}

# the names of a file that means ill: no escape of it gets out
ill_named()
{
	local said

	objcopy --redefine-sym traced_own=$'fn\e[31m' "$traced" "$dir/ill"$'\e'
	said=$("$build/retcon" trace -U "$dir/ill"$'\e:fn*' -- "$dir/ill"$'\e' own linger 2>&1 </dev/null) || echo "status $?"
	[[ $said == *'fn\x1b[31m'* ]] || echo "no such row: $said"
	[[ $said != *$'\e'* ]] || printf 'an escape: %q\n' "$said"
}

# the programs are listed where they are among no JSON
json_alone()
{
	"$build/retcon" trace -v --json "$traced:traced_own" -- "$traced" own 2>"$dir/err" </dev/null | grep -v '^{' || true
	grep -q rc_trace "$dir/err" || echo 'no listing'
}

own=$traced:traced_own
nothing 'an output that does not block is waited for' non_blocking
nothing 'names of functions and files are shown, not obeyed' ill_named
nothing 'JSON lines stay JSON lines' json_alone
nothing 'tallies are no JSON' bad 125 '*-A counts rows*--json*' -A -M 1 --json "$own"
nothing 'colour on a terminal: a result that is an error' on_terminal xterm $'\e[31m = -2 ENOENT\e[0m' '0m = -2'
nothing '... without it on one that has none' on_terminal dumb ' = -2 ENOENT' $'\e'
NO_COLOR=1 nothing '... or where nobody wants it' on_terminal xterm ' = -2 ENOENT' $'\e'
nothing 'columns stay in line' in_line
nothing 'a function' row '* traced traced_own' "$own" -- own
nothing 'its arguments' row '* traced_own 7 seven' "$own \"%d %s\", arg1, arg2" -- own
nothing 'its arguments by name' row '* traced_own 7 seven' "p:$own(int n, char *text) \"%d %s\", n, text" -- own
nothing 'a condition' row '* traced_own yes' "$own (STRCMP(\"seven\", arg2) && arg1 == 7) \"yes\"" -- own
nothing 'a condition that does not hold: T1, no prefix' none "$own (STRCMP(\"sev\", arg2))" -- own
nothing 'memory behind a pointer' row '* traced_own 5' "$own \"%d\", *(int *)arg3" -- own
nothing 'a result' row '* traced_own -2 ENOENT' "r:$own \"%e\", retval" -- own
nothing 'a result without a format' row '* traced_own = -2 ENOENT' "r:$own" -- own
nothing 'a result, with the arguments' row '* traced_own 7 seven -2' \
	"r:$own(int n, char *text) ((int)retval < 0) \"%d %s %d\", n, text, retval" -- own
nothing 'nested calls, each with its own argument' row '* traced_nested 2 3' "r:$traced:traced_nested \"%d %d\", arg1, retval" \
	-- nested
nothing '... all of them' row '* traced_nested 3 6' "r:$traced:traced_nested \"%d %d\", arg1, retval" -- nested
nothing 'a pattern' row '* traced_nested 6' "r:$traced:traced_* \"%d\", retval" -- own nested
nothing 'an offset' row '* traced_own 7 traced_own+0x0 \[traced\]' "p:$own+0x0 \"%x %U\", ctx->di, ctx->ip" -- own linger
nothing 'a stack' row ' traced_own+0x0 \[traced\]' -U "$own" -- own linger
nothing 'a stack, with addresses' row ' [0-9a-f]* traced_own+0x0 \[traced\]' -U -a "$own" -- own linger
nothing 'a marker' row '* mark 42 answer' "u:$traced:mark \"%d %s\", arg1, arg2" -- marker
nothing 'a marker of a provider' row '* mark 42' "u:$traced:traced:mark (arg1 == 42) \"%d\", arg1" -- marker
nothing 'malloc' row '* malloc size = 54321' 'c:malloc (arg1 > 50000) "size = %d", arg1' -- malloc
nothing "malloc's result" row '* malloc allocated = [0-9a-f]*' 'r:c:malloc (retval) "allocated = %x", retval' -- malloc
nothing 'write' row '* write writing 5 bytes to STDOUT' 'p:c:write (arg1 == 1) "writing %d bytes to STDOUT", arg3' -- write
nothing 'inet_pton' row '* inet_pton 192.0.2.7' 'p:c:inet_pton "%s", arg2' -- pton
nothing 'pthread_create' row '* pthread_create nothing+0x0 \[traced\]' 'pthread:pthread_create "%U", arg3' -- thread linger
nothing 'as JSON' as_json
nothing 'two probes' row '* write' 'r:c:read ((int)retval < 0) "read failed: %d", retval' p:c:write -T -- read write
nothing 'a tracepoint' row '* sys_enter_nanosleep *' 't:syscalls:sys_enter_nanosleep "%p", args->rqtp' -- sleep
nothing 'a process that runs' by_pid
nothing 'no such function' bad 125 "*did you mean 'malloc'*" c:mallocc
nothing 'no such library' bad 125 '*neither a library*nor a program*' nolib:f
nothing 'no such marker' bad 125 "*no marker*did you mean 'mark'*" "u:$traced:mrk"
nothing 'no markers at all' bad 125 '*no marker*' u:pthread:pthread_create
nothing 'a marker has two arguments' bad 125 '*has 2 arguments*' "u:$traced:mark \"%d\", arg3"
echo "1..$cases"
