# shellcheck shell=bash
# For the checks: where the tree is, what is in it, and a case decided by whether anything was found.

script=$(readlink -f "$0")
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." || exit

# shellcheck disable=SC2034 # for the checks
build=${BUILD:-build}
cases=0

# The tree's files that match one of the patterns, committed or about to be.
files()
{
	if [ -e .git ]; then
		git ls-files -co --exclude-standard -- "$@"
	else
		local pattern

		for pattern; do
			find . -path './build*' -prune -o -type f -path "./$pattern" -print | sed 's,^\./,,'
		done
	fi | while IFS= read -r file; do
		[ ! -f "$file" ] || printf '%s\n' "$file"
	done | sort -u
}

# nothing NAME COMMAND...: good when the command finds nothing to complain of on stdout
nothing()
{
	local name=$1 found status=0

	shift
	cases=$((cases + 1))
	found=$("$@" 2>&1) || status=$?
	if [ -z "$found" ] && [ "$status" -eq 0 ]; then
		echo "ok $cases - $name"
	else
		echo "not ok $cases - $name"
		head -n 40 <<<"${found:-exit status $status}" | sed 's/^/# /'
	fi
}

skip()
{
	cases=$((cases + 1))
	echo "ok $cases - $1 # SKIP $2"
}

# have NAME PROGRAM: skips the case when the program is not installed
have()
{
	command -v "$2" >/dev/null && return 0
	skip "$1" "no $2: run 'make deps'"
	return 1
}

# Tracepoints need tracefs, which is not mounted everywhere: the script starts again with one for itself alone.
own_tracefs()
{
	[ ! -e /sys/kernel/tracing/events ] && [ -z "${RETCON_TEST_TRACEFS:-}" ] || return 0
	# shellcheck disable=SC2016 # for the inner shell
	RETCON_TEST_TRACEFS=1 exec unshare -m --propagation private -- \
		sh -c 'mount -t tracefs none /sys/kernel/tracing; exec "$0"' "$script"
}

finish()
{
	echo "1..$cases"
}
