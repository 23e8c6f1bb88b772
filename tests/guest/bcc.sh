#!/bin/bash
# The commands that bcc documents for its inject: they parse, and where the kernel still has
# their functions they do what their text says. What each kernel has is written down here.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

mkdir "$work/mnt"
mount_tmpfs()
{
	"$bin/call" mount none "$work/mnt" tmpfs && "$bin/call" umount "$work/mnt" >/dev/null
}

for spec in 'SyS_mount()' '(true) => SyS_mount()(true)'; do
	inject_start -v kmalloc "$spec"
	t_like "$spec: mount fails" "$(mount_tmpfs)" 'mount: *ENOMEM)'
	t_is "$spec: files are as before" "$("$bin/call" create "$work/file")" 'create: ok'
	inject_stop
	t_num "$spec: injected" "$(counted injected)" -ge 1
	t_is "$spec: only below mount(2)" "$(injections_outside '[a-z0-9_]*sys_mount')" 0
	t_is "$spec: mount works again" "$(mount_tmpfs)" 'mount: ok'
done

inject kmalloc -v -P 0.01 'SyS_mount()' -- true
t_is "-P 0.01 'SyS_mount()' arms" "$status" 0

# A file system in a file, for mount_subtree() and btrfs_mount().
truncate -s 128M "$work/btrfs.img"
mkfs.btrfs -q -m single "$work/btrfs.img" >"$work/mkfs" 2>&1
loop=$(losetup -f --show "$work/btrfs.img")
case $kernel in
6.1)
	t_ok '6.1 has btrfs_mount' has_function btrfs_mount
	inject_start -v kmalloc 'mount_subtree() => btrfs_mount()'
	t_like 'mount_subtree() => btrfs_mount(): btrfs cannot be mounted' \
		"$("$bin/call" mount "$loop" "$work/mnt" btrfs)" 'mount: *ENOMEM)'
	t_is 'mount_subtree() => btrfs_mount(): tmpfs can' "$(mount_tmpfs)" 'mount: ok'
	inject_stop
	t_is 'mount_subtree() => btrfs_mount(): below both' \
		"$(injections_outside mount_subtree) $(injections_outside btrfs_mount)" '0 0'
	;;
*)
	# gone with 6.8, where btrfs went over to fs_context
	t_not "$kernel has no btrfs_mount" has_function btrfs_mount
	inject kmalloc -v 'mount_subtree() => btrfs_mount()'
	t_like 'mount_subtree() => btrfs_mount(): says which function is unknown' \
		"$(cat "$err")" '*btrfs_mount*'
	t_not 'mount_subtree() => btrfs_mount(): fails' test "$status" -eq 0
	;;
esac
t_is 'btrfs is mounted when nothing is injected' "$("$bin/call" mount "$loop" "$work/mnt" btrfs)" 'mount: ok'
"$bin/call" umount "$work/mnt" >/dev/null

# Both functions are there, but the one has not called the other for long: nothing may happen.
inject_start -v kmalloc 'btrfs_alloc_device() => btrfs_close_devices()'
"$bin/call" mount "$loop" "$work/mnt" btrfs >/dev/null
t_is 'btrfs_close_devices(): unmounts' "$("$bin/call" umount "$work/mnt")" 'umount: ok'
inject_stop
t_is 'btrfs_alloc_device() => btrfs_close_devices() arms' "$status" 0
t_num 'btrfs_alloc_device() => btrfs_close_devices(): nothing injected' "$(counted injected)" -eq 0
losetup -d "$loop"
loop=

inject_start -v kmalloc \
	"d_alloc_parallel(struct dentry *parent, const struct qstr *name)(STRCMP(name->name, 'bananas'))"
t_like 'bananas cannot be created' "$("$bin/call" create "$work/bananas")" 'create: *ENOMEM)'
t_is 'apples can' "$("$bin/call" create "$work/apples")" 'create: ok'
t_is 'banana can' "$("$bin/call" create "$work/banana")" 'create: ok'
t_is 'bananas2 can' "$("$bin/call" create "$work/bananas2")" 'create: ok'
inject_stop
t_num 'bananas: one injected' "$(counted injected)" -eq 1
t_num 'bananas: no read faults' "$(counted read_faults)" -eq 0
t_is 'bananas can be created again' "$("$bin/call" create "$work/bananas")" 'create: ok'

# as it reaches retcon when a shell has eaten the inner quotes
inject kmalloc 'd_alloc_parallel(struct dentry *parent, const struct qstr *name)(STRCMP(name->name, bananas))' \
	-- "$bin/call" open "$work/bananas3"
t_is 'STRCMP without quotes' "$status" 1

# Its members left the kernel in 5.11: understood, and told which is missing.
inject bio -v -I linux/blkdev.h '(({struct gendisk *d = bio->bi_disk; struct disk_part_tbl *tbl = d->part_tbl; struct hd_struct **parts = (void *)tbl + sizeof(struct disk_part_tbl); struct hd_struct **partp = parts + bio->bi_partno; struct hd_struct *p = *partp; dev_t disk = p->__dev.devt; disk == MKDEV(254,16);}) && bio->bi_iter.bi_sector == 128)'
t_is 'the bio example is no bad syntax' "$(grep -c 'syntax\|expected\|unbalanced' "$err")" 0
t_like 'the bio example: says what the kernel lacks' "$(cat "$err")" '*bi_disk*'
t_not 'the bio example: fails' test "$status" -eq 0

inject -P 0.5 -c 100 alloc_page \
	"should_fail_alloc_page(gfp_t gfp_mask, unsigned int order) (order == 1) => qlge_refill_bq()"
t_like 'qlge_refill_bq: no such driver here' "$(cat "$err")" '*qlge_refill_bq*'
t_not 'qlge_refill_bq: fails' test "$status" -eq 0

# A long datagram's pages are asked for two at a time, and one at a time when those are not to be had.
base='should_fail_alloc_page(gfp_t gfp_mask, unsigned int order)'
inject_start -c 100 alloc_page "$base (order == 1) => unix_dgram_sendmsg()"
t_is 'order 1 under unix_dgram_sendmsg: the kernel makes do' "$("$bin/call" datagram)" 'datagram: ok'
inject_stop
t_num 'order 1 under unix_dgram_sendmsg: injected' "$(counted injected)" -eq 1
t_num 'order 1 under unix_dgram_sendmsg: true is 1' "$(injections '"value":1,')" -eq 1
t_is 'order 1 under unix_dgram_sendmsg: there it was' "$(injections_outside unix_dgram_sendmsg)" 0
inject alloc_page "$base (order <= 1) => unix_dgram_sendmsg()" -- "$bin/call" datagram
t_like 'order 1 and 0: the datagram is not sent' "$(cat "$out")" 'datagram: *ENOBUFS)'

# What is otherwise than in bcc, and may matter to a script, is told in a line; what is not, is not.
# notes OPTION... MODE SPEC -- CMD: what retcon noted on stderr
notes()
{
	inject "$@"
	grep '^retcon: note: ' "$err"
}

t_like '-P without a caller: told' "$(notes -P 0 kmalloc '(gfpflags == 0x12345)' -- true)" \
	'*bcc ignored -P*drawn for each call*'
t_is '-P with a caller is as it was: not told' "$(notes -P 0.5 kmalloc 'tcp_v4_connect()' -- true)" ''
t_is '-P 1 is as it was: not told' "$(notes -P 1 kmalloc '(gfpflags == 0x12345)' -- true)" ''
t_is 'no -P: not told' "$(notes kmalloc '(gfpflags == 0x12345)' -- true)" ''
inject -P 0 kmalloc '(s->object_size > 0)' -- "$bin/call" create "$work/lucky"
t_is '-P 0 without a caller: nothing injected' "$(cat "$out") $(counted injected)" 'create: ok 0'
inject -P 2 kmalloc 'tcp_v4_connect()'
t_like '-P above 1, which was always: refused' "$status $(cat "$err")" '2 *fraction from 0 to 1*'
inject -c '5 || 1' kmalloc 'tcp_v4_connect()'
t_like '-c in C, which was pasted: refused' "$status $(cat "$err")" '2 *number from 1 up*'
t_like 'SyS_ names: told' "$(notes kmalloc 'SyS_mount()' -- true)" '*SyS_mount is the system call mount*__x64_sys_mount*'
t_is 'names of today: not told' "$(notes kmalloc '__x64_sys_mount()' -- true)" ''
t_like 'headers: told' "$(notes -I linux/fs.h kmalloc 'tcp_v4_connect()' -- true)" '*-I linux/fs.h is not needed*'
inject kmalloc 'tcp_v4_connect()(1)(0)'
t_like 'two conditions, which were none: refused' "$status $(cat "$err")" '2 *second condition*'
inject kmalloc 'tcp_v4_connect() => (true)'
t_like 'the target not first, which overrode the caller: refused' "$status $(cat "$err")" '2 *must come first*'
inject kmalloc '(true)'
t_like 'nobody named, which was the whole machine: refused' "$status $(cat "$err")" '2 *whole system*'

# The shell it was started from was failed too; here it is spared, and who relies on that hears of it.
"$retcon" inject --for 60s kmalloc 'd_alloc_parallel()(STRCMP(name->name, spared))' >"$out" 2>"$err" &
injector=$!
t_jobs+=("$injector")
wait_for 20 grep -q '^armed' "$err"
: >"$work/spared"
kill -INT "$injector"
wait "$injector"
t_like 'the shell: spared' "$(cat "$out")" '*[0-9] exempt*'
t_like 'the shell: told' "$(cat "$out")" '*note: some matches were left alone*--kthreads and -p*'

t_done
