#!/bin/bash
# 200 kill -9 at random moments: on the way to armed, and armed. Nothing may stay.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

server
start=$(date +%s%N)
inject_start kmalloc 'tcp_v4_connect()'
took=$((($(date +%s%N) - start) / 1000))
inject_stop

job "$bin/hammer" connect 1 1000s >/dev/null
hammer=$job
said=$("$bin/killer" "${RETCON_TEST_KILLS:-200}" $((took + took / 2)) \
	"$retcon" inject kmalloc 'tcp_v4_connect()')
t_is 'killed, never gone before' $? 0
t_like 'killed as often as wanted' "$said" "killed ${RETCON_TEST_KILLS:-200} *"
armed=$(echo "$said" | awk '{ print $4 }')
t_num 'some were armed' "$armed" -ge 10
t_num 'some were not' "$armed" -le $((${RETCON_TEST_KILLS:-200} - 10))
kill "$hammer"
wait "$hammer"
t_clean 'after the last'
t_like 'the workload runs clean' "$("$bin/conn" many 20 7001)" '20 of 20 connected*'
inject kmalloc 'tcp_v4_connect()' -- "$bin/conn" tcp 7001
t_like 'and can be made to fail again' "$(cat "$out")" 'connect: *ENO*'

t_done
