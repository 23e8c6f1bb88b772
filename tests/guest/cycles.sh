#!/bin/bash
# Armed and disarmed again and again, by each engine, all at once, while the targets are called all along: nothing stays,
# and memory does not grow. 500 times each in a long run.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

cycles=3
[ -z "${RETCON_TEST_LONG:-}" ] || cycles=500

# The hammers leave the processors to those who arm: with as much for each this would be about waiting.
load()
{
	job nice -n 5 "$bin/hammer" "$1" 1 100000s >/dev/null
}

# Says how often it failed; the events of all times go to one file.
cat >"$work/lane" <<'LANE'
times=$1 name=$2
bad=0
shift 2
for ((i = 0; i < times; i++)); do
	"$@" >>"$name" 2>"$name.err" || { bad=$((bad + 1)); cat "$name.err" >>"$name.bad"; }
done
echo $bad >"$name.failed"
LANE

# lane NAME TIMES OPTION... RULE: in the background
lane()
{
	local name=$work/lane.$1 times=$2

	shift 2
	rm -f "$name"
	timeout -k 5 $((60 + 10 * times)) bash "$work/lane" "$times" "$name" \
		"$retcon" override --json --for 50ms "$@" &
	lanes+=($!)
}

# everybody TIMES
everybody()
{
	local lanes=()

	lane kprobe.multi "$1" --engine kprobe.multi -p "$opens" 'syscall:openat = -EIO'
	lane kprobe "$1" --engine kprobe -p "$maps" 'kmalloc = -ENOMEM under __x64_sys_mmap'
	lane fmod_ret "$1" --engine fmod_ret -p "$connects" 'syscall:socket = -ENOBUFS'
	lane lsm "$1" --engine lsm -p "$connects" 'lsm:socket_connect = -EPERM'
	lane after "$1" -p "$maps" 'syscall:munmap = -EIO after'
	wait "${lanes[@]}"
	"$bin/leftovers" --wait >/dev/null
	sleep 1 # what RCU frees
}

# KiB that the kernel has taken for itself and does not give back when asked to: all, and of what kind
taken()
{
	echo 3 >/proc/sys/vm/drop_caches
	awk '/^(SUnreclaim|VmallocUsed|Percpu|PageTables|KernelStack):/ { n += $2; of = of " " $1 $2 }
		END { print n of }' /proc/meminfo
}

server
load openat
opens=$job
load mmap
maps=$job
load trickle
connects=$job

everybody 2 # what stays of the first time is no leak
objects=$("$bin/leftovers")
before=$(taken)
begun=$SECONDS
everybody $cycles
after=$(taken)
arms=$((5 * cycles))
t_note "$arms times armed and disarmed in $((SECONDS - begun)) s; KiB of the kernel's memory before and after:" \
	"$before" "$after"
for name in kprobe.multi kprobe fmod_ret lsm after; do
	t_is "$name, $cycles times: fails never" "$(cat "$work/lane.$name.failed")" 0
	[ ! -e "$work/lane.$name.bad" ] || t_note "$(head -n 20 "$work/lane.$name.bad")"
	sums=$(sed -n 's/.*"type":"summary".*"injected":\([0-9]*\).*/\1/p' "$work/lane.$name")
	t_is "$name, $cycles times: to the end" "$(wc -l <<<"$sums")" "$cycles"
	t_num "$name, $cycles times: injects" "$(awk '{ n += $1 } END { print n + 0 }' <<<"$sums")" -ge 1
done
t_is 'as many programs, links and maps as before' "$("$bin/leftovers")" "$objects"
t_num 'memory: no more stays than a MiB, and a KiB each' $((${after%% *} - ${before%% *})) -lt $((1024 + arms))
for pid in $opens $maps $connects; do
	kill "$pid"
	wait "$pid"
done
t_like 'a socket can be had' "$("$bin/call" socket)" 'socket: ok'

t_done
