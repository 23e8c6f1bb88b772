#!/bin/bash
# A kernel as a distribution gives it, without function error injection: what cannot work is refused, with the reason.
# kernels: debian-6.1
# kernels of a long run: debian-6.12
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

t_ok 'BTF is there' test -s /sys/kernel/btf/vmlinux
t_not 'no list of injectable functions is there' test -e /sys/kernel/debug/error_injection/list

server
inject kmalloc 'tcp_v4_connect()'
t_is 'a slab allocation: lacks what it needs' "$status" 3
t_like 'a slab allocation: which option' "$(cat "$err")" '*CONFIG_FUNCTION_ERROR_INJECTION*'
t_like 'a slab allocation: nothing is armed' "$(cat "$err")" '!(*armed*)'
t_is 'connects as before' "$("$bin/conn" tcp 7001)" 'connected, echoed 5 bytes'
inject kmalloc 'tcp_v4_connect()' -- touch "$work/ran"
t_is 'with a command: the failure is of retcon' "$status" 125
t_not 'with a command: it was not run' test -e "$work/ran"

# Hooks of security modules need no list: by fmod_ret on the function, by the BPF LSM on the hook.
override 'security_inode_mkdir = -EXDEV if dentry->d_name.name == "one"' -- "$bin/call" mkdir "$work/one"
t_like 'security_*: its caller fails' "$(cat "$out")" '*EXDEV*'
t_num 'security_*: injected' "$(counted injected)" -eq 1
t_like 'security_*: by fmod_ret' "$(cat "$err")" '*by fmod_ret*'
override 'security_inode_mkdir = -EXDEV if dentry->d_name.name == "one"' -- "$bin/call" mkdir "$work/two"
t_like 'security_*: another name is made' "$(cat "$out")" '*ok*'
override 'lsm:inode_mkdir = -EPERM if dentry->d_name.name == "three"' -- "$bin/call" mkdir "$work/three"
t_like 'lsm: its caller fails' "$(cat "$out")" '*EPERM*'
t_num 'lsm: injected' "$(counted injected)" -eq 1
t_like 'lsm: by the BPF LSM' "$(cat "$err")" '*by lsm*'
override 'lsm:inode_mkdir = -EPERM if dentry->d_name.name == "three"' -- "$bin/call" mkdir "$work/four"
t_like 'lsm: another name is made' "$(cat "$out")" '*ok*'
override 'security_socket_connect = -EPERM under __sys_connect' -- "$bin/conn" tcp 7001
t_like 'security_* under a caller' "$(cat "$out")" '*EPERM*'

# All else is refused, whatever the engine, with the option that it lacks.
for rule in 'syscall:mkdir = -EDQUOT' 'should_fail_bio = -EIO' 'syscall:mkdir = -EDQUOT after'; do
	override "$rule" -- touch "$work/ran"
	t_is "$rule: lacks what it needs" "$status" 125
	t_like "$rule: which option" "$(cat "$err")" '*CONFIG_FUNCTION_ERROR_INJECTION*'
done
for engine in kprobe.multi kprobe fmod_ret; do
	override --engine "$engine" 'syscall:mkdir = -EDQUOT' -- touch "$work/ran"
	t_is "by $engine: lacks what it needs" "$status" 125
	t_like "by $engine: which option" "$(cat "$err")" '*CONFIG_FUNCTION_ERROR_INJECTION*'
done
override 'syscall:mk* = -EDQUOT' -- touch "$work/ran"
t_is 'a pattern: lacks what it needs' "$status" 125
t_not 'nothing was run' test -e "$work/ran"
t_ok 'retcon list: hooks are there' sh -c "'$retcon' list 'security_inode_mkdir' | grep -q security_inode_mkdir"

t_done
