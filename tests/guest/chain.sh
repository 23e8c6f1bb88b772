#!/bin/bash
# Chains: their order, repeated functions, recursion, functions left by a tail call, conditions.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

server

# An overlay on tmpfs: what is done in it is done again in the file system below.
mkdir "$work"/{low,up,job,over,low1,low2,low3,merged,top,topup,topjob}
"$bin/call" mount overlay "$work/over" overlay \
	"lowerdir=$work/low,upperdir=$work/up,workdir=$work/job" >/dev/null

inject_start kmalloc 'vfs_mkdir() => vfs_mkdir()'
t_like 'twice the same: a directory in an overlay fails' "$("$bin/call" mkdir "$work/over/a")" 'mkdir: *[(]E*'
t_is 'twice the same: one in tmpfs does not' "$("$bin/call" mkdir "$work/a")" 'mkdir: ok'
inject_stop
t_num 'twice the same: injected' "$(counted injected)" -ge 1
t_num 'twice the same: twice on the stack' "$(injections '"vfs_mkdir+.*"ovl_.*"vfs_mkdir+')" -eq "$(counted injected)"
t_is 'twice the same: over' "$("$bin/call" mkdir "$work/over/a")" 'mkdir: ok'

inject_start kmalloc 'vfs_mkdir() => vfs_mkdir() => do_mkdirat()'
t_like 'three places, two the same: fails' "$("$bin/call" mkdir "$work/over/b")" 'mkdir: *[(]E*'
t_is 'three places, two the same: one in tmpfs does not' "$("$bin/call" mkdir "$work/b")" 'mkdir: ok'
inject_stop
t_is 'three places: below do_mkdirat' "$(injections_outside do_mkdirat)" 0

inject_start kmalloc 'do_mkdirat() => vfs_mkdir()'
t_is 'the wrong way round: nothing fails' "$("$bin/call" mkdir "$work/over/c")" 'mkdir: ok'
inject_stop
t_num 'the wrong way round: nothing injected' "$(counted injected)" -eq 0

# An overlay on the guest's root, itself one on 9p: a file is opened three times over.
mkdir -p "$work/3job"
"$bin/call" mount overlay "$work/top" overlay \
	"lowerdir=/etc,upperdir=$work/topup,workdir=$work/topjob" >/dev/null
inject_start kmalloc 'do_dentry_open() => do_dentry_open() => do_dentry_open()'
t_like 'three times the same: fails three deep' "$("$bin/call" open "$work/top/hostname")" 'open: *[(]E*'
t_is 'three times the same: not two deep' "$("$bin/call" open /etc/hostname)" 'open: ok'
t_is 'three times the same: not one deep' "$("$bin/call" open "$work/server")" 'open: ok'
inject_stop
t_num 'three times the same: three on the stack' \
	"$(injections '"do_dentry_open+.*"ovl_open.*"do_dentry_open+.*"ovl_open.*"do_dentry_open+')" -eq "$(counted injected)"
t_num 'three times the same: injected' "$(counted injected)" -ge 1

# A merged directory is read layer by layer, each opened after the inner iterate_dir() of the one
# before has returned: the outer call must still count. -c 1 lets the second reading through.
touch "$work/low1/1" "$work/low2/2" "$work/low3/3"
"$bin/call" mount overlay "$work/merged" overlay "lowerdir=$work/low1:$work/low2:$work/low3" >/dev/null
size=$(cat /sys/kernel/slab/filp/object_size)
inject_start -c 1 kmalloc \
	"should_failslab(struct kmem_cache *s, gfp_t gfpflags)(s->object_size == $size) => iterate_dir()"
t_like 'recursion: the first allocation fails' "$("$bin/call" ls "$work/merged")" 'ls: *[(]E*'
t_is 'recursion: -c 1 was it' "$("$bin/call" ls "$work/merged")" 'ls: ok'
inject_stop
t_num 'recursion: after an inner return the outer call still counts' "$(counted matches)" -ge 4
t_num 'recursion: one injected' "$(counted injected)" -eq 1

# Their last act is a jump to another function: they are off the stack while that runs.
for call in openat socket; do
	waiting "$bin/hammer" -w $call 1 50
	inject_start -p "$job" kmalloc "SyS_$call()"
	release
	inject_stop
	t_like "tail call: SyS_$call(): each call fails" "$(cat "$work/waiting")" '*calls 50 failed 50 *'
	t_num "tail call: SyS_$call(): injected" "$(counted injected)" -eq 50
	t_num "tail call: SyS_$call(): none elsewhere" "$(injections "sys_$call\|do_sys_open")" -eq 50
done

# try NAME SPEC fails|passes [COUNTER]: a connect under a chain with a condition
try()
{
	inject kmalloc "$2" -- "$bin/conn" tcp 7001
	case $3 in
	fails)
		t_like "$1: connect fails" "$(cat "$out")" 'connect: *ENO*'
		t_num "$1: injected" "$(counted injected)" -ge 1
		;;
	*)
		t_is "$1: connects" "$(cat "$out")" 'connected, echoed 5 bytes'
		t_is "$1: not injected" "$(counted injected)" 0
		;;
	esac
	[ -z "${4:-}" ] || t_num "$1: counts $4" "$(counted "$4")" -ge 1
}

connect='tcp_v4_connect(struct sock *sk, struct sockaddr *uaddr, int addr_len)'
base='should_failslab(struct kmem_cache *s, gfp_t gfpflags)'
try 'integer argument' "$connect(addr_len == 16)" fails
try 'integer argument, false' "$connect(addr_len != 16)" passes
try 'member' "$connect(sk->__sk_common.skc_family == 2 && addr_len > 0)" fails
try 'member, false' "$connect(sk->__sk_common.skc_family == 10 || !(addr_len > 0))" passes
try 'two members deep' "$connect(sk->sk_socket->type == 1)" fails
try 'names of BTF' 'tcp_v4_connect()(sk->sk_socket->type == 1)' fails
try 'null pointer' "$connect(sk->sk_dst_cache->obsolete == 0)" passes read_faults
try "the target's own" "$base(s->object_size > 0) => tcp_v4_connect()" fails
try "the target's own, false" "$base(s->object_size > 1000000) => tcp_v4_connect()" passes hits
try 'conditions at both' "$base(s->object_size > 0) => $connect(addr_len == 16)" fails
try 'conditions at both, one false' "$base(s->object_size > 0) => $connect(addr_len == 17)" passes
try 'two callers' 'tcp_v4_connect() => __inet_stream_connect()' fails
try 'three callers, not adjacent' 'tcp_v4_connect() => inet_stream_connect() => __sys_connect()' fails

t_done
