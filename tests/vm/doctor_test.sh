#!/bin/bash
# retcon doctor on kernels booted to allow less: what it says, and that rules find it so. TAP output.
#
# RETCON is the program to test. RETCON_TEST_KERNELS may name Debian's own too, as debian-6.1.
# shellcheck disable=SC2016 # what is in single quotes, the guest's shell expands
set -uo pipefail

retcon=${RETCON:?set it to the retcon program}
kernels=${RETCON_TEST_KERNELS:-6.12 6.1}
top=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
call=$(dirname "$(readlink -f "$retcon")")/tests/workload/call
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

count=0
failed=0
kernel=

is()
{
	count=$((count + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $count - $kernel: $1"
	else
		failed=$((failed + 1))
		echo "not ok $count - $kernel: $1"
		printf '#   got:    %s\n#   wanted: %s\n' "$2" "$3"
		head -n 8 "$work/err" | sed 's/^/#   /'
	fi
}

# boot KERNEL PARAMETERS: the doctor's JSON in $json, its exit code in $status; whether each rule below injects in
# $rules, and what was said about the one that reads memory in $said
boot()
{
	"$retcon" vm --kernel "$1" --fail-on-warn --append "$2" -- bash -c '
		"$1" doctor --json
		echo $?
		for rule in "should_failslab = -ENOMEM under __sys_socket" \
			"should_failslab = -ENOMEM if s->object_size under __sys_socket" \
			"security_socket_create = -EPERM" "lsm:socket_create = -EPERM"; do
			"$1" override "$rule" -- "$2" socket >"$3" 2>&1
			grep -c "^done: .* [1-9][0-9]* injected" "$3"
			[[ $rule != *object_size* ]] || cat "$3" >&2
		done
		true' sh "$(readlink -f "$retcon")" "$call" /dev/shm/out >"$work/out" 2>"$work/err" || echo "# the guest: $?"
	json=$(sed -n 1p "$work/out")
	status=$(sed -n 2p "$work/out")
	rules=$(sed -n '3,$p' "$work/out" | tr '\n' ' ')
	said=$(cat "$work/err")
}

# rows ANSWER: the names of those with true, false or null, on one line
rows()
{
	jq -r --argjson answer "$1" \
		'[.engines, .features | to_entries[] | select(.value.works == $answer) | .key] | join(" ")' <<<"$json"
}

lockdown()
{
	jq -r '.kernel.lockdown' <<<"$json"
}

# our own, which allow everything until they are told not to
ours()
{
	boot "$kernel" 'lsm=lockdown,bpf lockdown=confidentiality'
	is 'confidentiality: level' "$(lockdown)" confidentiality
	is 'confidentiality: what is lost' "$(rows false)" 'kprobe kretprobe read-kernel'
	is 'confidentiality: status' "$status" 0
	is 'confidentiality: rules inject, but the one that reads memory' "$rules" '1 0 1 1 '
	is 'confidentiality: which is told' "$(grep -c 'error: the kernel is locked down (confidentiality)' <<<"$said")" 1
	is 'confidentiality: remedy' "$(jq -r '.remedies[].do' <<<"$json")" 'boot without lockdown=confidentiality'

	boot "$kernel" 'lsm=lockdown lockdown=integrity'
	is 'integrity: level' "$(lockdown)" integrity
	is 'integrity: nothing but the module that was not started' "$(rows false)" lsm
	is 'integrity: rules inject, but that of the module' "$rules" '1 1 1 0 '
	is 'no bpf module: remedy' "$(jq -r '.remedies[].do' <<<"$json")" 'boot with lsm=capability,lockdown,bpf'

	# the level can be set, and read, without the module that would enforce it
	boot "$kernel" 'lsm=bpf lockdown=confidentiality'
	is 'not in force: level' "$(lockdown)" none
	is 'not in force: nothing is lost' "$(rows false)" ''
	is 'not in force: all rules inject' "$rules" '1 1 1 1 '
}

# Debian's, as it is installed: no injection list, but trampolines and an active bpf module
stock()
{
	boot "$kernel" ''
	is 'verdict' "$(jq -r .verdict <<<"$json")" 'Security hooks alone can be overridden here.'
	is 'status' "$status" 3
	is 'engines' "$(jq -r '[.engines | to_entries[] | select(.value.works) | .key] | join(" ")' <<<"$json")" \
		'fmod_ret.security lsm'
	is 'options' "$(jq -r '[.engines[].missing[]] | unique | join(" ") | gsub(" CONFIG_FPROBE"; "")' <<<"$json")" \
		'CONFIG_BPF_KPROBE_OVERRIDE CONFIG_FUNCTION_ERROR_INJECTION'
	is 'features' "$(jq -r '[.features | to_entries[] | select(.value.works) | .key] | join(" ")' <<<"$json")" \
		'fentry task-storage tp_btf ringbuf read-kernel read-user btf addresses'
	is 'rules on listed functions are refused, on security hooks they inject' "$rules" '0 0 1 1 '
	"$retcon" vm --kernel "$kernel" -- "$(readlink -f "$retcon")" doctor fmod_ret.security lsm >"$work/out" 2>"$work/err"
	is 'asked for what works' "$?" 0

	boot "$kernel" 'lsm=lockdown,yama'
	is 'without the bpf module' "$(jq -r '[.engines.lsm.works, .engines["fmod_ret.security"].works] | join(" ")' <<<"$json")" \
		'false true'
}

cd "$top" || exit 1
for kernel in $kernels; do
	case $kernel in
	debian-*) stock ;;
	*) ours ;;
	esac
done

echo "1..$count"
exit $((failed > 0))
