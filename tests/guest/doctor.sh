#!/bin/bash
# What retcon doctor says is so: everything works in here, until something is taken away.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

json=$work/json

# doctor [COMMAND...] -- [NAME...]: $status, $json
doctor()
{
	local before=()

	while [ "$1" != -- ]; do
		before+=("$1")
		shift
	done
	shift
	${before[@]+"${before[@]}"} "$retcon" doctor --json "$@" >"$json" 2>"$err"
	status=$?
}

# rows ANSWER: the names of those with true, false or null, on one line
rows()
{
	jq -r --argjson answer "$1" \
		'[.engines, .features | to_entries[] | select(.value.works == $answer) | .key] | join(" ")' "$json"
}

remedies()
{
	jq -r '.remedies[].do' "$json"
}

# Whether a rule does anything: the doctor and the kernel ought to be of one mind.
injected()
{
	override 'should_failslab = -ENOMEM under __sys_socket' -- "$bin/call" socket
	counted injected
}

engines='kprobe.multi kprobe fmod_ret fmod_ret.security fmod_ret.syscall lsm kretprobe.multi kretprobe'
features='fentry task-storage tp_btf ringbuf read-kernel read-user btf injection-list addresses kmalloc bio alloc_page'

"$retcon" doctor >"$out" 2>"$err"
t_is 'as it is: status' $? 0
t_is 'as it is: verdict' "$(head -n 1 "$out")" 'Overriding works here.'
t_is 'as it is: fits a screen' "$(awk 'length > 80' "$out")" ''
t_num 'as it is: fits a screen' "$(wc -l <"$out")" -le 24
doctor --
t_is 'as it is: status with --json' $status 0
t_is 'as it is: everything works' "$(rows true)" "$engines $features"
t_is 'as it is: nothing to do' "$(remedies)" ''
t_is 'as it is: lockdown' "$(jq -r .kernel.lockdown "$json")" none
t_is 'as it is: kernel' "$(jq -r .kernel.release "$json")" "$(uname -r)"
t_num 'as it is: a rule injects' "$(injected)" -ge 1

for engine in kprobe.multi kprobe fmod_ret; do
	override --engine $engine 'should_failslab = -ENOMEM under __sys_socket' -- "$bin/call" socket
	t_num "as it is: a rule injects by $engine" "$(counted injected)" -ge 1
done

# Nobody is harmed who calls what is probed, while it is probed.
for _ in 1 2 3 4 5; do "$retcon" doctor; done >/dev/null &
prober=$!
calls=0
while kill -0 $prober 2>/dev/null; do
	unshare -u hostname "name-$calls" || break
	calls=$((calls + 1))
done
t_ok 'in the meantime: the doctor is content' wait $prober
t_num 'in the meantime: sethostname(2) works' $calls -ge 5
t_clean 'in the meantime'

override_start --for 60s -p $$ 'should_fail_bio = -EIO'
doctor --
t_is 'beside a rule: status' $status 0
t_is 'beside a rule: everything works' "$(rows true)" "$engines $features"
inject_stop

doctor setpriv --inh-caps=-all --bounding-set=-all --
t_is 'no capabilities: status' $status 3
t_like 'no capabilities: verdict' "$(jq -r .verdict "$json")" 'Overriding takes root*'
t_is 'no capabilities: which' "$(jq -r '.user.missing | join(" ")' "$json")" 'CAP_BPF CAP_PERFMON CAP_SYS_ADMIN'
t_is 'no capabilities: nothing is claimed of engines' "$(jq -c '[.engines[].works] | unique' "$json")" '[null]'
t_is 'no capabilities: nothing of features but what can be seen' "$(rows true)" 'btf injection-list'

doctor setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin --
t_is 'no CAP_SYS_ADMIN: status' $status 3
t_is 'no CAP_SYS_ADMIN: which' "$(jq -c .user.missing "$json")" '["CAP_SYS_ADMIN"]'
doctor setpriv --bounding-set=-all,+sys_admin --inh-caps=-all --
t_is 'no CAP_SYSLOG: what is missing' "$(rows false)" addresses
doctor setpriv --bounding-set=-all,+sys_admin,+syslog --inh-caps=-all --
t_is 'CAP_SYS_ADMIN and CAP_SYSLOG: status' $status 0
t_is 'CAP_SYS_ADMIN and CAP_SYSLOG: everything works' "$(rows true)" "$engines $features"
t_like 'CAP_SYS_ADMIN and CAP_SYSLOG: a rule injects' \
	"$(setpriv --bounding-set=-all,+sys_admin,+syslog --inh-caps=-all \
		"$retcon" override 'should_failslab = -ENOMEM under __sys_socket' -- "$bin/call" socket 2>&1)" '*injected*'

setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "$retcon" doctor >"$out" 2>"$err"
doctor setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --
t_is 'nobody: status' $status 3
t_like 'nobody: who' "$(cat "$out")" '*rights  *user 65534 without CAP_BPF*run it with sudo*retcon vm*'
t_is 'nobody: nothing is claimed' "$(rows true) $(rows false)" 'btf '

doctor unshare -U -r --
t_is 'root of a user namespace: status' $status 3
t_is 'root of a user namespace: remedy' "$(remedies | head -n 1)" 'run it as root of the machine'
t_is 'root of a user namespace: nothing is claimed of engines' "$(jq -c '[.engines[].works] | unique' "$json")" '[null]'

echo 2 >/proc/sys/kernel/kptr_restrict
doctor --
t_is 'kptr_restrict: status' $status 3
t_is 'kptr_restrict: what is missing' "$(rows false)" addresses
t_like 'kptr_restrict: remedy' "$(remedies)" '*sysctl -w kernel.kptr_restrict=1*'
injected >/dev/null
t_num 'kptr_restrict: no rule is armed' "$status" -eq 125
echo 1 >/proc/sys/kernel/kptr_restrict
doctor --
t_is 'kptr_restrict as the remedy has it: status' $status 0
t_num 'kptr_restrict as the remedy has it: a rule injects' "$(injected)" -ge 1
echo 0 >/proc/sys/kernel/kptr_restrict

echo 0 >/proc/sys/kernel/ftrace_enabled
doctor --
t_is 'ftrace_enabled: status' $status 3
t_is 'ftrace_enabled: what is off' "$(rows false)" "$engines fentry kmalloc bio alloc_page"
t_like 'ftrace_enabled: remedy' "$(remedies)" '*sysctl -w kernel.ftrace_enabled=1*'
injected >/dev/null
t_num 'ftrace_enabled: no rule is armed' "$status" -eq 125
t_like 'ftrace_enabled: the same remedy' "$(cat "$err")" '*sysctl -w kernel.ftrace_enabled=1*'
echo 1 >/proc/sys/kernel/ftrace_enabled
t_num 'ftrace_enabled as the remedy has it: a rule injects' "$(injected)" -ge 1

echo 0 >/sys/kernel/debug/kprobes/enabled
doctor --
t_is 'kprobes/enabled: status' $status 0
t_is 'kprobes/enabled: what is off' "$(rows false)" 'kprobe kretprobe'
t_num 'kprobes/enabled: a rule injects by kprobe.multi' "$(injected)" -ge 1
doctor -- kprobe
t_is 'kprobes/enabled: asked for kprobe' $status 3
doctor -- kprobe.multi fmod_ret
t_is 'kprobes/enabled: asked for others' $status 0
echo 1 >/sys/kernel/debug/kprobes/enabled

# in a mount namespace of its own
doctor unshare -m sh -c 'umount /sys/kernel/debug && exec "$@"' sh --
t_is 'no debugfs: status' $status 0
t_is 'no debugfs: what is missing' "$(rows false)" injection-list
t_like 'no debugfs: remedy' "$(remedies)" '*mount -t debugfs none /sys/kernel/debug*'
doctor unshare -m sh -c 'umount /sys/kernel/security && exec "$@"' sh --
t_is 'no securityfs: status' $status 0
t_is 'no securityfs: the configuration tells' "$(rows true)" "$engines $features"

t_done
