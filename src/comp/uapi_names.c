/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Constants that programs pass to the kernel and that its sources have as macros, which
 * BTF does not know. Their values are ABI and do not change (include/uapi, x86-64).
 */
#include "comp/uapi_names.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *name;
	int value;
} table[] = {
	/* open() */
	{ "O_RDONLY", 0 },
	{ "O_WRONLY", 1 },
	{ "O_RDWR", 2 },
	{ "O_ACCMODE", 3 },
	{ "O_CREAT", 0100 },
	{ "O_EXCL", 0200 },
	{ "O_NOCTTY", 0400 },
	{ "O_TRUNC", 01000 },
	{ "O_APPEND", 02000 },
	{ "O_NONBLOCK", 04000 },
	{ "O_DSYNC", 010000 },
	{ "O_DIRECT", 040000 },
	{ "O_LARGEFILE", 0100000 },
	{ "O_DIRECTORY", 0200000 },
	{ "O_NOFOLLOW", 0400000 },
	{ "O_NOATIME", 01000000 },
	{ "O_CLOEXEC", 02000000 },
	{ "O_SYNC", 04010000 },
	{ "O_PATH", 010000000 },
	{ "O_TMPFILE", 020200000 },
	{ "AT_FDCWD", -100 },
	/* modes */
	{ "S_IFMT", 0170000 },
	{ "S_IFSOCK", 0140000 },
	{ "S_IFLNK", 0120000 },
	{ "S_IFREG", 0100000 },
	{ "S_IFBLK", 0060000 },
	{ "S_IFDIR", 0040000 },
	{ "S_IFCHR", 0020000 },
	{ "S_IFIFO", 0010000 },
	{ "S_ISUID", 04000 },
	{ "S_ISGID", 02000 },
	{ "S_ISVTX", 01000 },
	/* sockets */
	{ "AF_UNSPEC", 0 },
	{ "AF_UNIX", 1 },
	{ "AF_LOCAL", 1 },
	{ "AF_INET", 2 },
	{ "AF_INET6", 10 },
	{ "AF_NETLINK", 16 },
	{ "AF_PACKET", 17 },
	{ "AF_CAN", 29 },
	{ "AF_TIPC", 30 },
	{ "AF_BLUETOOTH", 31 },
	{ "AF_ALG", 38 },
	{ "AF_VSOCK", 40 },
	{ "AF_SMC", 43 },
	{ "AF_XDP", 44 },
	{ "SOCK_STREAM", 1 },
	{ "SOCK_DGRAM", 2 },
	{ "SOCK_RAW", 3 },
	{ "SOCK_SEQPACKET", 5 },
	{ "SOCK_NONBLOCK", 04000 },
	{ "SOCK_CLOEXEC", 02000000 },
	{ "IPPROTO_IP", 0 },
	{ "IPPROTO_ICMP", 1 },
	{ "IPPROTO_TCP", 6 },
	{ "IPPROTO_UDP", 17 },
	{ "IPPROTO_IPV6", 41 },
	{ "IPPROTO_ICMPV6", 58 },
	{ "IPPROTO_SCTP", 132 },
	{ "IPPROTO_RAW", 255 },
	{ "IPPROTO_MPTCP", 262 },
};

bool uapi_value(const char *name, int *value)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strcmp(table[i].name, name)) {
			*value = table[i].value;
			return true;
		}
	return false;
}

const char *uapi_name(unsigned int i)
{
	return i < sizeof(table) / sizeof(table[0]) ? table[i].name : NULL;
}
