#!/bin/bash
# File systems on a loop device: ext4 cannot be mounted while tmpfs can, and reads fail.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

mkdir "$work/mnt" "$work/tmp"
truncate -s 16M "$work/ext4.img"
mkfs.ext4 -q -F "$work/ext4.img"
loop=$(losetup -f --show "$work/ext4.img")

mount_ext4()
{
	"$bin/call" mount "$loop" "$work/mnt" ext4
}

unmount_ext4()
{
	"$bin/call" umount "$work/mnt"
}

mount_tmpfs()
{
	"$bin/call" mount none "$work/tmp" tmpfs && "$bin/call" umount "$work/tmp" >/dev/null
}

t_is 'before: ext4 is mounted' "$(mount_ext4)" 'mount: ok'
dd if=/dev/urandom of="$work/mnt/file" bs=64k count=8 status=none
unmount_ext4 >/dev/null

inject_start kmalloc 'ext4_fill_super()'
t_like 'ext4_fill_super(): ext4 is not mounted' "$(mount_ext4)" 'mount: *ENOMEM)'
t_is 'ext4_fill_super(): tmpfs is' "$(mount_tmpfs)" 'mount: ok'
inject_stop
t_num 'ext4_fill_super(): injected' "$(counted injected)" -ge 1
t_is 'ext4_fill_super(): there it was' "$(injections_outside ext4_fill_super)" 0
t_is 'after: ext4 is mounted' "$(mount_ext4)" 'mount: ok'

inject_start bio 'ext4_file_read_iter()'
t_like 'bio: reading a file of the loop device fails' "$("$bin/call" read "$work/mnt/file")" 'read: *EIO)'
t_is 'bio: a file elsewhere can be read' "$("$bin/call" read "$work/ext4.img")" 'read: ok'
inject_stop
t_num 'bio: injected' "$(counted injected)" -ge 1
t_num 'bio: each is -5 EIO' "$(injections '"value":-5,"errno":"EIO"')" -eq "$(counted injected)"
t_is 'bio: there it was' "$(injections_outside ext4_file_read_iter)" 0
t_is 'bio: the file can be read again' "$("$bin/call" read "$work/mnt/file")" 'read: ok'
unmount_ext4 >/dev/null

echo 3 >/proc/sys/vm/drop_caches
inject bio '(bio->bi_iter.bi_sector == 0)' -- "$bin/call" read "$loop"
t_like 'bio: only where sector 0 is read' "$(cat "$out")" 'read: *EIO)'
t_num 'bio: sector 0: injected' "$(counted injected)" -ge 1
echo 3 >/proc/sys/vm/drop_caches
inject bio '(bio->bi_iter.bi_sector > 1000000)' -- "$bin/call" read "$loop"
t_is 'bio: no such sector, no failure' "$(cat "$out")" 'read: ok'
t_num 'bio: no such sector: the target was called all the same' "$(counted hits)" -ge 1
t_num 'bio: no such sector: nothing injected' "$(counted injected)" -eq 0

# The journal of ext4 is a kernel thread, which kthreadd starts: only --kthreads may touch that.
inject_start kmalloc 'kernel_thread()'
t_is 'kernel threads are exempt: ext4 is mounted' "$(mount_ext4)" 'mount: ok'
unmount_ext4 >/dev/null
inject_stop
t_num 'kernel threads are exempt: nothing injected' "$(counted injected)" -eq 0
t_num 'kernel threads are exempt: and counted' "$(counted exempt)" -ge 1
inject_start --kthreads kmalloc 'kernel_thread()'
t_like '--kthreads: ext4 is not mounted' "$(mount_ext4)" 'mount: *'
inject_stop
t_num '--kthreads: injected' "$(counted injected)" -ge 1
t_num '--kthreads: into kthreadd' "$(injections '"comm":"kthreadd"')" -eq "$(counted injected)"
t_is 'after --kthreads: ext4 is mounted' "$(mount_ext4)" 'mount: ok'
unmount_ext4 >/dev/null

t_done
