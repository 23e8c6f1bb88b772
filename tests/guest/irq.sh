#!/bin/bash
# Interrupts on top of a task inside its chain are not the task.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

server

# Over loopback the listener's half of a connection is made in a soft interrupt on top of the task
# that connects, inside its tcp_v4_connect(); what it allocates is nobody's in the chain.
size=$(cat /sys/kernel/slab/request_sock_TCP/object_size)
inject kmalloc \
	"should_failslab(struct kmem_cache *s, gfp_t gfpflags)(STRCMP(s->name, 'request_sock_TCP')) => tcp_v4_connect()" \
	-- "$bin/conn" tcp 7001
t_is "the listener's allocations: connects" "$(cat "$out")" 'connected, echoed 5 bytes'
t_num "the listener's allocations: nothing injected" "$(counted injected)" -eq 0
inject kmalloc \
	"should_failslab(struct kmem_cache *s, gfp_t gfpflags)(s->object_size == $size) => tcp_v4_connect()" \
	-- "$bin/conn" tcp 7001
t_is 'by size: connects' "$(cat "$out")" 'connected, echoed 5 bytes'
t_num 'by size: nothing injected' "$(counted injected)" -eq 0

inject kmalloc 'tcp_v4_rcv() => tcp_v4_connect()' -- "$bin/conn" tcp 7001
t_is 'a chain into the interrupt: connects' "$(cat "$out")" 'connected, echoed 5 bytes'
t_num 'a chain into the interrupt: nothing injected' "$(counted injected)" -eq 0
inject kmalloc 'tcp_v4_rcv()' -- "$bin/conn" tcp 7001
t_is 'a chain within the interrupt: connects' "$(cat "$out")" 'connected, echoed 5 bytes'
t_num 'a chain within the interrupt: nothing injected' "$(counted injected)" -eq 0

# Both CPUs busy with packets while two threads fail to connect.
job "$bin/hammer" udp 2 6s >"$work/udp"
udp=$job
inject -c 3000 kmalloc 'tcp_v4_connect()' -- "$bin/hammer" connect 2 2s
wait "$udp"
t_num 'under a flood: injected' "$(counted injected)" -ge 10
t_is 'under a flood: all below tcp_v4_connect' "$(injections_outside tcp_v4_connect)" 0
t_num 'under a flood: all in the command' "$(injections '"comm":"hammer"')" -eq "$(injections .)"
t_num 'under a flood: none in an interrupt' \
	"$(injections 'do_softirq+\|handle_softirqs+\|asm_sysvec\|asm_common_interrupt')" -eq 0
t_num 'under a flood: no packet found no memory' "$(grep -c 'ENOMEM\|ENOBUFS' "$work/udp")" -eq 0
t_num 'under a flood: every connect of the command failed' \
	"$(awk '{ print ($2 == $4 || $4 >= 3000) }' "$out")" -eq 1

t_done
