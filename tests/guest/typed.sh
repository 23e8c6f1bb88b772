#!/bin/bash
# Conditions of a chain read through typed pointers: a value of 0 and a read that failed are two things.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

server

# try NAME CONDITION fails|passes FAULTS: a connect under tcp_v4_connect() with it
try()
{
	inject kmalloc "tcp_v4_connect()($2)" -- "$bin/conn" tcp 7001
	case $3 in
	fails)
		t_like "$1: connect fails" "$(cat "$out")" 'connect: *ENO*'
		;;
	*)
		t_is "$1: connects" "$(cat "$out")" 'connected, echoed 5 bytes'
		t_is "$1: not injected" "$(counted injected)" 0
		;;
	esac
	t_num "$1: read faults" "$(counted read_faults)" -eq "$4"
}

# a socket that is not connected yet has no port, no cached route and no group of listeners
try 'a 0 that was read' 'sk->__sk_common.skc_num == 0' fails 0
try 'the same, not so' 'sk->__sk_common.skc_num != 0' passes 0
try 'a pointer that is NULL' '!sk->sk_reuseport_cb' fails 0
try 'the same, not so' 'sk->sk_reuseport_cb' passes 0
try 'through it' 'sk->sk_reuseport_cb->num_socks == 0' passes 1
try 'through it, the other way round' '!(sk->sk_reuseport_cb->num_socks == 0)' passes 1
try 'through it twice' 'sk->sk_dst_cache->dev->ifindex == 0' passes 1
try 'tested before' '!sk->sk_reuseport_cb || sk->sk_reuseport_cb->num_socks == 0' fails 0
try 'the same, not so' 'sk->sk_reuseport_cb && sk->sk_reuseport_cb->num_socks == 0' passes 0

# i_acl of a socket's inode is (void *)-1: ACL_NOT_CACHED
inode='sk->sk_socket->file->f_inode'
try 'five pointers on' "$inode->i_sb->s_type->fs_flags != 0x7fff" fails 0
try 'a pointer that leads nowhere' "$inode->i_acl->a_count == 0" passes 1
try 'a pointer that leads nowhere, at its end' "$inode->i_acl->a_refcount.refs.counter == 0" passes 1
try 'as a number' "(unsigned long)$inode->i_acl == ~0UL" fails 0
try 'as a number, with arithmetic' "(unsigned long)$inode->i_acl + 1 == 0" fails 0

# a union's second member, and what is cast: by helper, with the same results
try "a union's pointer that is none" 'sk->__sk_common.skc_listener->sk_err == 0' passes 1
try 'beyond the type' '((struct tcp_sock *)sk)->inet_conn.icsk_inet.sk.sk_err == 0' fails 0
try 'of an address' '((struct sockaddr_in *)uaddr)->sin_port == htons(7001)' fails 0
try 'of another' '((struct sockaddr_in *)uaddr)->sin_port == htons(7002)' passes 0
try 'bit-fields' 'sk->__sk_common.skc_reuse == 0 && sk->__sk_common.skc_ipv6only == 0' fails 0

# the verifier of this kernel, on all that could be asked
t_ok 'loads that we take for allowed are' "$BUILD/tests/diff/loads" 60

t_done
