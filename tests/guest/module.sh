#!/bin/bash
# Functions of a module: as targets by each engine, with conditions on their parameters, and as callers.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

t_ok 'the test module is loaded' insmod "$module"

for engine in kprobe.multi kprobe fmod_ret; do
	override --engine "$engine" 'retcon_test:rt_mixed = -EIO if si == 7 && i > 2' -- "$bin/rtcall" rt_mixed 1 2 3 7
	t_like "$engine: the condition holds" "$(cat "$out")" '* -5'
	t_num "$engine: injected" "$(counted injected)" -eq 1
	override --engine "$engine" 'retcon_test:rt_mixed = -EIO if si == 7 && i > 2' -- "$bin/rtcall" rt_mixed 1 2 3 8
	t_like "$engine: it does not hold" "$(cat "$out")" '* 0'
	override --engine "$engine" 'rt_mixed = -EIO if b == 1 under rt_outer' -- "$bin/rtcall" -u rt_mixed 1
	t_like "$engine: under a caller of the module" "$(cat "$out")" '* -5'
	override --engine "$engine" 'rt_mixed = -EIO if b == 1 under rt_outer' -- "$bin/rtcall" rt_mixed 1
	t_like "$engine: not under it" "$(cat "$out")" '* 0'
done
override 'retcon_test:rt_recurse = -EIO after if retval == 2 && depth == 2' -- "$bin/rtcall" rt_recurse 4
t_like 'after: of nested calls the one that is meant, and its callers add to it' "$(cat "$out")" '* -3'
t_num 'after: once' "$(counted injected)" -eq 1
override 'retcon_test:rt_n* = -EIO' -- "$bin/rtcall" rt_nothing
t_like 'a pattern' "$(cat "$out")" '* -5'

# What no engine can be had for is left out of a pattern, named with the reason, and the rest works.
for engine in kprobe.multi kprobe fmod_ret; do
	override --engine "$engine" 'retcon_test:rt_[nu]* = -EIO' -- "$bin/rtcall" rt_nothing
	t_like "$engine: a pattern with one that cannot be had" "$(cat "$out")" '* -5'
	t_like "$engine: it is named, with the reason" "$(cat "$err")" '*1 functions left out: rt_untraced (*'
done
override 'retcon_test:rt_[nu]* = -EIO' -- "$bin/rtcall" rt_nothing
t_like 'whatever the engine' "$(cat "$out")" '* -5'
t_like 'it is named once' "$(grep -c rt_untraced "$err")" 1
override 'retcon_test:rt_[nu]* = -EIO after' -- "$bin/rtcall" rt_nothing
t_like 'after: a pattern with one that cannot be had' "$(cat "$out")" '* -5'
t_is 'after: once' "$(counted injected)" 1
t_is 'after: and each call is seen whole' "$(counted unpaired)" 0
for rules in 1 2; do
	set -- 'retcon_test:rt_untr* = -EIO'
	[ "$rules" = 1 ] || set -- "$@" 'retcon_test:rt_nothing = -EIO'
	override "$@" -- "$bin/rtcall" rt_nothing
	t_is "$rules rules: one that goes nowhere is an error" "$status" 125
	t_like "$rules rules: it says which and why" "$(cat "$err")" '*error: *rt_untraced*'
done

t_ok 'the test module is unloaded' rmmod retcon_test
t_done
