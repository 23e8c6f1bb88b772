#!/bin/bash
# A kernel as a distribution gives it, without function error injection: what cannot work is refused, with the reason.
# kernels: debian-6.1
# kernels of a long run: debian-6.12
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

t_ok 'BTF is there' test -s /sys/kernel/btf/vmlinux
t_not 'no list of injectable functions is there' test -e /sys/kernel/debug/error_injection/list

server
inject kmalloc 'tcp_v4_connect()'
t_is 'a slab allocation: lacks what it needs' "$status" 3
t_like 'a slab allocation: which option' "$(cat "$err")" '*CONFIG_FUNCTION_ERROR_INJECTION*'
t_like 'a slab allocation: nothing is armed' "$(cat "$err")" '!(*armed*)'
t_is 'connects as before' "$("$bin/conn" tcp 7001)" 'connected, echoed 5 bytes'
inject kmalloc 'tcp_v4_connect()' -- touch "$work/ran"
t_is 'with a command: the failure is of retcon' "$status" 125
t_not 'with a command: it was not run' test -e "$work/ran"

t_done
