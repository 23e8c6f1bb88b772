#!/bin/bash
# Whose calls count: every kind of scope, on both sides of its edge; unions, intersections, who is exempt.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# Where nothing can be made, mkdir says ENOENT; in scope it says EDQUOT, or ENOMEM with a chain.
rule='syscall:mkdir = -EDQUOT'
chain='kmalloc = -ENOMEM under sys_mkdir'
chmod 755 "$work"
cp "$bin/call" "$work/call"
for name in other a-name-of-15-by a-name-of-14-b; do
	ln -s call "$work/$name"
done

# says COMMAND...: what mkdir is told there
says()
{
	"$@" mkdir /nowhere/at/all | sed 's/.*(\(.*\))/\1/'
}

# in_cgroup PATH COMMAND...
# shellcheck disable=SC2317 # says calls it
in_cgroup()
{
	local path=$1

	shift
	bash -c 'echo $$ >"$0" && exec "$@"' "$path/cgroup.procs" "$@"
}

# refuses PATTERN OPTION...: as bad usage
refuses()
{
	local pattern=$1

	shift
	override "$@"
	t_is "refused: $*" $status 2
	t_like "said why: $*" "$(cat "$err")" "$pattern"
}

# shellcheck disable=SC2317 # wait_for calls it
grew()
{
	[ "$(wc -l <"$1")" -gt "$2" ]
}

# ask FD FILE: what the threads of `turns` behind these are told at their turn
ask()
{
	local before

	before=$(wc -l <"$2")
	echo all >&"$1"
	wait_for 10 grew "$2" "$before"
	tail -n 1 "$2"
}

# go_nowhere: the shell's own system call, and what it says of it
go_nowhere()
{
	cd /nowhere 2>"$work/cd" || cat "$work/cd"
}

# the last retcon by itself, as after all that it was asked
ends()
{
	local still=0

	wait_for 10 gone "$injector" || { still=1; kill "$injector"; }
	wait "$injector"
	t_is "$1" "$? $still" '0 0'
}

# shellcheck disable=SC2317 # wait_for calls it
gone()
{
	! kill -0 "$1"
}

# --- processes and threads

mkfifo "$work/one" "$work/two"
exec 8<>"$work/one" 9<>"$work/two"
"$bin/turns" 2 <"$work/one" >"$work/one.out" &
one=$!
"$bin/turns" 1 <"$work/two" >"$work/two.out" &
two=$!
t_jobs+=("$one" "$two")
wait_for 10 grep -q ready "$work/one.out"
wait_for 10 grep -q ready "$work/two.out"
read -r _ _ first second <"$work/one.out"

override_start -t "$one" -t "$second" "$rule"
t_is '-t -t: the first thread of a process is one too' "$(ask 8 "$work/one.out")" 'EDQUOT ENOENT EDQUOT'
t_is '-t -t: no other process' "$(ask 9 "$work/two.out")" 'ENOENT ENOENT'
inject_stop
t_is '-t -t: as many hits as calls' "$(counted hits)" 2
override_start -p "$two" -t "$second" -t "$two" "$rule"
t_is '-p -t: not a thread of another process' "$(ask 8 "$work/one.out")" 'ENOENT ENOENT ENOENT'
t_is '-p -t: one thread of the process' "$(ask 9 "$work/two.out")" 'EDQUOT ENOENT'
inject_stop
override_start -t "$second" "$chain"
t_is '-t with a caller: the thread alone' "$(ask 8 "$work/one.out")" 'ENOENT ENOENT ENOMEM'
inject_stop
refuses '*nobody whose calls could count*' -p "$two" -t "$first" "$rule"
refuses "*$first is a thread: its process is $one*" -p "$first" "$rule"
override -t "$first" "$rule" -- true
t_is 'refused: -t and a command' $status 125
t_like 'said why: -t and a command' "$(cat "$err")" '*-t and a command exclude each other*'

# It ends with the last of them.
sleep 600 &
napping=$!
t_jobs+=("$napping")
override_start -p "$napping" -p "$two" "$rule"
t_is '-p -p: all threads of a process' "$(ask 9 "$work/two.out")" 'EDQUOT EDQUOT'
t_is '-p -p: no other process' "$(ask 8 "$work/one.out")" 'ENOENT ENOENT ENOENT'
kill "$napping"
sleep 0.3
t_ok '-p -p: goes on when one has ended' kill -0 "$injector"
t_is '-p -p: the other still counts' "$(ask 9 "$work/two.out")" 'EDQUOT EDQUOT'
kill "$two"
ends '-p -p: ends with the other'
override_start -t "$first" -t "$second" "$rule"
echo 'end 1' >&8
sleep 0.3
t_ok '-t -t: goes on when one has ended' kill -0 "$injector"
t_is '-t -t: the other still counts' "$(ask 8 "$work/one.out")" 'ENOENT EDQUOT'
echo 'end 2' >&8
[ "$kernel" != 6.1 ] || kill "$one" # nobody says there that a thread ended
ends '-t -t: ends with the other'
exec 8>&- 9>&-

# --- names

override_start --comm other --comm a-name-of-15-bytes-and-more "$rule"
t_is '--comm --comm: one' "$(says "$work/other")" EDQUOT
t_is '--comm --comm: of a long name what the kernel keeps' "$(says "$work/a-name-of-15-by")" EDQUOT
t_is '--comm --comm: no shorter one' "$(says "$work/a-name-of-14-b")" ENOENT
t_is '--comm --comm: nobody else' "$(says "$work/call")" ENOENT
t_like '--comm --comm: a long name gets a note' "$(cat "$err")" '*keeps 15 bytes of a name*'
inject_stop

# --- users

override_start --uid 65534 --uid daemon --uid 4000000000 "$rule"
t_is '--uid: theirs' "$(says setpriv --reuid 65534 --clear-groups "$work/call")" EDQUOT
t_is '--uid: by name' "$(says setpriv --reuid 1 --clear-groups "$work/call")" EDQUOT
t_is '--uid: by a large number' "$(says setpriv --reuid 4000000000 --clear-groups "$work/call")" EDQUOT
t_is '--uid: nobody else' "$(says setpriv --reuid 2 --clear-groups "$work/call")" ENOENT
t_is '--uid: not those of root' "$(says "$work/call")" ENOENT
t_is '--uid: the real one counts' "$(says setpriv --ruid 65534 "$work/call")" EDQUOT
t_is '--uid: not the effective one' "$(says setpriv --euid 65534 "$work/call")" ENOENT
inject_stop
refuses '*there is no user no-such*' --uid no-such "$rule"
many=()
for i in {1..17}; do
	many+=(--uid "$i")
done
refuses '*more than 16 of --uid*' "${many[@]}" "$rule"

# --- cgroups

top_cgroup=/sys/fs/cgroup
mkdir -p $top_cgroup/scope/below/more $top_cgroup/scoped
override_start --cgroup $top_cgroup/scope "$rule"
t_is '--cgroup: in it' "$(says in_cgroup $top_cgroup/scope "$work/call")" EDQUOT
t_is '--cgroup: below it' "$(says in_cgroup $top_cgroup/scope/below/more "$work/call")" EDQUOT
t_is '--cgroup: not beside it' "$(says in_cgroup $top_cgroup/scoped "$work/call")" ENOENT
t_is '--cgroup: not above it' "$(says "$work/call")" ENOENT
inject_stop
override_start --cgroup scope/below --cgroup /scoped "$rule"
t_is '--cgroup --cgroup: below the mount' "$(says in_cgroup $top_cgroup/scope/below "$work/call")" EDQUOT
t_is '--cgroup --cgroup: as /proc has it' "$(says in_cgroup $top_cgroup/scoped "$work/call")" EDQUOT
t_is '--cgroup --cgroup: not what is above' "$(says in_cgroup $top_cgroup/scope "$work/call")" ENOENT
inject_stop
refuses '*there is no cgroup no/such*' --cgroup no/such "$rule"
refuses '*there is no cgroup /dev/shm*' --cgroup /dev/shm "$rule"
refuses '*whole system*' --cgroup / "$rule"

# --- network namespaces

unshare -n sleep 600 &
apart=$!
t_jobs+=("$apart")
wait_for 10 bash -c "[ \"\$(readlink /proc/$apart/ns/net)\" != \"\$(readlink /proc/self/ns/net)\" ]"
override_start --netns "$apart" "$rule"
t_is '--netns PID: in it' "$(says nsenter -n -t "$apart" "$work/call")" EDQUOT
t_is '--netns PID: not in ours' "$(says "$work/call")" ENOENT
t_is '--netns PID: not in a third' "$(says unshare -n "$work/call")" ENOENT
inject_stop
ip netns add retcon-scope 2>"$work/netns" || t_note "$(cat "$work/netns")"
override_start --netns "/proc/$apart/ns/net" --netns retcon-scope "$rule"
t_is '--netns --netns: by name' "$(says ip netns exec retcon-scope "$work/call")" EDQUOT
t_is '--netns --netns: by path' "$(says nsenter -n -t "$apart" "$work/call")" EDQUOT
t_is '--netns --netns: not in ours' "$(says "$work/call")" ENOENT
inject_stop
ip netns delete retcon-scope
refuses '*is no network namespace*' --netns /proc/self/ns/mnt "$rule"
refuses '*no-such is not there*' --netns no-such "$rule"
refuses '*whole system*' --netns 1 "$rule"

# --- kinds intersect

override_start --comm call --uid 65534 --cgroup scope --netns "$apart" "$rule"
all=(nsenter -n -t "$apart" setpriv --reuid 65534 --clear-groups)
t_is 'four kinds: all hold' "$(says in_cgroup $top_cgroup/scope "${all[@]}" "$work/call")" EDQUOT
t_is 'four kinds: another name' "$(says in_cgroup $top_cgroup/scope "${all[@]}" "$work/other")" ENOENT
t_is 'four kinds: another user' \
	"$(says in_cgroup $top_cgroup/scope nsenter -n -t "$apart" "$work/call")" ENOENT
t_is 'four kinds: another cgroup' "$(says "${all[@]}" "$work/call")" ENOENT
t_is 'four kinds: another namespace' \
	"$(says in_cgroup $top_cgroup/scope setpriv --reuid 65534 --clear-groups "$work/call")" ENOENT
inject_stop
t_is 'four kinds: only what all hold for is a hit' "$(counted hits)" 1
override --comm other "$rule" -- bash -c "'$work/other' mkdir /nowhere/x; '$work/call' mkdir /nowhere/x"
t_like 'a name within a command' "$(cat "$out")" '*EDQUOT*ENOENT*'

# the program of a chain's function asks as well
override_start --comm call --uid 65534 --cgroup scope --netns "$apart" "$chain"
t_is 'four kinds and a caller: all hold' \
	"$(says in_cgroup $top_cgroup/scope "${all[@]}" "$work/call")" ENOMEM
t_is 'four kinds and a caller: another name' \
	"$(says in_cgroup $top_cgroup/scope "${all[@]}" "$work/other")" ENOENT
t_is 'four kinds and a caller: another user' \
	"$(says in_cgroup $top_cgroup/scope nsenter -n -t "$apart" "$work/call")" ENOENT
t_is 'four kinds and a caller: another cgroup' "$(says "${all[@]}" "$work/call")" ENOENT
t_is 'four kinds and a caller: another namespace' \
	"$(says in_cgroup $top_cgroup/scope setpriv --reuid 65534 --clear-groups "$work/call")" ENOENT
inject_stop

# --- who is exempt

override_start --uid root 'syscall:chdir = -EDQUOT if filename == "/nowhere"'
go_nowhere >"$work/nowhere"
t_like 'a shell that started retcon is exempt' "$(cat "$work/nowhere")" '*No such file*'
inject_stop
t_num 'an exempt call is counted' "$(counted exempt)" -ge 1
override_start -t $$ 'syscall:chdir = -EDQUOT if filename == "/nowhere"'
go_nowhere >"$work/nowhere" # no subshell: that would be another process
t_like 'a shell of which a thread is named is not exempt' "$(cat "$work/nowhere")" '*quota*'
inject_stop
t_num 'it was injected' "$(counted injected)" -ge 1
t_num 'none was exempt' "$(counted exempt)" -eq 0
# named or not, retcon goes on being able to say so
bash -c 'exec "$@" -p $$ "syscall:write = -EIO"' - "$retcon" override --for 300ms --json -o "$events" 2>"$err"
t_is 'retcon itself is exempt even if named' $? 0
t_num 'and what it wrote is counted' "$(counted exempt)" -ge 1
t_is 'and not injected' "$(counted injected)" 0

# --- a command's descendants

# forks, leaves the session, forks again, and its parent is process 1 when it makes the call
cat >"$work/daemon" <<'END'
setsid -f bash -c 'bash "$0/orphan" "$0" &' "$1"
for i in {1..200}; do
	! grep -q E "$1/told" 2>/dev/null || exit 0
	sleep 0.05
done
END
cat >"$work/orphan" <<'END'
until grep -q '^PPid:.1$' /proc/$$/status; do
	sleep 0.05
done
exec "$1/call" mkdir /nowhere/at/all >"$1/told"
END
override "$rule" -- bash "$work/daemon" "$work" &
sleep 0.2
t_is 'beside a command: nobody else' "$(says "$work/call")" ENOENT
wait $!
t_like 'a command: followed through setsid and double fork' "$(cat "$work/told")" '*EDQUOT*'
t_is 'a command: that is all it did' "$(counted injected)" 1

rmdir $top_cgroup/scope/below/more $top_cgroup/scope/below $top_cgroup/scope $top_cgroup/scoped
t_done
