#!/bin/bash
# retcon override: rules that name their function and value themselves, and what is refused.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# refused STATUS PATTERN ARGUMENT...: with these words, and nothing else
refused()
{
	local wanted=$1 pattern=$2 name

	shift 2
	name=$(printf '%q ' "$@")
	name=${name//#/no.}
	"$retcon" override "$@" >"$out" 2>"$err" </dev/null
	status=$?
	t_is "$name: status" "$status" "$wanted"
	t_like "$name: words" "$(cat "$err")" "$pattern"
	t_is "$name: quiet otherwise" "$(cat "$out")" ''
	t_is "$name: nothing is attached" "$(attached)" "$t_before"
}

server

# The mode's word, by a chain, its condition and a count.
forget_ways
override 'kmalloc = -ENOMEM under tcp_v4_connect' -- "$bin/conn" tcp "$far"
t_like 'kmalloc under tcp_v4_connect: the connection fails' "$(cat "$out")" '*ENOBUFS*'
t_num 'kmalloc under tcp_v4_connect: injected' "$(counted injected)" -ge 1
t_is 'kmalloc under tcp_v4_connect: only there' "$(injections_outside tcp_v4_connect)" 0
t_num 'kmalloc under tcp_v4_connect: the rule is in the events' \
	"$(injections '"rule":"kmalloc = -ENOMEM under tcp_v4_connect"')" -ge 1
forget_ways
override 'should_failslab = -ENOMEM under tcp_v4_connect(((struct sockaddr_in *)uaddr)->sin_port == htons(7001))' \
	-- "$bin/conn" tcp "$far"
t_like 'the port it is: the connection fails' "$(cat "$out")" '*ENOBUFS*'
forget_ways
override 'should_failslab = -ENOMEM under tcp_v4_connect(((struct sockaddr_in *)uaddr)->sin_port == htons(7002))' \
	-- "$bin/conn" tcp "$far"
t_is 'another port: it connects' "$status" 0
t_num 'another port: nothing injected' "$(counted injected)" -eq 0

# System calls, by all their names; another value than the usual one.
for target in syscall:mkdir SyS_mkdir sys_mkdir __x64_sys_mkdir; do
	# shellcheck disable=SC2016 # that shell's
	override "$target = -EDQUOT times 2" -- bash -c '
		for d in a b c; do "$0" mkdir "$1/$2.$d"; done' "$bin/call" "$work" "${target##*[:_]}.${target%%[:_]*}"
	t_is "$target: twice, then no more" "$(grep -c EDQUOT "$out") $(grep -c ': ok' "$out")" '2 1'
	t_num "$target: injected" "$(counted injected)" -eq 2
done
for mode in 0755 0700; do
	override "syscall:mkdir = -EDQUOT if arg2 == $mode" -- "$bin/call" mkdir "$work/mode.$mode"
	t_is "if arg2 == $mode: injected" "$(counted injected)" "$((mode == 0755))"
	override "syscall:mkdir = -EDQUOT if mode == $mode" -- "$bin/call" mkdir "$work/named.$mode"
	t_is "if mode == $mode: injected" "$(counted injected)" "$((mode == 0755))"
done
override_start 'syscall:mkdir = -EDQUOT if mode == 0123 times 1'
inject_stop
t_is 'a condition on an argument is no rule for everybody' "$status" 0
override 'syscall:getpid = -EPERM' -- "$bin/call" getpid
t_like 'a system call without arguments' "$(cat "$out")" '*EPERM*'
t_num 'a system call without arguments: injected' "$(counted injected)" -ge 1

# A block request, on a device of our own.
truncate -s 4M "$work/disk"
loop=$(losetup -f --show "$work/disk")
read_sector()
{
	dd if="$loop" of=/dev/null bs=512 count=1 skip="$1" iflag=direct 2>&1
}
override_start 'bio = -EIO if bio->bi_iter.bi_sector == 128 times 1'
t_like 'bio: sector 128 fails' "$(read_sector 128)" '*Input/output error*'
t_ok 'bio: once' dd if="$loop" of=/dev/null bs=512 count=1 skip=128 iflag=direct
inject_stop
t_num 'bio: one injected' "$(counted injected)" -eq 1
override_start 'should_fail_bio = -EIO if bio->bi_iter.bi_sector == 129'
t_ok 'bio: another sector is read' dd if="$loop" of=/dev/null bs=512 count=1 skip=128 iflag=direct
inject_stop
t_num 'bio: nothing injected' "$(counted injected)" -eq 0

# true for pages
override 'alloc_page = true if order <= 1 under unix_dgram_sendmsg' -- "$bin/call" datagram
t_like 'alloc_page: the datagram is not sent' "$(cat "$out")" 'datagram: *ENOBUFS)'
t_num 'alloc_page: true is 1' "$(injections '"value":1,')" -ge 1

# not under, and which of the matches
forget_ways
override 'kmalloc = -ENOMEM under tcp_v4_connect not under __sys_connect' -- "$bin/conn" tcp "$far"
t_is 'not under: it connects' "$status" 0
t_num 'not under: nothing injected' "$(counted injected)" -eq 0
# shellcheck disable=SC2016 # that shell's
override 'syscall:mkdir = -EDQUOT when 2..3' -- bash -c '
	for d in a b c d; do "$0" mkdir "$1/when.$d"; done' "$bin/call" "$work"
t_is 'when 2..3: the second and the third' "$(sed 's/.*EDQUOT.*/no/; s/.*: ok/ok/' "$out" | xargs)" 'ok no no ok'

# A value that is forced.
override --force 'syscall:mkdir = 0' -- "$bin/call" mkdir "$work/forced"
t_like '--force: says what is wrong' "$(cat "$err")" '*note: forced: *error code*'
t_is '--force: done without the directory' "$(cat "$out") $(ls -d "$work/forced" 2>/dev/null)" 'mkdir: ok '

# What is not to be had: with the place in the rule, and nothing left behind.
refused 2 '*tcp_v4_connect is not on*list*cat */error_injection/list*' 'tcp_v4_connect = -ENOMEM under __sys_connect'
t_like 'not injectable: points at it' "$(cat "$err")" '*rule:1:1*tcp_v4_connect =*^~~*'
refused 125 '*not on*list*' 'tcp_v4_connect = -ENOMEM' -- true
refused 2 '*callers can take an error code*--force*' 'syscall:mkdir = 0 under __sys_connect'
refused 2 '*callers can take true*' 'alloc_page = false under __sys_connect'
refused 2 '*did you mean*-ENOMEM*' 'kmalloc = ENOMEM under tcp_v4_connect'
refused 2 '*whole system*under tcp_v4_connect*times N*' 'kmalloc = -ENOMEM'
refused 2 '*whole system*' 'kmalloc = -ENOMEM not under tcp_v4_connect'
refused 2 '*whole system*' 'kmalloc = -ENOMEM times 5'
refused 2 '*whole system*' 'syscall:mkdir = -EDQUOT if 1 + 1 == 2'
refused 2 '*whole system*' 'kmalloc = -ENOMEM if gfpflags || 1'
refused 2 '*--system-wide needs a bound*' --system-wide 'kmalloc = -ENOMEM'
refused 2 '*no function*should_failslap*should_failslab*' 'should_failslap = -ENOMEM under tcp_v4_connect'
refused 2 '*no function*kmaloc*did you mean kmalloc*' 'kmaloc = -ENOMEM under tcp_v4_connect'
refused 2 '*no function*openat*did you mean syscall:openat*' 'openat = -EACCES'
refused 2 "*no system call 'opennat'*syscall:openat*" 'syscall:opennat = -ENOMEM under tcp_v4_connect'
refused 2 '*whole system*' 'lsm:socket_connect = -EPERM'
refused 2 '*no security hook*sokcet_connect*did you mean lsm:socket_connect*' 'lsm:sokcet_connect = -EPERM'
refused 2 "*built in*leave 'brtfs:' out*" 'brtfs:open_ctree = -ENOMEM under __sys_connect'
refused 2 '*no module*brtfs*' 'brtfs:no_such_function = -ENOMEM under __sys_connect'
refused 2 '*whole system*' 'syscall:read = 1 after'
refused 2 "*write 'times 5'*" -c 5 'kmalloc = -ENOMEM under tcp_v4_connect'
refused 2 "*write 'probability*" -P 0.1 'kmalloc = -ENOMEM under tcp_v4_connect'
refused 2 "*rule 2:1:*no function 'should_fail_boi'*" 'kmalloc = -ENOMEM under tcp_v4_connect' 'should_fail_boi = -EIO if 1'
refused 2 '*the rule is missing*'
refused 125 '*no command*' 'kmalloc = -ENOMEM under tcp_v4_connect' --
refused 127 '*not found*' 'kmalloc = -ENOMEM under tcp_v4_connect' -- /no/such/command

cp "$retcon" "$work/retcon"
chmod 755 "$work"
setpriv --reuid 65534 --regid 65534 --clear-groups "$work/retcon" override 'kmalloc = -ENOMEM under tcp_v4_connect' \
	>"$out" 2>"$err"
t_is 'no root: status' $? 3
t_like 'no root: words' "$(cat "$err")" '*root*'

# The running kernel's BTF, as nobody.
t_ok 'compile: as nobody' setpriv --reuid 65534 --regid 65534 --clear-groups "$work/retcon" compile \
	'kmalloc = -ENOMEM if gfpflags & 0x400 under tcp_v4_connect(sk->__sk_common.skc_num == 80)'

t_done
