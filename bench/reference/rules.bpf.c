/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ten rules of bench/predicates.c as a careful person writes them in C, with what
 * retcon promises: a read that faults ends the condition and is told (2), not taken for
 * zero. Compiled by `bench/reference/make` with and without TYPED; nothing else uses it.
 *
 * Without TYPED: reads by helper, as anywhere. With TYPED: loads through the typed
 * arguments of fentry, where a fault gives 0; so only a 0 has to be confirmed, and a
 * pointer on the way needs nothing: what is read through a 0 faults again.
 */
#include "vmlinux.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define NO    0
#define YES   1
#define FAULT 2

#define ARG(n, type) ((type)ctx[n])

#ifdef TYPED
#define READ(to, from)                                                                             \
	do {                                                                                       \
		(to) = (from);                                                                     \
		if (!(to) && bpf_probe_read_kernel(&(to), sizeof(to), &(from)) < 0)                \
			return FAULT;                                                              \
	} while (0)
#define FOLLOW(to, from) ((to) = (from))
#else
#define READ(to, from)                                                                             \
	do {                                                                                       \
		if (bpf_probe_read_kernel(&(to), sizeof(to), &(from)) < 0)                         \
			return FAULT;                                                              \
	} while (0)
#define FOLLOW(to, from) READ(to, from)
#endif

SEC("socket")
int socket_rule(const __u64 *ctx)
{
	const struct sock *sk = ARG(0, const struct sock *);
	__u16 num, family;

	READ(num, sk->__sk_common.skc_num);
	if (num != 8080)
		return NO;
	READ(family, sk->__sk_common.skc_family);
	return family == 2 ? YES : NO;
}

SEC("dentry")
int dentry_rule(const __u64 *ctx)
{
	const struct dentry *entry = ARG(0, const struct dentry *);
	char text[12] __attribute__((aligned(8)));
	const unsigned char *name;
	long n;

	READ(name, entry->d_name.name);
	n = bpf_probe_read_kernel_str(text, sizeof(text), name);
	if (n < 0)
		return FAULT;
	/* "secret.txt": clang has no memcmp() here */
	return n == 11 && *(const __u64 *)text == 0x742e746572636573 &&
			       *(const __u16 *)(text + 8) == 0x7478
		       ? YES
		       : NO;
}

SEC("bio")
int bio_rule(const __u64 *ctx)
{
	const struct bio *bio = ARG(0, const struct bio *);
	const struct block_device *bdev;
	__u64 sector;
	__u32 dev;

	READ(sector, bio->bi_iter.bi_sector);
	if (sector != 128)
		return NO;
	FOLLOW(bdev, bio->bi_bdev);
	READ(dev, bdev->bd_dev);
	return dev >> 20 == 7 ? YES : NO;
}

SEC("page")
int page_rule(const __u64 *ctx)
{
	return ARG(1, __u32) >= 2 && ARG(0, __u32) & 0x400 ? YES : NO;
}

SEC("cache")
int cache_rule(const __u64 *ctx)
{
	const struct kmem_cache *s = ARG(0, const struct kmem_cache *);
	__u32 size;

	READ(size, s->object_size);
	return size > 512 && ARG(1, __u32) & 0x400 ? YES : NO;
}

SEC("skb")
int skb_rule(const __u64 *ctx)
{
	const struct sk_buff *skb = ARG(0, const struct sk_buff *);
	__u8 byte;
	__u32 len;

	/* both bit-fields are in it */
	READ(byte, *(const __u8 *)&skb->__pkt_type_offset);
	if ((byte & 7) != 0 || (byte >> 5 & 3) != 3)
		return NO;
	READ(len, skb->len);
	return len > 100 ? YES : NO;
}

SEC("inode")
int inode_rule(const __u64 *ctx)
{
	const struct inode *inode = ARG(1, const struct inode *);
	__u16 mode;
	__u32 uid;

	READ(mode, inode->i_mode);
	if ((mode & 0170000) != 0100000)
		return NO;
	READ(uid, inode->i_uid.val);
	return uid == 1000 ? YES : NO;
}

SEC("task")
int task_rule(const __u64 *ctx)
{
	const struct task_struct *p = ARG(0, const struct task_struct *), *parent;
	const struct cred *cred;
	__u32 uid, flags;

	READ(flags, p->flags);
	if (flags & 0x00200000)
		return NO;
	FOLLOW(parent, p->real_parent);
	FOLLOW(cred, parent->cred);
	READ(uid, cred->uid.val);
	return uid == 1000 ? YES : NO;
}

SEC("ten")
int ten_rule(const __u64 *ctx)
{
	const struct sock *sk = ARG(0, const struct sock *);
	__u16 family, type, protocol, num, dport;
	__u32 uid;
	int rcvbuf, sndbuf;
	__u8 state;

	READ(family, sk->__sk_common.skc_family);
	if (family != 2)
		return NO;
	READ(state, *(const __u8 *)&sk->__sk_common.skc_state);
	if (state != 7)
		return NO;
	READ(type, sk->sk_type);
	if (type != 1)
		return NO;
	READ(protocol, sk->sk_protocol);
	if (protocol != 6)
		return NO;
	READ(num, sk->__sk_common.skc_num);
	if (num < 1024)
		return NO;
	READ(dport, sk->__sk_common.skc_dport);
	if (dport != bpf_htons(80) && dport != bpf_htons(443))
		return NO;
	READ(rcvbuf, sk->sk_rcvbuf);
	if (rcvbuf <= 4096)
		return NO;
	READ(sndbuf, sk->sk_sndbuf);
	if (sndbuf <= rcvbuf)
		return NO;
	READ(uid, sk->sk_uid.val);
	return uid == 1000 ? YES : NO;
}

SEC("array")
int array_rule(const __u64 *ctx)
{
	const struct task_struct *p = ARG(0, const struct task_struct *);
	const struct signal_struct *sig;
	__u64 cur, max;

	FOLLOW(sig, p->signal);
	READ(cur, sig->rlim[7].rlim_cur);
	if (cur <= 1024) {
		READ(max, sig->rlim[7].rlim_max);
		if (max != 4096)
			return NO;
	}
	READ(max, sig->rlim[3].rlim_max);
	return max == ~0ull ? YES : NO;
}
