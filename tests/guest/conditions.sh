#!/bin/bash
# Conditions as kernel developers write them, each with a case that meets it and one that does not.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# meets NAME WHAT SPEC...: what the command said, and something was injected
# misses NAME WHAT SPEC...: likewise, and nothing was, though the target was called
meets()
{
	t_like "$1: fails" "$(cat "$out")" "$2"
	t_num "$1: injected" "$(counted injected)" -ge 1
	t_num "$1: no read faults" "$(counted read_faults)" -eq 0
}

misses()
{
	t_like "$1: goes well" "$(cat "$out")" "$2"
	t_num "$1: the target was called" "$(counted hits)" -ge 1
	t_num "$1: nothing injected" "$(counted injected)" -eq 0
	t_num "$1: no read faults" "$(counted read_faults)" -eq 0
}

# A dentry's name.
touch "$work/seen"
create='d_alloc_parallel(struct dentry *parent, const struct qstr *name)'
inject kmalloc "$create(*name == \"pears\" && parent->d_name == \"${work##*/}\")" -- "$bin/call" create "$work/pears"
meets 'qstr == "pears"' 'create: *ENOMEM)'
inject kmalloc "$create(*name == \"pears\")" -- "$bin/call" create "$work/pear"
misses 'qstr == "pears", of pear' 'create: ok'
inject kmalloc "$create(GLOB(name->name, \"*-[0-9].tmp\"))" -- "$bin/call" create "$work/a-7.tmp"
meets 'GLOB' 'create: *ENOMEM)'
inject kmalloc "$create(GLOB(name->name, \"*-[0-9].tmp\"))" -- "$bin/call" create "$work/a-x.tmp"
misses 'GLOB, of another' 'create: ok'

# A socket's port and family: what the caller asks for, and the socket it has.
server
job "$bin/conn" tcp-server 0.0.0.0:7002 >"$work/second"
wait_for 10 grep -q listening "$work/second"
connect='tcp_v4_connect(struct sock *sk, struct sockaddr *uaddr)'
port='((struct sockaddr_in *)uaddr)->sin_port == htons(7001) && sk->__sk_common.skc_family == 2'
forget_ways
inject kmalloc "$connect($port)" -- "$bin/conn" tcp 10.0.0.7:7001
meets 'port 7001' '*ENO*'
forget_ways
inject kmalloc "$connect($port)" -- "$bin/conn" tcp 10.0.0.7:7002
misses 'port 7001, of 7002' 'connected*'

# The same in a rule, with a second caller, as retcon-rule(5) has it.
route='kmalloc = -ENOMEM if s->object_size < 512 under ip_route_output_key_hash
	<- tcp_v4_connect(((struct sockaddr_in *)uaddr)->sin_port == htons(7001))'
forget_ways
override "$route" -- "$bin/conn" tcp 10.0.0.7:7001
meets 'looking for a route to port 7001' '*ENOBUFS)'
forget_ways
override "$route" -- "$bin/conn" tcp 10.0.0.7:7002
misses 'looking for a route to port 7001, of 7002' 'connected*'

# A block device's number and sector: bcc's example, with the members of today.
truncate -s 1M "$work/disk" "$work/other-disk"
loop=$(losetup -f --show "$work/disk")
other=$(losetup -f --show "$work/other-disk")
disk="MKDEV($((0x$(stat -c %t "$loop"))), $((0x$(stat -c %T "$loop"))))"
sector="(({ struct gendisk *d = bio->bi_bdev->bd_disk; struct block_device *whole = d->part0;
	dev_t disk = whole->bd_dev; disk == $disk; }) && bio->bi_iter.bi_sector == 128)"
inject bio "$sector" -- "$bin/call" sector "$loop" 128
meets 'sector 128 of the disk' 'sector: *EIO)'
for n in 127 129 0; do
	inject bio "$sector" -- "$bin/call" sector "$loop" $n
	misses "sector 128 of the disk, of $n" 'sector: ok'
done
inject bio "$sector" -- "$bin/call" sector "$other" 128
misses 'sector 128 of the disk, of another disk' 'sector: ok'
losetup -d "$other"

# A task's cgroup.
mkdir /sys/fs/cgroup/retcon-test
group=$(stat -c %i /sys/fs/cgroup/retcon-test)
inside='echo $$ >/sys/fs/cgroup/retcon-test/cgroup.procs; exec "$@"'
inject kmalloc "do_sys_openat2()(\$cgroup == $group)" -- sh -c "$inside" - "$bin/call" open "$work/seen"
t_num 'cgroup: fails inside' "$(counted injected)" -ge 1
inject kmalloc "do_sys_openat2()(cgroup == $group)" -- "$bin/call" open "$work/seen"
misses 'cgroup, outside' 'open: ok'
rmdir /sys/fs/cgroup/retcon-test

# A kmem_cache's name.
inject kmalloc '(s->name == "filp") => do_sys_openat2()' -- "$bin/call" open "$work/seen"
t_num 's->name == "filp": injected' "$(counted injected)" -ge 1
inject kmalloc '(s->name == "filp") => do_mkdirat()' -- "$bin/call" mkdir "$work/directory"
misses 's->name == "filp", of mkdir' 'mkdir: ok'

# A page order with GFP flags: pages in pairs are asked for without reclaim, single ones with.
pages='should_fail_alloc_page(gfp_t gfp_mask, unsigned int order)'
inject alloc_page "$pages(order == 1 && gfp_mask & __GFP_COMP && !(gfp_mask & __GFP_DIRECT_RECLAIM)) => unix_dgram_sendmsg()" \
	-- "$bin/call" datagram
t_num 'order 1 without reclaim: injected' "$(counted injected)" -eq 1
inject alloc_page "$pages(order == 1 && gfp_mask & __GFP_DIRECT_RECLAIM) => unix_dgram_sendmsg()" \
	-- "$bin/call" datagram
misses 'order 1 with reclaim: there is none' 'datagram: ok'

# A path in user space, as system calls are given it. One of a page that is not in memory is a read fault:
# the program's loader may name such ones.
inject kmalloc "getname_flags(const char __user *filename)(filename == \"$work/seen\")" -- "$bin/call" open "$work/seen"
t_like 'path in user space: fails' "$(cat "$out")" 'open: *ENOMEM)'
t_num 'path in user space: injected' "$(counted injected)" -eq 1
inject kmalloc "getname_flags(const char __user *filename)(filename == \"$work/see\")" -- "$bin/call" open "$work/seen"
t_is 'path in user space, of another: goes well' "$(cat "$out")" 'open: ok'
t_num 'path in user space, of another: the target was called' "$(counted hits)" -ge 1
t_num 'path in user space, of another: nothing injected' "$(counted injected)" -eq 0

# A bit-field of an sk_buff.
inject kmalloc 'unix_scm_to_skb(struct scm_cookie *scm, struct sk_buff *skb)(!skb->cloned && skb->fclone == 0)' \
	-- "$bin/call" pass-descriptor
meets 'bit-fields of an skb' 'pass-descriptor: *ENOMEM)'
inject kmalloc 'unix_scm_to_skb(struct scm_cookie *scm, struct sk_buff *skb)(skb->cloned || skb->fclone == 1)' \
	-- "$bin/call" pass-descriptor
misses 'bit-fields of an skb, other values' 'pass-descriptor: ok'

t_done
