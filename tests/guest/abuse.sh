#!/bin/bash
# Rules that hit retcon itself, its children, the shell that started it or init: disarming works all the same.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

everything='kmalloc = -ENOMEM'
engines=fmod_ret # whose detaching allocates
[ -z "${RETCON_TEST_LONG:-}" ] || engines='kprobe.multi kprobe fmod_ret'
rounds=1
[ -z "${RETCON_TEST_LONG:-}" ] || rounds='1 2 3 4 5'

# Nobody in scope can allocate while the programs are taken off.
job "$bin/hammer" socket 4 1000s >/dev/null
hammer=$job
for engine in $engines; do
	for _ in $rounds; do
		override --engine "$engine" -p "$hammer" --for 300ms "$everything"
		t_is "$engine, all allocations of others fail: it ends" "$status" 0
		t_num "$engine, all allocations of others fail: injected" "$(counted injected)" -ge 1
	done
done
t_ok 'who was hit lives' kill -0 "$hammer"

# retcon itself, by its own id: it is exempt even so.
for engine in $engines; do
	# shellcheck disable=SC2016 # that shell's
	bash -c 'exec "$0" override --json -o "$2" --engine "$1" -p $$ --for 300ms "$3"' \
		"$retcon" "$engine" "$events" "$everything" 2>"$err"
	t_is "$engine, retcon by -p: it ends" $? 0
	t_num "$engine, retcon by -p: nothing injected" "$(counted injected)" -eq 0
done

# Its children: CMD cannot even be run, and may be killed for it.
for engine in $engines; do
	override --engine "$engine" "$everything" -- true
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

# Init takes care of orphans meanwhile. (Not of everything: the guest's passes on what is printed, and needs memory for it.)
for engine in $engines; do
	override_start --engine "$engine" -p 1 "$everything under __x64_sys_wait4"
	for _ in 1 2 3; do
		bash -c 'sleep 0.1 &'
	done
	sleep 0.3
	inject_stop
	t_is "$engine, init: it ends" "$status" 0
done
t_clean 'after all that'

kill "$hammer"
wait "$hammer"
t_like 'a socket can be had' "$("$bin/call" socket)" 'socket: ok'

t_done
