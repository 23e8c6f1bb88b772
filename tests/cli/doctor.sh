#!/bin/bash
# retcon doctor on whatever this machine is: it answers, and claims nothing it could not try. TAP output.
set -eu
# shellcheck source-path=SCRIPTDIR/../check source=tap.bash
. "$(dirname "$0")/../check/tap.bash"

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
# nobody need be able to reach the build directory
cp "$build/retcon" "$dir/"
chmod 755 "$dir/retcon"

# As nobody where we are somebody, without any capability.
nobody()
{
	if [ "$(id -u)" -eq 0 ]; then
		(cd / && setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all "$@")
	else
		"$@"
	fi
}

# tells STATUS PATTERN COMMAND...: what it says, on either stream
tells()
{
	local wanted=$1 pattern=$2 status=0 said

	shift 2
	said=$("$@" 2>&1) || status=$?
	# shellcheck disable=SC2053 # and here
	[[ $status == $wanted ]] || echo "status $status, wanted $wanted: $said"
	# shellcheck disable=SC2053 # a pattern it is
	[[ $said == $pattern ]] || printf 'wanted %s, got:\n%s\n' "$pattern" "$said"
}

engines='kprobe.multi *
kprobe *
fmod_ret *
fmod_ret.security *
fmod_ret.syscall *
lsm *
kretprobe.multi *
kretprobe *'

here()
{
	tells '[03]' "*

kernel  *$(uname -r) $(uname -m)*
rights  *
lockdown  *
BTF  *

$engines*injection-list*" "$dir/retcon" doctor
}

# The exit code is the verdict, in both forms.
verdict()
{
	local status=0 json=0 works

	"$dir/retcon" doctor >"$dir/text" || status=$?
	"$dir/retcon" doctor --json >"$dir/json" || json=$?
	works=$(jq -r .works "$dir/json")
	case $status$json$works in
	00true | 33false) ;;
	*) echo "text $status, JSON $json, works $works" ;;
	esac
	[ "$(head -n 1 "$dir/text")" = "$(jq -r .verdict "$dir/json")" ] || echo 'text and JSON tell different verdicts'
}

keys()
{
	"$dir/retcon" doctor --json >"$dir/json" || [ $? -eq 3 ]
	[ "$(wc -l <"$dir/json")" -eq 1 ] || echo 'more than a line'
	[ "$(jq -r 'keys_unsorted | join(" ")' "$dir/json")" = 'works verdict kernel user engines features remedies' ] ||
		echo 'other keys'
	[ "$(jq -r '.engines | keys_unsorted | join(" ")' "$dir/json")" = \
		'kprobe.multi kprobe fmod_ret fmod_ret.security fmod_ret.syscall lsm kretprobe.multi kretprobe' ] ||
		echo 'other engines'
	jq -e '[.engines[], .features[]] | all(keys_unsorted == ["works", "reason", "missing"])' "$dir/json" >"$dir/said" ||
		cat "$dir/said"
}

narrow()
{
	{ "$dir/retcon" doctor || true; nobody "$dir/retcon" doctor || true; } |
		awk 'length > 80 { print "wider than 80 columns: " $0 }'
}

without_rights()
{
	tells 3 '*rights  *without CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN*run it with *' nobody "$dir/retcon" doctor
	nobody "$dir/retcon" doctor --json >"$dir/json" || true
	jq -r '.engines | to_entries[] | select(.value.works) | .key + " is said to work"' "$dir/json"
}

# It has every capability, of its own making.
user_namespace()
{
	unshare -U -r true 2>/dev/null || return 0
	tells 3 '*rights  *of a user namespace*run it as root of the machine*' unshare -U -r "$dir/retcon" doctor
}

names()
{
	local status=0

	"$dir/retcon" doctor btf >"$dir/said" || status=$?
	[[ $status$(head -n 1 "$dir/said") = '0btf works here.' || $status = 3 ]] || cat "$dir/said"
	tells 3 'lsm *; kmalloc *' nobody "$dir/retcon" doctor kmalloc lsm
	tells 2 "*'kmaloc'*" "$dir/retcon" doctor kmaloc
}

bad_usage()
{
	tells 2 "retcon doctor: unrecognized option '--no-such-option'
(retcon doctor -h*" "$dir/retcon" doctor --no-such-option
	tells 0 'usage: retcon doctor*' "$dir/retcon" doctor --help
}

# A full disk is a failure.
full()
{
	local status=0

	"$dir/retcon" doctor >/dev/full 2>"$dir/said" || status=$?
	[ $status -eq 1 ] && grep -q 'No space left' "$dir/said" || echo "status $status: $(cat "$dir/said")"
}

nothing 'a table' here
nothing 'the exit code is the verdict' verdict
nothing 'JSON has its keys' keys
nothing '80 columns' narrow
nothing 'without rights' without_rights
nothing 'root of a user namespace' user_namespace
nothing 'asked for lines' names
nothing 'bad usage is told' bad_usage
nothing 'a full disk is told' full
finish
