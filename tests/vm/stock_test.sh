#!/bin/bash
# retcon vm with kernels whose drivers are modules, Debian's own: they boot, find their modules, and what keeps one from
# being a guest is said. TAP output. Debian's 6.12 too in a long run.
#
# RETCON is the program to test. The packages are downloaded when they are not in the cache yet.
# shellcheck disable=SC2016 # what is in single quotes, the guest's shell expands
set -uo pipefail

retcon=$(readlink -f "$(command -v "${RETCON:?set it to the retcon program}")")
kernels=debian-6.1
[ -z "${RETCON_TEST_LONG:-}" ] || kernels+=' debian-6.12'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

count=0
failed=0
status=0

check()
{
	local name=$1

	shift
	count=$((count + 1))
	if "$@" >"$work/log" 2>&1; then
		echo "ok $count - $name"
	else
		failed=$((failed + 1))
		echo "not ok $count - $name"
		tail -n 30 "$work/log" "$work/out" "$work/err" | sed 's/^/# /'
	fi
}

# run KERNEL ARG...: the outcome is in $status and the files out and err
run()
{
	status=0
	"$retcon" vm --timeout 120 --kernel "$@" >"$work/out" 2>"$work/err" || status=$?
}

# ended STATUS TEXT...: as it should, and said all of these
ended()
{
	local text

	[ "$status" = "$1" ] || { echo "status $status, not $1"; return 1; }
	shift
	for text; do
		grep -qF -- "$text" "$work/out" "$work/err" || { echo "not said: $text"; return 1; }
	done
}

t_boots()
{
	run "$1" --fail-on-warn -- sh -ec '
		release=$(uname -r)
		echo "release $release"
		tr " " "\n" </proc/cmdline | grep -x retcon.guest=1
		for fs in /proc /sys /dev /run /sys/kernel/debug /sys/kernel/tracing /sys/kernel/security /sys/fs/bpf; do
			grep -q " $fs " /proc/mounts || echo "not mounted: $fs"
		done
		test -s /sys/kernel/btf/vmlinux
		grep -q "^CONFIG_BPF_LSM=y" "/boot/config-$release"
		modprobe loop
		grep "^loop " /proc/modules
		echo written >"$0/file"
		exit 7' "$work" && ended 7 "release ${1#debian-}." 'loop ' && [ ! -e "$work/file" ] &&
		! grep 'not mounted' "$work/out"
}

# By a link to the image, as a distribution's /vmlinuz is
t_lockdown()
{
	ln -sf "$("$(dirname "$0")/../../guest/build-kernel" "$1")" "$work/vmlinuz-link"
	run "$work/vmlinuz-link" --cpus 1 --append 'lockdown=confidentiality lsm=lockdown,bpf' -- sh -ec '
		uname -r
		nproc
		cat /sys/kernel/security/lockdown
		cat /sys/kernel/security/lsm
		modprobe dummy' &&
		ended 0 "${1#debian-}." '[confidentiality]' 'lockdown,capability,bpf'
}

t_icount()
{
	run "$1" --icount -- nproc && ended 0 1
}

t_ends()
{
	run "$1" -- sh -c 'echo before; echo c >/proc/sysrq-trigger' &&
		ended 125 before 'the guest kernel panicked' 'sysrq triggered crash' &&
		run "$1" --timeout 15 -- sleep 100 && ended 125 'the guest hung: no verdict after 15 s'
}

# The image alone has no modules.
t_image_alone()
{
	cp "$("$(dirname "$0")/../../guest/build-kernel" "$1")" "$work/vmlinuz-copy"
	run "$work/vmlinuz-copy" -- true && ended 125 'modules of this kernel were not found'
}

# An image that is none but for its header, in a tree with modules of which some are missing
make_image()
{
	rm -rf "$work/tree"
	modules=$work/tree/lib/modules/9.9-test
	mkdir -p "$work/tree/boot" "$modules/kernel"
	image=$work/tree/boot/vmlinuz
	{
		head -c 514 /dev/zero
		printf 'HdrS\0\0\0\0\0\0\0\0\0\1'
		head -c 240 /dev/zero
		printf '9.9-test (who@where) #1'
	} >"$image"
	printf 'kernel/%s.ko\n' virtio_pci virtio_console 9pnet_virtio 9p >"$modules/modules.builtin"
}

t_lacks_module()
{
	local image modules

	make_image
	run "$image" -- true
	ended 125 'the kernel 9.9-test cannot be a guest' "$modules" 'overlay neither built in nor as a module' \
		CONFIG_OVERLAY_FS || return 1
	echo 'kernel/overlay.ko.xz: kernel/other.ko' >"$modules/modules.dep"
	run "$image" -- true
	ended 125 'does not list all that overlay needs' || return 1
	echo 'kernel/overlay.ko.xz:' >"$modules/modules.dep"
	run "$image" -- true
	ended 125 "cannot read the module $modules/kernel/overlay.ko.xz: No such file" || return 1
	echo 'no xz' >"$modules/kernel/overlay.ko.xz"
	run "$image" -- true
	ended 125 "cannot read the module $modules/kernel/overlay.ko.xz: Bad message" || return 1
	printf 'plain' | xz >"$modules/kernel/overlay.ko.xz"
	mkdir -p "$work/bin"
	ln -sf "$(command -v qemu-system-x86_64)" "$work/bin/"
	PATH=$work/bin run "$image" -- true
	ended 125 'is compressed, and xz is not installed'
}

t_no_image()
{
	echo 'kernel' >"$work/short"
	run "$work/short" --timeout 20 -- true && ended 125
}

for kernel in $kernels; do
	for t in boots lockdown icount ends image_alone; do
		[ $# -eq 0 ] || [[ " $* " == *" $t "* ]] || continue
		check "$kernel: $t" "t_$t" "$kernel"
	done
done
for t in lacks_module no_image; do
	[ $# -eq 0 ] || [[ " $* " == *" $t "* ]] || continue
	check "$t" "t_$t"
done
echo "1..$count"
[ "$failed" -eq 0 ]
