#!/bin/bash
# retcon trace: each example and each option that bcc's tool documents, as examples.table has them: what is printed.
# A case is lines of the table and no code:
#
#   do COMMAND      what the next trace runs as its command, by a shell
#   job COMMAND     a process for the next trace: $pid; it runs COMMAND when the trace is armed
#   trace ARGS      run it, as a shell reads ARGS; to its end, or until the job has ended
#   row REGEX       some line of its output is like this, blanks being one
#   no REGEX        no line is
#   none            nothing is printed but the heads of the columns
#   says REGEX      some line of its errors is like this
#   prints REGEX    some line of its standard output is, which is not where rows go
#   status N        of its exit; 0, where nothing is said
#   on VERSION LINE one of the above, for that kernel only
#
# kernels: 6.12
# kernels of a long run: 6.1
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

rows=$work/rows
command=
pid=
args=
status=0
judged=1
PATH=$top/$bin:$PATH

# The exit status is asked for when all else has been: of most it is 0
judge_status()
{
	[ $judged -eq 1 ] || t_is "$args: exit status" "$status" 0
	judged=1
}

run_trace()
{
	local words tracer

	judge_status
	args=$1
	judged=0
	eval "words=($args)" # the names of files and processes
	rm -f "$rows"
	if [ -n "$pid" ]; then
		timeout -s INT 30 "$retcon" trace -o "$rows" "${words[@]}" >"$out" 2>"$err" &
		tracer=$!
		t_jobs+=("$tracer")
		wait_for 30 grep -q ^armed "$err" || t_note "not armed: $args" "$(cat "$err")"
		release
		wait "$tracer"
		status=$?
	else
		"$retcon" trace -o "$rows" "${words[@]}" ${command:+-- bash -c "$command"} >"$out" 2>"$err" </dev/null
		status=$?
	fi
	touch "$rows"
	command=
	pid=
}

# like WORD FILE REGEX: "row" and "says" want a line, "no" wants none
like()
{
	local word=$1 file=$2 regex=$3 found=1 wanted=0

	tr -s ' ' <"$file" | grep -qE -- "$regex" && found=0
	[ "$word" != no ] || wanted=1
	if [ $found -eq $wanted ]; then
		t_result 0 "$args: $word $regex"
	else
		t_result 1 "$args: $word $regex"
		t_note "$(head -n 15 "$file")"
		t_why
	fi
}

line()
{
	case $1 in
	do) command=$2 ;;
	job)
		# shellcheck disable=SC2016 # for the inner shell
		waiting bash -c 'echo ready; read -r go; eval "exec $0"' "$2"
		pid=$job
		;;
	trace) run_trace "$2" ;;
	row | no) like "$1" "$rows" "$2" ;;
	says) like says "$err" "$2" ;;
	prints) like prints "$out" "$2" ;;
	none) t_is "$args: nothing" "$(grep -vc '^\(TIME *\|CPU *\)*PID' "$rows")" 0 ;;
	status)
		t_is "$args: exit status" "$status" "$2"
		judged=1
		;;
	on) [ "${2%% *}" != "$kernel" ] || one_line "${2#* }" ;;
	*) t_result 1 "examples.table: no such word: $1" ;;
	esac
}

one_line()
{
	local word rest

	read -r word rest <<<"$1"
	line "$word" "$rest"
}

ip link set lo up
mount -t cgroup2 none /sys/fs/cgroup 2>/dev/null
mkdir -p /sys/fs/cgroup/system.slice/workload.service
while IFS= read -r -u 8 text; do
	case $text in
	'' | '#'*) ;;
	*) one_line "$text" ;;
	esac
done 8<"${0%.sh}.table"
judge_status
t_done
