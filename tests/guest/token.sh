#!/bin/bash
# Nothing here arms where the kernel command line does not hold the guest's token.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

sed 's/retcon.guest=1/retcon.guest=0/' /proc/cmdline >"$work/cmdline"

# untrusted COMMAND...: run where /proc/cmdline lacks the token
untrusted()
{
	# shellcheck disable=SC2016 # for the inner shell
	unshare -m sh -c 'mount --bind "$0" /proc/cmdline && exec "$@"' "$work/cmdline" "$@" >"$out" 2>"$err"
	status=$?
}

for file in tests/guest/run-all tests/guest/*.sh 'demo/run --in-guest' 'bench/run --in-guest'; do
	[ -x "${file% *}" ] || continue
	# shellcheck disable=SC2086 # a file and its argument
	untrusted $file
	t_num "$file refuses" "$status" -ne 0
	t_like "$file says why" "$(cat "$err")" '*guest*'
	t_is "$file does nothing first" "$(cat "$out")" ''
done

t_done
