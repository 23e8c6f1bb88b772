#!/bin/bash
# What is counted over all threads and processors is exact, by each engine: times, and what two rules on one function
# share. tests/run gives the guest 4 processors for this.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

insmod "$module" || { echo 'Bail out! the test module cannot be loaded'; exit 1; }
rounds=5
[ -z "${RETCON_TEST_LONG:-}" ] || rounds=50

# With preempt=full a task can be preempted inside the program, which then misses others there: counted.
missed()
{
	echo $(($(counted misses) + $(counted lost) + $(counted unconfirmed) + $(counted unpaired)))
}

# times [AFTER]: so many, whatever is missed: there are more calls than that
times()
{
	local rule="rt_nothing = -100 $* under rt_outer times 1000" exact=0 i said injected

	for ((i = 0; i < rounds; i++)); do
		override --engine "$engine" "$rule" -- "$bin/rthammer" -u -t 8 -n 250 rt_nothing
		sum_up
		injected=$(counted injected)
		said=$(<"$out")
		if [[ $said == 'calls 2000 failed 1000 '* && $injected = 1000 ]]; then
			exact=$((exact + 1))
		else
			t_note "$said, injected $injected, missed $(missed)" "$(cat "$err")"
		fi
	done
	t_is "$engine: times 1000 of 2000 by 8 threads on $(nproc) processors: exact in $rounds rounds" $exact "$rounds"
}

# of_rule N NAME: a number of the N-th rule's closing line
of_rule()
{
	tail -n 3 "$events" | grep '"type":"rule"' | sed -n "$1s/.*\"$2\":\([0-9]*\).*/\1/p"
}

# two RULE RULE: of 1000 calls the first takes 300, the second the others
two()
{
	local first second missed

	override --engine "$engine" "$1" "$2" -- "$bin/rthammer" -t 8 -n 125 rt_mixed 1 2 3 4 5 0
	sum_up
	first=$(of_rule 1 injected)
	second=$(of_rule 2 injected)
	missed=$(missed)
	t_like "$engine: two rules: each that is injected fails" "$(cat "$out")" "calls 1000 failed $((first + second)) *"
	t_is "$engine: two rules: the first took what it may" "$first" 300
	t_is "$engine: two rules: they and the missed add up to the calls" $((first + second + missed)) 1000
	t_is "$engine: two rules: what the first let pass came to the second" \
		"$(of_rule 1 hits) $(of_rule 2 hits)" "$((1000 - missed)) $((700 - missed))"
}

for engine in kprobe.multi kprobe fmod_ret; do
	times
	two 'rt_mixed = -100 if si == 4 times 300' 'rt_mixed = -101'
done
for engine in kretprobe.multi kretprobe; do
	times after
	two 'rt_mixed = -100 after if si == 4 times 300' 'rt_mixed = -101 after if retval == 0'
done

t_ok 'the test module is unloaded' rmmod retcon_test
t_done
