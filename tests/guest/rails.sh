#!/bin/bash
# What is refused, or left alone, because it would end in a crash or touch everybody.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# refused NAME PATTERN OPTION... RULE [-- CMD]: with these words; nothing is attached
refused()
{
	local name=$1 pattern=$2

	shift 2
	override "$@"
	t_num "$name: refused" "$status" -ne 0
	t_like "$name: said why" "$(cat "$err")" "$pattern"
	t_is "$name: nothing is attached" "$("$bin/leftovers" | awk '{ print $4 }')" "$links"
}

# hold FUNC HOW: somebody else's program on it, until let_go
hold()
{
	waiting "$bin/holdfunc" "$@"
	links=$("$bin/leftovers" | awk '{ print $4 }')
}

let_go()
{
	release
	"$bin/leftovers" --wait >/dev/null
	links=0
}

links=0
kinds=fentry # a trampoline is one to all of this
[ -z "${RETCON_TEST_LONG:-}" ] || kinds='fentry fexit'

# Constant conditions, patterns: no scope.
refused 'a constant condition' '*whole system*' 'syscall:mkdir = -EIO if 1'
refused 'a constant condition of a pattern' '*whole system*' 'syscall:mk* = -EIO if 2 > 1'
refused 'all system calls' '*whole system*' 'syscall:* = -EIO'
refused 'everything' '*whole system*' '* = -EIO'
refused 'all hooks' '*whole system*' 'lsm:* = -EPERM'
refused 'without a bound' '*--system-wide needs a bound*' --system-wide 'syscall:* = -EIO'

# What never returns.
for call in exit exit_group rt_sigreturn; do
	refused "$call" '*never returns*' "syscall:$call = -EIO" -- true
	refused "$call by fmod_ret" '*never returns*' --engine fmod_ret "syscall:$call = -EIO" -- true
done
override 'syscall:exit* = -EIO' -- true
t_like 'a pattern of nothing else: refused' "$status $(cat "$err")" '125 *never returns*'
override 'syscall:rt_sig* = -EIO' -- "$bin/call" getpid
t_like 'a pattern: it is left out, by name' "$(cat "$err")" '*rt_sigreturn*'
override '*_sys_ni_* = -EIO' 'syscall:mkdir = -EIO' -- true
t_like 'a pattern of what is not traced' "$(cat "$err")" '*__do_sys_ni_syscall*does not trace it*'
override '__do_sys_ni_sysca* = -EIO' -- true
t_like 'the same alone' "$(cat "$err")" '*__do_sys_ni_syscall*does not trace it*'

# Init and ancestors, by each engine. This shell is one.
gone_to()
{
	cd /nowhere/at/all 2>"$work/cd" || sed 's/.*: //' "$work/cd"
}

for engine in kprobe.multi fmod_ret; do
	override_start --engine $engine --system-wide --for 60s 'syscall:chdir = -EDQUOT'
	t_is "$engine: a shell beside it is not" "$(gone_to)" 'Disk quota exceeded'
	gone_to >"$work/told"
	t_is "$engine: retcon's ancestor is exempt" "$(cat "$work/told")" 'No such file or directory'
	inject_stop
	t_num "$engine: and counted" "$(counted exempt)" -ge 1
done
override_start -p $$ 'syscall:chdir = -EDQUOT'
gone_to >"$work/told"
t_is 'unless -p names it' "$(cat "$work/told")" 'Disk quota exceeded'
inject_stop
override_start --engine lsm --system-wide --for 60s 'lsm:socket_create = -EPERM'
true 2>/dev/null 9<>/dev/udp/127.0.0.1/9
t_is 'lsm: this shell is exempt' "$?" 0
t_like 'lsm: others are not' "$("$bin/call" socket)" '*EPERM*'
inject_stop
t_num 'lsm: and counted' "$(counted exempt)" -ge 1

# Other programs' trampolines: taking one away while allocations fail crashes kernels before 7.2.
for kind in $kinds; do
	hold vfs_getattr "$kind"
	refused "slab while there is a $kind" '*t_held*--force*' 'kmalloc = -ENOMEM' -- true
	refused 'only not under' '*t_held*' 'kmalloc = -ENOMEM not under tcp_v4_connect' -- true
	override 'kmalloc = -ENOMEM under __x64_sys_socket' -- "$bin/call" socket
	t_like "a chain is allowed beside a $kind" "$(cat "$out")" 'socket: *[(]E*'
	override 'syscall:mkdir = -EIO' -- "$bin/call" mkdir "$work/no"
	t_like "other targets are allowed beside a $kind" "$(cat "$out")" 'mkdir: *[(]EIO)'
	override --force 'kmalloc = -ENOMEM if STRCMP(s->name, "sock_inode_cache")' -- "$bin/call" socket
	t_like "--force beside a $kind: says what may come of it" "$(cat "$err")" '*note: forced:*t_held*crashes*'
	t_like "--force beside a $kind: does it" "$(cat "$out")" 'socket: *[(]E*'
	let_go
done

# A trampoline on the target itself: no kprobe on top of it.
for kind in $kinds; do
	hold __x64_sys_mkdir "$kind"
	override 'syscall:mkdir = -EIO' -- "$bin/call" mkdir "$work/no"
	t_like "a target with a $kind: fails" "$(cat "$out")" 'mkdir: *[(]EIO)'
	t_like "a target with a $kind: by fmod_ret" "$(cat "$err")" '*[(]by *fmod_ret*'
	for engine in kprobe.multi kprobe; do
		refused "a target with a $kind, $engine forced" '*t_held*trampoline*' \
			--engine $engine 'syscall:mkdir = -EIO' -- true
	done
	let_go
done

# And no trampoline on top of a kprobe. Before 6.6 links do not tell what they are on.
for kind in kprobe kprobe.multi; do
	hold __x64_sys_mkdir $kind
	[ "$kernel" = 6.1 ] || refused "a target with a $kind, fmod_ret forced" '*t_held*kprobe*do not mix*' \
		--engine fmod_ret 'syscall:mkdir = -EIO' -- true
	override --engine fmod_ret 'syscall:rmdir = -EIO' -- "$bin/call" rmdir "$work/no"
	t_like "another target beside a $kind: fmod_ret is allowed" "$(cat "$out")" 'rmdir: *[(]EIO)'
	override 'syscall:mkdir = -EIO' -- "$bin/call" mkdir "$work/no"
	t_like "a target with a $kind: fails" "$(cat "$out")" 'mkdir: *[(]EIO)'
	t_like "a target with a $kind: by kprobe" "$(cat "$err")" '*[(]by kprobe*'
	let_go
done

t_done
