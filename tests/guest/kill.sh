#!/bin/bash
# kill -9 at random moments, 200 on both kernels together and on each in a long run: on the way to armed, and armed.
# Nothing may stay.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

server
# Four at a time, for most of a life is waiting for the kernel to take it apart.
kills=100
[ -z "${RETCON_TEST_LONG:-}" ] || kills=200
job "$bin/hammer" trickle 1 1000s >/dev/null
hammer=$job
killers=()
for seed in 88172645463325252 2685821657736338717 1181783497276652981 6364136223846793005; do
	job "$bin/killer" $((kills / 4)) $seed "$retcon" inject kmalloc 'tcp_v4_connect()' >"$work/killer.$seed"
	killers+=("$job")
done
bad=0
for killer in "${killers[@]}"; do
	wait "$killer" || bad=$((bad + 1))
done
t_is 'killed, never gone before' $bad 0
sed 's/^/# /' "$work"/killer.*
t_num 'killed as often as wanted' "$(awk '{ n += $2 } END { print n }' "$work"/killer.*)" -eq "$kills"
armed=$(awk '{ n += $4 } END { print n }' "$work"/killer.*)
t_num 'some were armed' "$armed" -ge 10
t_num 'some were not' "$armed" -le $((kills - 10))
kill "$hammer"
wait "$hammer"
t_clean 'after the last'
t_like 'the workload runs clean' "$("$bin/conn" many 20 7001)" '20 of 20 connected*'
inject kmalloc 'tcp_v4_connect()' -- "$bin/conn" tcp 7001
t_like 'and can be made to fail again' "$(cat "$out")" 'connect: *ENO*'

t_done
