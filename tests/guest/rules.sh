#!/bin/bash
# Rules beyond one chain: several callers, callers that must not be, and which matches are meant.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# what socket(2) allocates first, and nobody else does
socket='should_failslab = -ENOMEM if STRCMP(s->name, "sock_inode_cache")'

# With preempt=full a task can be preempted inside a program, which then misses others there: counted.
# exactly NAME NUMBER WANTED, or less where some were missed
exactly()
{
	local missed=$(($(counted misses) + $(counted lost) + $(counted unconfirmed)))

	if [ $missed -gt 0 ] && grep -q preempt=full /proc/cmdline; then
		t_num "$1 ($missed missed)" "$2" -le "$3"
	else
		t_is "$1" "$2" "$3"
	fi
}

# hammered THREADS COUNT RULE: as many calls of socket(2); $failed of them did
hammered()
{
	override "$3" -- "$bin/hammer" socket "$1" "$2"
	failed=$(sed -n 's/.* failed \([0-9]*\).*/\1/p' "$out")
}

# all NAME CLAUSES, none NAME CLAUSES: of 100 calls
all()
{
	hammered 2 50 "$socket $2"
	exactly "$1: each call fails" "$failed" 100
	exactly "$1: injected" "$(counted injected)" 100
	grep -q preempt=full /proc/cmdline || t_is "$1: nothing is unclear" "$(counted unconfirmed)" 0
}

none()
{
	hammered 2 50 "$socket $2"
	t_is "$1: no call fails" "$failed" 0
	t_is "$1: nothing is a match" "$(counted matches)" 0
	t_num "$1: hits" "$(counted hits)" -ge 100
	grep -q preempt=full /proc/cmdline || t_is "$1: nothing is unclear" "$(counted unconfirmed)" 0
}

all 'two callers' 'under __sys_socket under sock_alloc'
t_is 'two callers: both on each stack' "$(injections '"sock_alloc+.*"__sys_socket+')" "$(injections .)"
all 'two callers, one of them twice' 'under sock_alloc <- __sys_socket under __sys_socket(family == 1)'
none 'two callers, one elsewhere' 'under __sys_socket under __sys_connect'
none 'two callers, one in vain' 'under __sys_socket under sock_alloc <- __sys_socket(family == 2)'
all 'one that ends in a jump, one that does not' 'under SyS_socket under __sys_socket'

none 'not under' 'not under __sys_socket'
all 'not under another' 'not under __sys_connect'
none 'not under one that ends in a jump' 'not under SyS_socket'
none 'not under two' 'not under sock_alloc <- __sys_socket'
all 'not under two, the wrong way round' 'not under __sys_socket <- sock_alloc'
all 'not under two, one elsewhere' 'not under sock_alloc <- __sys_connect'
none 'not under, the second of two' 'not under __sys_connect not under __sys_socket'
none 'under and not under' 'under __sys_socket not under sock_alloc'
all 'under and not under another' 'under __sys_socket not under __sys_connect'

none 'not under, with its condition' 'not under __sys_socket(family == 1)'
all 'not under, without its condition' 'not under __sys_socket(family == 2)'
none 'not under two, with a condition' 'not under sock_alloc <- __sys_socket(family == 1)'
all 'not under two, without its condition' 'not under sock_alloc <- __sys_socket(family == 2)'
none 'the same function under and not under' 'under __sys_socket(family == 1) not under __sys_socket(type & 1)'
all 'the same function under and not under, the latter in vain' \
	'under __sys_socket(family == 1) not under __sys_socket(family == 2)'

# An overlay on tmpfs: what is done in it is done again in the file system below.
mkdir "$work"/{low,up,job,over}
"$bin/call" mount overlay "$work/over" overlay \
	"lowerdir=$work/low,upperdir=$work/up,workdir=$work/job" >/dev/null
override 'should_failslab = -ENOMEM under vfs_mkdir not under ovl_mkdir' -- "$bin/call" mkdir "$work/over/a"
t_is 'not under a function that calls itself by another: succeeds' "$(cat "$out")" 'mkdir: ok'
override 'should_failslab = -ENOMEM under vfs_mkdir not under ovl_mkdir' -- "$bin/call" mkdir "$work/a"
t_like 'the same elsewhere: fails' "$(cat "$out")" 'mkdir: *[(]E*'
override 'should_failslab = -ENOMEM under vfs_mkdir under ovl_mkdir' -- "$bin/call" mkdir "$work/over/b"
t_like 'under both: fails' "$(cat "$out")" 'mkdir: *[(]E*'

# What follows counts, which is the same code on each kernel.
in_full || t_done

# Many threads inside at once; whether they are meant was seen when they entered.
n=2000
for len in 1 2; do
	waiting "$bin/manythreads" $n
	override_start -p "$job" \
		"should_failslab = -ENOMEM under unix_stream_sendmsg not under unix_stream_sendmsg(len == $len)"
	release
	inject_stop
	missed=$(($(counted misses) + $(counted lost) + $(counted unconfirmed)))
	t_note "$n threads, not under one with len == $len: $missed missed"
	if [ $len -eq 1 ]; then
		t_is "$n threads, all excluded" "$(tail -n 1 "$work/waiting")" "sent $n failed 0 other 0"
	else
		t_is "$n threads, none excluded: injected" "$(tail -n 1 "$work/waiting")" \
			"sent $((n - $(counted injected))) failed $(counted injected) other 0"
		t_num "$n threads, none excluded: injected and missed are all" \
			$(($(counted injected) + missed)) -ge $n
	fi
done

# late NAME CLAUSES UNCONFIRMED: they were inside before anybody looked
late()
{
	waiting "$bin/manythreads" 50 late
	override_start -p "$job" "should_failslab = -ENOMEM if STRCMP(s->name, \"skbuff_head_cache\") $2"
	release
	inject_stop
	t_is "$1: nothing fails" "$(tail -n 1 "$work/waiting")" 'sent 50 failed 0 other 0'
	t_num "$1: injected" "$(counted injected)" -eq 0
	t_num "$1: not confirmed" "$(counted unconfirmed)" "$3" 50
}

late 'armed too late' 'under unix_stream_sendmsg' -lt
late 'armed too late, not under' 'not under unix_stream_sendmsg' -lt
late 'armed too late, not under one with a condition' 'not under unix_stream_sendmsg(len == 2)' -ge

# Numbers: of matches, over all threads, each given once.
# numbered NAME CLAUSES HOW-MANY: of 4000 calls
numbered()
{
	hammered 4 1000 "$socket $2"
	exactly "$1: so many fail" "$failed" "$3"
	exactly "$1: injected" "$(counted injected)" "$3"
	t_is "$1: the others are let pass" "$(($(counted matches) - $(counted skipped)))" "$(counted injected)"
}

numbered 'when 1' 'when 1' 1
numbered 'when 4000+' 'under __sys_socket when 4000+' 1
numbered 'when 4001' 'when 4001' 0
numbered 'when 101..200' 'under __sys_socket when 101..200' 100
numbered 'when 1+3' 'under __sys_socket not under __sys_connect when 1+3' 1334
numbered 'when 11..1010+100' 'when 11..1010+100' 10
numbered 'interval 7' 'under __sys_socket interval 7' 571
numbered 'when and interval' 'when 10..4000+10 interval 5' 80

hammered 4 1000 "$socket under __sys_socket when 1001+ interval 2 times 100"
t_is 'when, interval and times: so many fail' "$failed" 100
t_is 'when, interval and times: injected' "$(counted injected)" 100
hammered 4 1000 "$socket under __sys_socket times 77"
t_is 'times 77: so many fail' "$failed" 77

hammered 4 500 "$socket under __sys_socket when 101..1100 probability 50%"
t_num 'probability 50%: not too few of 1000' "$(counted injected)" -gt 400
t_num 'probability 50%: not too many of 1000' "$(counted injected)" -lt 600
t_is 'probability 50%: a call fails for each' "$failed" "$(counted injected)"
exactly 'probability 50%: drawn for each match that when lets through' \
	"$(($(counted injected) + $(counted unlucky)))" 1000
exactly 'probability 50%: the others by their number' "$(counted skipped)" 1000

"$retcon" override "$socket interval 2" -- "$bin/hammer" socket 1 4 >"$out" 2>"$err"
t_like 'text: the closing line' "$(tail -n 1 "$err")" '*4 matches, 2 injected, 2 let pass by when or interval*'

t_not 'not under alone narrows nothing' "$retcon" override --for 100ms 'should_failslab = -ENOMEM not under __sys_socket'

t_done
