#!/bin/bash
# retcon list: all of the kernel's list and no more, with types, modules' too, and what is not to be had.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

list=/sys/kernel/debug/error_injection/list
module=$BUILD/module/$kernel/retcon_test.ko

# list_ OPTION...: $out, $err, $status
list_()
{
	"$retcon" list "$@" >"$out" 2>"$err"
	status=$?
}

# refused STATUS PATTERN ARGUMENT...
refused()
{
	local wanted=$1 words=$2

	shift 2
	list_ "$@"
	t_is "list $*: status" "$status" "$wanted"
	t_like "list $*: words" "$(cat "$err")" "$words"
}

# what the kernel has in its list: functions, and system calls once whatever the ways in
expected()
{
	awk '{
		name = $1
		if (name != "__do_sys_ni_syscall" && name != "__x64_sys_ni_syscall" && $2 !~ /^\[/)
			if (sub(/^__(x64|do|ia32|ia32_compat|do_compat|x64_compat)_sys_/, "", name))
				name = "syscall:" name
		print name
	}' "$list" | sort -u | wc -l
}

# prototype TARGET: of the last list
prototype()
{
	sed -n 's/^{"target":"'"$1"'",.*"prototype":"\([^"]*\)".*/\1/p' "$out"
}

# engines TARGET
engines()
{
	sed -n 's/^{"target":"'"$1"'",.*"engines":\[\([^]]*\)\].*/\1/p' "$out"
}

t_ok 'the test module is loaded' insmod "$module"

list_
t_is 'all: status' "$status" 0
t_is 'all: nothing is said beside' "$(cat "$err")" ''
t_is 'all: it fits 100 columns' "$(awk 'length > 100' "$out")" ''
list_ --json
t_is 'all: as many as the kernel lists' "$(wc -l <"$out")" "$(expected)"
t_is 'all: each once' "$(sed 's/,.*//' "$out" | sort | uniq -d)" ''
t_is 'all: modules too' "$(grep -c '"module":"retcon_test"' "$out")" "$(grep -c '\[retcon_test\]' "$list")"
t_is 'types of a function' "$(prototype should_failslab)" 'int (struct kmem_cache *s, gfp_t gfpflags)'
t_is 'engines of a function' "$(engines should_failslab)" '"kprobe.multi","kprobe","fmod_ret"'
t_is 'types of a system call' "$(prototype syscall:openat)" \
	'long (int dfd, const char *filename, int flags, umode_t mode)'
t_is 'types of a system call without parameters' "$(prototype syscall:getpid)" 'long (void)'
t_is 'types of a module' "$(prototype retcon_test:rt_mixed)" \
	'int (u8 b, s16 sh, u32 i, int si, long sl, struct rt_object *obj)'
t_is 'engines of a function of a module' "$(engines retcon_test:rt_mixed)" '"kprobe.multi","kprobe","fmod_ret"'
t_is 'more arguments than registers' "$(engines retcon_test:rt_wide)" '"kprobe.multi","kprobe"'
t_is 'never returns' "$(engines syscall:exit_group)" ''
t_is 'stands for every number' "$(engines __do_sys_ni_syscall)" ''

# the same types without rights to probe
"$retcon" compile --stage types 'retcon_test:rt_mixed = -EIO if si == 3 && obj->in.i == 7' >"$out" 2>"$err"
t_is "compiling with a module's types: status" $? 0

list_ '*openat'
t_is 'a glob: one' "$(grep -c 'syscall:openat ' "$out")" 1
t_is 'a glob: no other' "$(grep -c syscall: "$out")" 1
list_ 'retcon_test:*'
t_like 'a glob: the module' "$(tail -n 1 "$out")" '* functions; engines: m kprobe.multi, k kprobe, f fmod_ret'
list_ 'security_socket_connect'
t_like 'a security function' "$(cat "$out")" '*security_socket_connect  -     f  *struct socket \*sock*'
list_ 'lsm:socket_connect'
t_like 'a hook' "$(cat "$out")" '*lsm:socket_connect  -     l  *struct socket \*sock*'
list_ --all --json
t_num 'all of them' "$(grep -c '"kind":"security"' "$out")" -gt 100
t_num 'all hooks' "$(grep -c '"kind":"lsm"' "$out")" -gt 100

refused 2 "*nothing*matches 'should_failslap'*did you mean 'should_failslab'*" should_failslap
refused 2 "*one too many*" a b

# what the library finds: addresses of the list, types of the module
t_ok 'symbols, addresses and types agree' "$BUILD/tests/unit/unit-kern_test_live"

t_ok 'the test module is unloaded' rmmod retcon_test
refused 2 "*nothing*matches 'retcon_test:*'*" 'retcon_test:*'

umount /sys/kernel/debug
refused 3 '*no debugfs at /sys/kernel/debug*mount -t debugfs none /sys/kernel/debug*' 'should_*'
list_ 'security_socket_*'
t_is 'hooks without a list: status' "$status" 0
t_like 'hooks without a list' "$(cat "$err")" '*only hooks are shown: no debugfs*'
mount -t debugfs none /sys/kernel/debug

# a build directory that others may not enter
cp "$retcon" "$work/retcon"
chmod 755 "$work" "$work/retcon"
retcon=$work/retcon
setpriv --reuid 65534 --clear-groups "$retcon" list >"$out" 2>"$err"
t_is 'not root: status' $? 3
t_like 'not root: words' "$(cat "$err")" '*only root may read*'

t_done
