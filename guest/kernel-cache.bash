# shellcheck shell=bash
# The cache of guest kernels, for the scripts that fill it: an entry is made in a directory of its own and renamed into
# place when complete, so what is in the cache is always whole.

cache=${XDG_CACHE_HOME:-${HOME:?is not set}/.cache}/retcon/kernels

work=    # the directory of an entry that is being made
builder= # the process that makes it

say()
{
	printf 'build-kernel: %s\n' "$*" >&2
}

die()
{
	say "$@"
	exit 1
}

cleanup()
{
	if [ -n "$builder" ]; then
		kill -TERM -- "-$builder" 2>/dev/null || true
		wait "$builder" 2>/dev/null || true
	fi
	[ -z "$work" ] || rm -rf "$work"
}

# require_tools TOOL...
require_tools()
{
	local tool missing=

	for tool; do
		command -v "$tool" >/dev/null || missing+=" $tool"
	done
	[ -z "$missing" ] || die "missing:$missing; run 'make deps' to install what making a guest kernel needs"
}

# require_space MIB
require_space()
{
	local need=$1 avail

	avail=$(df --output=avail -k "$cache" | tail -n 1)
	[ $((avail / 1024)) -ge "$need" ] ||
		die "making a guest kernel needs $need MiB below $cache, and $((avail / 1024)) MiB are free:" \
			"make room, or set XDG_CACHE_HOME to a directory that has it"
}

# Waits for another maker of the same kernel, and clears away what a dead one left.
lock_version()
{
	local version=$1

	mkdir -p "$cache" || die "cannot make $cache: set XDG_CACHE_HOME to a directory that can be written"
	exec 9>"$cache/.lock-$version" || die "cannot write to $cache"
	if ! flock -n 9; then
		say "waiting for another build of kernel $version"
		flock 9
	fi
	rm -rf "$cache/.build-$version".*
}

# start_work VERSION MIB TOOL...
start_work()
{
	local version=$1 need=$2

	shift 2
	require_tools "$@"
	require_space "$need"
	trap cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	work=$(mktemp -d "$cache/.build-$version.XXXXXX")
}

# Lets the reader act on a failed step instead of reading a log of thousands of lines.
explain_failure()
{
	local log=$1 what=$2

	# On a full disk there may have been no room for the log either.
	if grep -q 'No space left on device' "$log" || ! head -c 1048576 /dev/zero 2>/dev/null >"$work/probe"; then
		die "the disk filled up while $what: make room below $cache, or set XDG_CACHE_HOME to a" \
			"directory that has it"
	fi
	grep -E 'error:|Error [0-9]|Killed|rror: ' "$log" | head -n 10 >&2 || true
	tail -n 5 "$log" >&2
	die "$what failed"
}

# In the background, where a signal does not wait for it, and in a session of its own, to be stopped as a whole.
start_builder()
{
	local log=$1

	shift
	setsid "$@" >"$log" 2>&1 &
	builder=$!
}

wait_builder()
{
	wait "$builder" || { builder=; explain_failure "$@"; }
	builder=
}
