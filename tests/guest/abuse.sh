#!/bin/bash
# Rules that hit retcon itself, its children, the shell that started it, everybody, or init: disarming works all the same.
# Who is hit must not close a file of the guest's root: 9p loses it when it cannot allocate, see retcon-vm(1).
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

everything='kmalloc = -ENOMEM'
engines=fmod_ret # whose detaching allocates
rounds=1
if [ -n "${RETCON_TEST_LONG:-}" ]; then
	engines='kprobe.multi kprobe fmod_ret'
	rounds='1 2 3 4 5'
fi

# bounded ENGINE OPTION... RULE [-- CMD]: to its end, which is the point
bounded()
{
	rm -f "$events"
	timeout -k 5 60 "$retcon" override --json -o "$events" --engine "$@" >"$out" 2>"$err"
	status=$?
}

# Those in scope cannot allocate while the programs are taken off.
job "$bin/hammer" openat 2 1000s >/dev/null
hammer=$job
for engine in $engines; do
	for _ in $rounds; do
		bounded "$engine" -p "$hammer" --for 300ms "$everything"
		t_is "$engine, all allocations of others fail: it ends" "$status" 0
		t_num "$engine, all allocations of others fail: injected" "$(counted injected)" -ge 1
		bounded "$engine" --system-wide --for 300ms "$everything"
		t_is "$engine, everybody's allocations fail: it ends" "$status" 0
		t_num "$engine, everybody's allocations fail: injected" "$(counted injected)" -ge 1
	done
done
t_ok 'who was hit lives' kill -0 "$hammer"
kill "$hammer"
wait "$hammer"

# retcon itself, by its own id: it is exempt even so.
for engine in $engines; do
	# shellcheck disable=SC2016 # that shell's
	timeout -k 5 60 bash -c 'exec "$0" override --json -o "$2" --engine "$1" -p $$ --for 300ms "$3"' \
		"$retcon" "$engine" "$events" "$everything" 2>"$err"
	t_is "$engine, retcon by -p: it ends" $? 0
	t_num "$engine, retcon by -p: nothing injected" "$(counted injected)" -eq 0
done

# Its children: CMD cannot even be run, and may be killed for it.
for engine in $engines; do
	bounded "$engine" "$everything" -- true
	t_num "$engine, its command: it ends" "$status" -ge 126
	t_num "$engine, its command: injected" "$(counted injected)" -ge 1
done

# The shell that is to stop it: nothing but what it has in memory works, which is kill and wait.
cat >"$work/stop" <<'STOP'
exec 8<>"$5"
"$1" override --json -o "$2" --engine "$3" -p $$ "$4" 2>&8 &
injector=$!
while read -r -t 60 -u 8 line; do
	[[ $line != armed* ]] || break
done
kill -INT $injector
wait $injector
exit $?
STOP
mkfifo "$work/said"
for engine in $engines; do
	timeout -k 5 100 bash "$work/stop" "$retcon" "$events" "$engine" "$everything" "$work/said"
	t_is "$engine, a shell that cannot allocate: stops it" $? 0
	t_num "$engine, a shell that cannot allocate: injected" "$(counted injected)" -ge 1
done

# Files of the guest's root are closed meanwhile, as the manual says it can be done.
cat >"$work/closer" <<'CLOSER'
exec 3</etc/passwd 4</etc/group
echo ready
read -r _
exec 3<&- 4<&-
cd / 2>&1
read -r _
CLOSER
waiting bash "$work/closer"
override_start -p "$job" "$everything not under p9_client_clunk"
echo go >&7
t_ok 'a rule but for 9p: hits' wait_for 10 grep -q 'cd: /: Cannot allocate' "$work/waiting"
inject_stop
release
t_ok 'a rule but for 9p: files can be opened' cat /etc/passwd /etc/group /etc/services

# The init of a pid namespace.
job unshare --fork --pid --kill-child "$bin/hammer" socket 1 1000s >/dev/null
wait_for 10 pgrep -P "$job" >"$work/spaced"
spaced=$(cat "$work/spaced")
for engine in $engines; do
	bounded "$engine" -p "$spaced" --for 300ms "$everything"
	t_is "$engine, a namespace's init: it ends" "$status" 0
	t_num "$engine, a namespace's init: injected" "$(counted injected)" -ge 1
done
t_ok "a namespace's init lives" kill -0 "$spaced"
{ kill -9 "$job" && wait "$job"; } 2>/dev/null # unshare waits out what is gentler

# Init: it takes care of orphans, and passes on what is printed here.
orphans()
{
	for _ in 1 2 3; do
		bash -c 'sleep 0.05 &'
	done
}

# shellcheck disable=SC2317 # by wait_for
# dead NUMBER: so many children of init have ended that it has not asked for yet
dead()
{
	[ "$(pgrep -c -r Z -P 1)" -eq "$1" ]
}

for engine in $engines; do
	override_start --engine "$engine" --system-wide --for 60s 'syscall:wait4 = -ECHILD if pid == 1'
	orphans
	t_ok "$engine, init unasked: it gets its children" wait_for 10 dead 0
	inject_stop
	t_num "$engine, init unasked: nothing injected" "$(counted injected)" -eq 0
	t_num "$engine, init unasked: exempt" "$(counted exempt)" -ge 1

	override_start --engine "$engine" -p 1 'syscall:wait4 = -ECHILD'
	orphans
	t_ok "$engine, init by -p: it does not" wait_for 10 dead 3
	inject_stop
	t_num "$engine, init by -p: injected" "$(counted injected)" -ge 1
	orphans
	t_ok "$engine, init by -p: it does again" wait_for 10 dead 0

	override_start --engine "$engine" -p 1 "$everything"
	orphans
	t_note 'printed while init can allocate nothing'
	sleep 0.3
	inject_stop
	t_is "$engine, init that cannot allocate: it ends" "$status" 0
	t_num "$engine, init that cannot allocate: injected" "$(counted injected)" -ge 1
done
t_clean 'after all that'

t_like 'a socket can be had' "$("$bin/call" socket)" 'socket: ok'

t_done
