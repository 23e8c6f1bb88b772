#!/bin/bash
# retcon vm itself: what goes in and comes out of a guest, and how a guest that goes wrong is reported. TAP output.
#
# RETCON is the program to test. The guest kernels are built when they are not in the cache yet; a test that needs one
# which cannot be had fails. Nothing here touches the machine's own kernel: what crashes, crashes in a guest.
# shellcheck disable=SC2016 # what is in single quotes, the guest's shell expands
set -uo pipefail

retcon=${RETCON:?set it to the retcon program}
kernels=${RETCON_TEST_KERNELS:-6.12 6.1}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

count=0
failed=0
kernel=

vm()
{
	"$retcon" vm --kernel "$kernel" --timeout 120 "$@"
}

# check NAME COMMAND...: the command's status decides
check()
{
	local name="$kernel: $1"

	shift
	count=$((count + 1))
	if "$@" >"$work/check.log" 2>&1; then
		echo "ok $count - $name"
	else
		failed=$((failed + 1))
		echo "not ok $count - $name"
		tail -n 30 "$work/check.log" | sed 's/^/# /'
	fi
}

# run ARG...: a guest run whose outcome is in $status and the files out and err
run()
{
	status=0
	vm "$@" >"$work/out" 2>"$work/err" || status=$?
}

expect()
{
	if [ "$1" != "$2" ]; then
		printf 'expected: %q\ngot:      %q\n' "$2" "$1"
		cat "$work/err"
		return 1
	fi
}

expect_says()
{
	grep -qF -- "$1" "$work/err" || {
		echo "not on stderr: $1"
		cat "$work/err"
		return 1
	}
}

t_status()
{
	run -- sh -c 'exit 7' && expect "$status" 7 &&
		run -- true && expect "$status" 0 &&
		run -- sh -c 'kill -9 $$' && expect "$status" 137
}

t_not_runnable()
{
	printf 'no program\n' >"$work/plain"
	run -- no-such-command && expect "$status" 127 && expect_says "No such file" &&
		run -- "$work/plain" && expect "$status" 126 && expect_says "Permission denied"
}

t_streams()
{
	run -- sh -c 'echo to-out; echo to-err >&2' && expect "$status" 0 &&
		expect "$(cat "$work/out")" to-out && expect "$(cat "$work/err")" to-err
}

t_binary()
{
	head -c 3000000 /dev/urandom >"$work/random"
	run -- cat <"$work/random" && expect "$status" 0 && cmp "$work/random" "$work/out"
}

t_large()
{
	local sum

	sum=$(vm -- sh -c 'head -c 100000000 /dev/zero; echo end' | sha256sum) &&
		expect "$sum" "$({ head -c 100000000 /dev/zero; echo end; } | sha256sum)"
}

# Its reader is slow, and the guest must wait for it instead of dropping bytes.
t_slow_reader()
{
	local sum

	sum=$(vm -- head -c 4000000 /dev/zero | { sleep 6; sha256sum; }) &&
		expect "$sum" "$(head -c 4000000 /dev/zero | sha256sum)"
}

t_stdin_end()
{
	run -- sh -c 'cat; echo after' </dev/null && expect "$(cat "$work/out")" after &&
		run -- sh -c 'cat; echo after' <&- && expect "$(cat "$work/out")" after
}

# stdin that never ends, and a command that reads it not at all or in part
t_stdin_open()
{
	run -- true < <(sleep 30) && expect "$status" 0 &&
		run -- head -n 1 < <(yes) && expect "$(cat "$work/out")" y
}

t_stdin_late()
{
	run -- sh -c 'read -r line; echo "got $line"' < <(sleep 5; echo late) &&
		expect "$(cat "$work/out")" "got late"
}

t_place()
{
	mkdir -p "$work/a place"
	(cd "$work/a place" && run -- pwd && expect "$(cat "$work/out")" "$work/a place") &&
		(umask 027 && run -- sh -c umask && expect "$(cat "$work/out")" 0027)
}

t_environment()
{
	export RETCON_TEST_VALUE=$'two\nlines' EMPTY_VALUE=
	run -- sh -c 'echo "$RETCON_TEST_VALUE|${EMPTY_VALUE-unset}|$HOME|$PATH"' &&
		expect "$(cat "$work/out")" "$RETCON_TEST_VALUE||$HOME|$PATH"
}

t_arguments()
{
	run -- printf '[%s]' 'a b' '' $'new\nline' '*' -- &&
		expect "$(cat "$work/out")" $'[a b][][new\nline][*][--]'
}

t_copy_on_write()
{
	printf 'host\n' >"$work/file"
	run -- sh -c "echo guest >'$work/file'; echo new >'$work/new'; cat '$work/file' '$work/new'" &&
		expect "$(cat "$work/out")" $'guest\nnew' &&
		expect "$(cat "$work/file")" host && [ ! -e "$work/new" ]
}

t_guest()
{
	run -- sh -ec '
		id -u
		uname -r
		tr " " "\n" </proc/cmdline | grep -x retcon.guest=1
		for fs in /proc /sys /dev /dev/pts /dev/shm /run /sys/kernel/debug /sys/kernel/tracing \
			/sys/kernel/security /sys/fs/bpf /sys/fs/cgroup; do
			grep -q " $fs " /proc/mounts || echo "not mounted: $fs"
		done
		for link in /sys/class/net/*/device; do [ ! -e "$link" ] || echo "a card: $link"; done
		test -s /sys/kernel/btf/vmlinux
		grep -q . /sys/kernel/debug/error_injection/list
		test $(($(cat /sys/class/net/lo/flags) & 1)) = 1' &&
		expect "$status" 0 && expect "$(sed '2s/^\([0-9]*\.[0-9]*\)\..*/\1/' "$work/out" | tr '\n' ' ')" \
			"0 $kernel retcon.guest=1 "
}

t_read_only_share()
{
	run -- sh -c 'mkdir /tmp/m; mount -t 9p -o trans=virtio,version=9p2000.L retcon.root /tmp/m || exit 9
		echo x >"/tmp/m$1"' sh "$work/evil"
	[ "$status" != 0 ] && [ ! -e "$work/evil" ]
}

t_options()
{
	run --cpus 1 --memory 300M --append 'retcon.test=yes' -- \
		sh -c 'nproc; grep -o retcon.test=yes /proc/cmdline' &&
		expect "$(cat "$work/out")" $'1\nretcon.test=yes' &&
		run --icount -- nproc && expect "$(cat "$work/out")" 1
}

t_panic()
{
	run -- sh -c 'echo before; echo c >/proc/sysrq-trigger' && expect "$status" 125 &&
		expect "$(cat "$work/out")" before && expect_says "the guest kernel panicked" &&
		expect_says "sysrq triggered crash"
}

t_timeout()
{
	local start=$SECONDS

	run --timeout 8 -- sleep 100 && expect "$status" 125 && expect_says "the guest hung" &&
		expect_says "no verdict after 8 s" && [ $((SECONDS - start)) -lt 20 ] &&
		run --timeout 1 -- true && expect "$status" 125 && expect_says "still booting"
}

t_lost()
{
	run -- sh -c 'echo o >/proc/sysrq-trigger; sleep 60' && expect "$status" 125 &&
		expect_says "powered off without a verdict"
}

t_qemu_killed()
{
	(sleep 6; kill -KILL "$(pgrep -f "qemu-system.*$work/mark")") &
	run --append "mark=$work/mark" -- sleep 60 && expect "$status" 125 && expect_says "killed by signal 9"
}

# The runner dies without a chance to clean up; what is left of QEMU may only be a zombie.
t_runner_killed()
{
	local runner qemu i

	"$retcon" vm --kernel "$kernel" -- sleep 100 &
	runner=$!
	for ((i = 0; i < 50; i++)); do
		qemu=$(pgrep -P "$runner" -f qemu-system) && break
		sleep 0.1
	done
	[ -n "$qemu" ] || return 1
	kill -KILL "$runner"
	for ((i = 0; i < 20; i++)); do
		grep -qs '^State:[[:space:]]*[^ZX]' "/proc/$qemu/status" || return 0
		sleep 0.1
	done
	return 1
}

t_no_extra_descriptors()
{
	local runner qemu leaked=0 i

	echo secret >"$work/secret"
	exec 7<"$work/secret"
	"$retcon" vm --kernel "$kernel" -- sleep 100 &
	runner=$!
	sleep 1
	qemu=$(pgrep -P "$runner" -f qemu-system)
	for i in "/proc/$qemu/fd"/*; do
		[ "$(readlink "$i")" != "$work/secret" ] || leaked=1
	done
	kill "$runner"
	exec 7<&-
	[ -n "$qemu" ] && [ $leaked = 0 ]
}

# A rule that the command leaves armed, and by which process 1 can pass nothing on
t_no_memory()
{
	run -- sh -c "$retcon"' override -p 1 "kmalloc = -ENOMEM" >/dev/null 2>/dev/shm/armed &
		until grep -q ^armed /dev/shm/armed; do sleep 0.1; done; echo out; echo err >&2; exit 7' &&
		expect "$status" 7 && expect "$(cat "$work/out")" out && expect_says err
}

# A kernel module in the guest only: the shortest way to a WARN.
build_warn_module()
{
	local bzimage build

	bzimage=$("$(dirname "${BASH_SOURCE[0]}")/../../guest/build-kernel" "$kernel") || return 1
	build=$(dirname "$bzimage")/build
	mkdir -p "$work/module"
	cat >"$work/module/warn_once.c" <<-EOF
		#include <linux/module.h>
		static int __init warn_once_init(void)
		{
			WARN(1, "a warning was asked for");
			return 0;
		}
		module_init(warn_once_init);
		MODULE_LICENSE("GPL");
	EOF
	echo 'obj-m := warn_once.o' >"$work/module/Makefile"
	make -s -C "$build" M="$work/module" clean modules
}

t_warn()
{
	build_warn_module && run -- insmod "$work/module/warn_once.ko" && expect "$status" 0 &&
		expect_says "ran into a WARN" && expect_says "a warning was asked for" &&
		run --fail-on-warn -- insmod "$work/module/warn_once.ko" && expect "$status" 125 &&
		run --fail-on-warn -- true && expect "$status" 0 && expect "$(cat "$work/err")" ''
}

# The best of three: another job on the machine must not decide.
t_quick()
{
	local start took best=100000 i

	for i in 1 2 3; do
		start=$(date +%s%N)
		vm -- true || return 1
		took=$((($(date +%s%N) - start) / 1000000))
		[ "$took" -ge "$best" ] || best=$took
	done
	echo "# $kernel: retcon vm -- true takes $best ms" >&3
	[ "$best" -lt 8000 ]
}

t_usage()
{
	local args

	for args in '' '--cpus 0 true' '--cpus 9 true' '--cpus +1 true' '--memory 3K true' '--memory 255 true' \
		'--memory 99999999999999999999 true' '--timeout x true' '--no-such-option true'; do
		# shellcheck disable=SC2086 # one word each
		"$retcon" vm $args 2>"$work/err"
		expect "$args:$?" "$args:2" || return 1
	done
	"$retcon" vm --kernel 5.4 -- true 2>"$work/err"
	expect $? 125 && expect_says "no guest kernel '5.4'" &&
		"$retcon" vm --help | grep -q '^usage: retcon vm'
}

t_no_qemu()
{
	local image

	image=$("$(dirname "${BASH_SOURCE[0]}")/../../guest/build-kernel" "$kernel") || return 1
	PATH=$work/empty "$retcon" vm --kernel "$image" -- true 2>"$work/err"
	expect $? 125 && expect_says "make deps"
}

main()
{
	local t retcon_path

	retcon_path=$(command -v "$retcon") || { echo "Bail out! no program $retcon"; exit 1; }
	retcon=$(readlink -f "$retcon_path")
	exec 3>&1
	for kernel in $kernels; do
		for t in $(declare -F | awk '$3 ~ /^t_/ { print $3 }'); do
			[ $# -eq 0 ] || [[ " $* " == *" $t "* ]] || continue
			check "${t#t_}" "$t"
		done
	done
	echo "1..$count"
	[ "$failed" -eq 0 ]
}

main "$@"
