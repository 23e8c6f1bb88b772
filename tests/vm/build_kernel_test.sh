#!/bin/bash
# guest/build-kernel where a kernel cannot be had: it says why, and leaves nothing half-made. TAP output.
#
# No kernel is built to its end here, and the cache is one of this test's own.
set -uo pipefail

build_kernel=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")/../../guest/build-kernel")
guest=${build_kernel%/*}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_CACHE_HOME=$work/cache
kernels=$XDG_CACHE_HOME/retcon/kernels

count=0
failed=0
status=0

check()
{
	local name=$1

	rm -rf "$XDG_CACHE_HOME" "${work:?}/bin"
	mkdir "$work/bin"
	count=$((count + 1))
	if "t_$name" >"$work/log" 2>&1; then
		echo "ok $count - $name"
	else
		failed=$((failed + 1))
		echo "not ok $count - $name"
		tail -n 20 "$work/log" "$work/err" | sed 's/^/# /'
	fi
}

# A stand-in that comes before the real program of this name.
fake()
{
	printf '#!/bin/sh\n%s\n' "$2" >"$work/bin/$1"
	chmod +x "$work/bin/$1"
}

run()
{
	status=0
	PATH=$work/bin:$PATH timeout 240 "$build_kernel" "$@" >"$work/out" 2>"$work/err" || status=$?
}

fails_saying()
{
	local text

	[ "$status" -ne 0 ] && [ ! -s "$work/out" ] || return 1
	for text; do
		grep -qF -- "$text" "$work/err" || { echo "not said: $text"; return 1; }
	done
}

# Nothing but locks and whole kernels
leaves_nothing()
{
	[ ! -e "$kernels" ] || [ -z "$(find "$kernels" -mindepth 1 ! -name '.lock-*' -print -quit)" ]
}

t_config_line_lost()
{
	printf '%s\n' 'CONFIG_NO_SUCH_OPTION=y' 'CONFIG_NR_CPUS=77777' '# CONFIG_NET is not set' >"$work/extra"
	run --check-config "$work/extra" 6.12
	fails_saying "'CONFIG_NO_SUCH_OPTION=y' is wanted in extra" 'no CONFIG_NO_SUCH_OPTION at all' \
		"'CONFIG_NR_CPUS=77777' is wanted in extra" "'CONFIG_INET=y' is wanted in kernel.config" &&
		leaves_nothing
}

t_config_line_kept()
{
	echo 'CONFIG_TUN=y' >"$work/extra"
	run --check-config "$work/extra" 6.1
	[ "$status" -eq 0 ] && leaves_nothing
}

t_source_missing()
{
	fake dpkg-query 'echo "no packages found" >&2; exit 1'
	run 6.12
	fails_saying 'linux-source-6.12 is not installed' 'make deps' && leaves_nothing &&
		fake dpkg-query 'echo "deinstall ok config-files 6.12.1-1"' &&
		run 6.12 && fails_saying 'linux-source-6.12 is not installed'
}

t_tool_missing()
{
	local tool

	for tool in bash basename dirname readlink dpkg-query sha256sum head grep cat mkdir mktemp rm df tail \
		make gcc ld bc flex bison xz tar perl flock objcopy pahole; do
		ln -s "$(command -v "$tool")" "$work/bin/$tool"
	done
	PATH=$work/bin "$build_kernel" 6.12 >"$work/out" 2>"$work/err"
	status=$?
	fails_saying 'missing: lz4' 'make deps' && leaves_nothing
}

t_little_space()
{
	fake df 'printf "Avail\n1048576\n"'
	run 6.1
	fails_saying '6144 MiB' '1024 MiB are free' XDG_CACHE_HOME && leaves_nothing
}

# A file system that fills up although there seemed to be room
t_disk_fills_up()
{
	fake df 'printf "Avail\n99999999\n"'
	mkdir -p "$XDG_CACHE_HOME"
	# shellcheck disable=SC2016 # the inner shell expands it
	PATH=$work/bin:$PATH unshare -m sh -c '
		mount -t tmpfs -o size=64m none "$XDG_CACHE_HOME" || exit 99
		"$1" 6.12 && exit 98
		find "$XDG_CACHE_HOME" -name ".build*" | grep . && exit 97
		exit 0' sh "$build_kernel" >"$work/out" 2>"$work/err" || return 1
	status=1
	fails_saying 'the disk filled up' XDG_CACHE_HOME
}

t_cache_not_writable()
{
	mkdir -p "$work/plain" && : >"$work/plain/file"
	XDG_CACHE_HOME=$work/plain/file run 6.12
	fails_saying 'cannot make' XDG_CACHE_HOME
}

t_terminated()
{
	local pid

	"$build_kernel" 6.12 >"$work/out" 2>"$work/err" &
	pid=$!
	sleep 4
	kill -TERM "$pid"
	wait "$pid"
	status=$?
	[ "$status" -eq 143 ] && leaves_nothing && ! pgrep -f "tar.* -C $kernels"
}

# What a killed builder leaves is cleared by the next, which waits for what is still at work there.
t_killed()
{
	local pid

	: >"$work/extra"
	"$build_kernel" --check-config "$work/extra" 6.1 >"$work/out" 2>"$work/err" &
	pid=$!
	sleep 3
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	! leaves_nothing && run --check-config "$work/extra" 6.1 && [ "$status" -eq 0 ] && leaves_nothing
}

t_two_at_once()
{
	local pid

	: >"$work/extra"
	"$build_kernel" --check-config "$work/extra" 6.1 >"$work/first" 2>&1 &
	pid=$!
	sleep 2
	run --check-config "$work/extra" 6.1
	wait "$pid" && [ "$status" -eq 0 ] && grep -q 'waiting for another build' "$work/err" && leaves_nothing
}

# A package as Debian's are, and an apt that knows it and has it: fake_apt VERSION
fake_apt()
{
	local release=6.1.0-$1-amd64 package=linux-image-6.1.0-$1-amd64 root=$work/package

	rm -rf "$root"
	mkdir -p "$root/DEBIAN" "$root/boot" "$root/lib/modules/$release/kernel"
	printf '%s\n' "Package: $package" "Version: 6.1.$1-1" 'Architecture: amd64' 'Maintainer: a test' \
		'Description: a kernel that is none' >"$root/DEBIAN/control"
	echo "kernel $1" >"$root/boot/vmlinuz-$release"
	echo kernel/fs/overlay.ko >"$root/lib/modules/$release/modules.builtin"
	: >"$root/lib/modules/$release/modules.order"
	dpkg-deb -b --root-owner-group "$root" "$work/package.deb" || return 1
	fake apt-cache "case \$1 in
		policy) printf '%s\n' linux-image-6.1-amd64: '  Candidate: (none)' linux-image-amd64: '  Candidate: 6.1.$1-1' ;;
		show) echo 'Depends: $package (= 6.1.$1-1)' ;;
		esac"
	fake apt-get "case \"\$*\" in
		*'download $package=6.1.$1-1') cp '$work/package.deb' ./x.deb ;;
		*) exit 100 ;;
		esac"
	fake sudo 'exit 1'
}

# no network, and lists of packages that may be there or not
fake_no_network()
{
	fake apt-get 'exit 100'
	fake sudo 'exit 1'
}

t_debian()
{
	fake_apt 50 || return 1
	run debian-6.1
	expect_kernel debian-6.1-6.1.50-1/boot/vmlinuz-6.1.0-50-amd64 || return 1
	grep -qx 'kernel 50' "$(cat "$work/out")" || return 1
	[ -e "$kernels/debian-6.1-6.1.50-1/lib/modules/6.1.0-50-amd64/modules.dep" ] || return 1
	# from now on it needs no network, and says nothing
	fake_no_network
	run debian-6.1
	expect_kernel debian-6.1-6.1.50-1/boot/vmlinuz-6.1.0-50-amd64 && [ ! -s "$work/err" ] || return 1
	# a newer one is taken when there is one
	fake_apt 51 && run debian-6.1
	expect_kernel debian-6.1-6.1.51-1/boot/vmlinuz-6.1.0-51-amd64
}

expect_kernel()
{
	cat "$work/out"
	[ "$status" -eq 0 ] && [ "$(cat "$work/out")" = "$kernels/$1" ]
}

t_debian_no_network()
{
	fake_apt 50 || return 1
	fake_no_network
	run debian-6.1
	fails_saying "apt cannot download Debian's kernel 6.1" 'is there a network' 'apt-get update' && leaves_nothing
}

# apt knows nothing, as before its first update, or something that cannot be downloaded: what there is will do.
t_debian_stale()
{
	fake_apt 50 && run debian-6.1 && [ "$status" -eq 0 ] && fake_apt 51 || return 1
	fake_no_network
	run debian-6.1
	expect_kernel debian-6.1-6.1.50-1/boot/vmlinuz-6.1.0-50-amd64 || return 1
	grep -q 'taking the newest in the cache' "$work/err" || return 1
	fake apt-cache 'exit 0'
	run debian-6.1
	expect_kernel debian-6.1-6.1.50-1/boot/vmlinuz-6.1.0-50-amd64
}

# The lists are older than the archive.
t_debian_lists_updated()
{
	fake_apt 50 || return 1
	mv "$work/bin/apt-get" "$work/bin/apt-get-good"
	fake apt-get "case \"\$*\" in
		*update) touch '$work/updated' ;;
		*) [ -e '$work/updated' ] || exit 100; exec '$work/bin/apt-get-good' \"\$@\" ;;
		esac"
	# shellcheck disable=SC2016 # for the script
	fake sudo 'shift; exec "$@"'
	run debian-6.1
	expect_kernel debian-6.1-6.1.50-1/boot/vmlinuz-6.1.0-50-amd64
}

t_debian_cut_package()
{
	fake_apt 50 || return 1
	truncate -s -100 "$work/package.deb"
	run debian-6.1
	fails_saying 'unpacking the package failed' && leaves_nothing
}

t_debian_little_space()
{
	fake_apt 50 || return 1
	fake df 'printf "Avail\n102400\n"'
	run debian-6.1
	fails_saying '1024 MiB' '100 MiB are free' XDG_CACHE_HOME && leaves_nothing
}

t_debian_no_such()
{
	run debian-x
	fails_saying "no Debian kernel 'x'" || return 1
	fake_apt 50 || return 1
	run debian-5.4
	fails_saying "apt cannot download Debian's kernel 5.4" 'does this release have that kernel'
}

# A flavour of the test's own, beside the real files: options on top, and patches that are part of what it is
make_flavour()
{
	rm -rf "$work/guest"
	cp -r "$guest" "$work/guest"
	echo "$1" >"$work/guest/kernel-tested.config"
	mkdir -p "$work/guest/patches/tested/6.12"
	printf '%s\n' '--- a/README' '+++ b/README' '@@ -1,2 +1,3 @@' "$2" '+patched' ' ============' \
		>"$work/guest/patches/tested/6.12/0001-say-so.patch"
}

# A source of a few files, whose configuration is what it is given, but for an option that there is not
fake_source()
{
	cat >"$work/merge" <<-'EOF'
		#!/bin/sh
		grep -qx patched README || exit 1
		shift 4
		cat "$@" | grep -v CONFIG_NO_SUCH_OPTION >.config
	EOF
	chmod +x "$work/merge"
	fake tar "while [ \"\$1\" != -C ]; do shift; done
		cd \"\$2\" && mkdir -p scripts/kconfig && cp '$work/merge' scripts/kconfig/merge_config.sh &&
		printf '%s\n' 'Linux kernel' ============ >README"
	fake make 'exit 0'
}

t_flavour()
{
	local build_kernel=$work/guest/build-kernel

	: >"$work/extra"
	fake_source
	make_flavour CONFIG_TUN=y ' Linux kernel' && run --check-config "$work/extra" 6.12-tested
	[ "$status" -eq 0 ] && grep -q 'applying 0001-say-so.patch' "$work/err" && leaves_nothing || return 1
	make_flavour CONFIG_NO_SUCH_OPTION=y ' Linux kernel' && run --check-config "$work/extra" 6.12-tested
	fails_saying "'CONFIG_NO_SUCH_OPTION=y' is wanted in kernel-tested.config" && leaves_nothing || return 1
	make_flavour CONFIG_TUN=y ' Linux colonel' && run --check-config "$work/extra" 6.12-tested
	fails_saying 'applying 0001-say-so.patch failed' && leaves_nothing
}

# name_of KERNEL: its name in the cache, of which it is printed as it were there
name_of()
{
	# shellcheck disable=SC2016 # for that shell
	bash -c '. <(sed "/^main /d; s|^here=.*|here=$2|" "$1"); split_version "$3" && kernel_name "$3"' \
		bash "$work/guest/build-kernel" "$work/guest" "$1"
}

# What a flavour is made of is part of its name, and of no other's.
t_flavour_name()
{
	local base first

	make_flavour CONFIG_TUN=y ' Linux kernel'
	base=$(name_of 6.12) && first=$(name_of 6.12-tested) || return 1
	[[ $base =~ ^6\.12-[0-9a-f]{16}$ && $first =~ ^6\.12-tested-[0-9a-f]{16}$ ]] || return 1
	make_flavour CONFIG_TUN=n ' Linux kernel'
	[ "$(name_of 6.12-tested)" != "$first" ] && [ "$(name_of 6.12)" = "$base" ] || return 1
	make_flavour CONFIG_TUN=y ' Linux colonel'
	[ "$(name_of 6.12-tested)" != "$first" ] && [ "$(name_of 6.12)" = "$base" ] || return 1
	make_flavour CONFIG_TUN=y ' Linux kernel'
	[ "$(name_of 6.12-tested)" = "$first" ]
}

t_usage()
{
	run && [ "$status" -eq 2 ] || return 1
	run 6.12 6.1 && [ "$status" -eq 2 ] || return 1
	run 5.4
	fails_saying "no guest kernel '5.4'" || return 1
	run 6.12-nothing
	fails_saying "no guest kernel '6.12-nothing'" || return 1
	run 6.12-
	fails_saying "no guest kernel '6.12-'" || return 1
	run ./no/such/bzImage
	fails_saying 'cannot read the kernel' || return 1
	run ../etc
	[ "$status" -ne 0 ] && leaves_nothing
}

# These unpack whole kernel sources: for `make test-long`.
slow=' config_line_kept config_line_lost killed two_at_once '

for t in $(declare -F | awk '$3 ~ /^t_/ { print substr($3, 3) }'); do
	[ $# -eq 0 ] || [[ " $* " == *" $t "* ]] || continue
	[ $# -gt 0 ] || [ -n "${RETCON_TEST_LONG:-}" ] || [[ $slow != *" $t "* ]] || continue
	check "$t"
done
echo "1..$count"
[ "$failed" -eq 0 ]
