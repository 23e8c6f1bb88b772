#!/bin/bash
# One command's TCP connect fails, nobody else's does; and who counts as the command.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

server
t_is 'before: connects' "$("$bin/conn" tcp 7001)" 'connected, echoed 5 bytes'

job "$bin/conn" many 20 7001 60000 >"$work/many"
many=$job
forget_ways
inject kmalloc 'tcp_v4_connect()' -- "$bin/conn" tcp "$far"
t_is 'the command: connect(2) fails' "$(cat "$out")" 'connect: No buffer space available (ENOBUFS)'
t_is 'the command: its own exit status' "$status" 1
t_ok 'meanwhile 20 connections are being made' kill -0 "$many"
kill "$many"
wait "$many"
t_is 'and all of them succeed' $? 0
t_like 'and all of them succeed, each time' "$(cat "$work/many")" '*connected, 20 at a time*'
t_num 'one allocation was failed' "$(injections .)" -eq 1
t_num 'the count agrees' "$(counted injected)" -eq 1
t_num 'no event is lost' "$(counted drops)" -eq 0
t_is 'it was below tcp_v4_connect' "$(injections_outside tcp_v4_connect)" 0
t_num 'event: -ENOMEM' "$(injections '"function":"should_failslab","value":-12,"errno":"ENOMEM"')" -eq 1
t_num 'event: the way out' \
	"$(grep -c '"type":"return".*"function":"tcp_v4_connect","value":-105,"errno":"ENOBUFS"' "$events")" -eq 1
t_is 'after: connects' "$("$bin/conn" tcp 7001)" 'connected, echoed 5 bytes'

inject kmalloc 'tcp_v4_connect()' -- "$bin/conn" spawn 7001
t_like 'a child that execs is the command' "$(grep child "$out")" 'child: connect: *ENO*'
t_like 'a daemon of it is the command' "$(grep daemon "$out")" 'daemon: connect: *ENO*'
t_like 'itself too' "$(grep parent "$out")" 'parent: connect: *ENO*'
t_num 'three of them' "$(counted injected)" -eq 3

inject kmalloc 'tcp_v4_connect()' -- sh -c 'exit 7'
t_is 'exit status 7 comes through' "$status" 7
inject kmalloc 'tcp_v4_connect()' -- sh -c 'kill -TERM $$'
t_is 'death by SIGTERM comes through' "$status" 143
inject kmalloc 'tcp_v4_connect()' -- sh -c 'kill -KILL $$'
t_is 'death by SIGKILL comes through' "$status" 137
inject kmalloc 'tcp_v4_connect()' -- cat </etc/hostname
t_is 'standard input comes through' "$(cat "$out")" "$(cat /etc/hostname)"
inject kmalloc 'tcp_v4_connect()' -- /no/such/command
t_is 'command not found' "$status" 127
echo text >"$work/text"
inject kmalloc 'tcp_v4_connect()' -- "$work/text"
t_is 'command not runnable' "$status" 126
inject kmalloc 'tcp_v4_conect()' -- touch "$work/ran"
t_is "retcon's own failure" "$status" 125
t_not 'and the command was not run' test -e "$work/ran"

inject_start kmalloc 'tcp_v4_connect()'
t_like 'without command: connect fails' "$("$bin/conn" tcp 7001)" 'connect: *ENO*'
t_like 'without command: so does another' "$("$bin/conn" tcp 7001)" 'connect: *ENO*'
t_is 'UDP is as before' "$("$bin/conn" udp 7002)" 'connected, echoed 5 bytes'
t_is 'UNIX sockets are as before' "$("$bin/conn" unix "$work/socket")" 'connected, echoed 5 bytes'
t_is 'files are as before' "$("$bin/call" create "$work/file")" 'create: ok'
inject_stop
t_is 'it ends with 0 by SIGINT' "$status" 0
t_num 'two were failed' "$(counted injected)" -eq 2
t_is 'connects again' "$("$bin/conn" tcp 7001)" 'connected, echoed 5 bytes'

inject_start kmalloc 'tcp_v4_connect()'
kill -TERM "$injector"
wait "$injector"
t_is 'it ends with 0 by SIGTERM' $? 0
t_is 'connects after SIGTERM' "$("$bin/conn" tcp 7001)" 'connected, echoed 5 bytes'

t_done
