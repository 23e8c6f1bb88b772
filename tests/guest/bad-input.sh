#!/bin/bash
# What cannot be done is said, with the documented exit status, and leaves nothing behind.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# refused STATUS PATTERN ARGUMENT...: by retcon inject, with these words
refused()
{
	local wanted=$1 pattern=$2 name

	shift 2
	name=$(printf '%q ' "$@")
	name=${name//#/no.}
	"$retcon" inject "$@" >"$out" 2>"$err" </dev/null
	status=$?
	t_is "$name: status" "$status" "$wanted"
	t_like "$name: words" "$(cat "$err")" "$pattern"
	t_is "$name: quiet otherwise" "$(cat "$out")" ''
}

# caret LINE...: the last message points at the fault
caret()
{
	t_like "$1: points at it" "$(cat "$err")" '*^*'
}

refused 2 '*tcp_v4_conect*tcp_v4_connect*' kmalloc 'tcp_v4_conect()'
caret 'unknown function'
refused 2 '*no_such_function_at_all*' kmalloc 'no_such_function_at_all()'
for spec in 'tcp_v4_connect(' 'tcp_v4_connect)' 'tcp_v4_connect())' '((true)' 'tcp_v4_connect' '' '=> a()' 'a() =>' \
	'a() => => b()' '1abc()' 'tcp_v4_connect()(sk->)' 'tcp_v4_connect()(1 +)' 'tcp_v4_connect()(a == 1)' \
	'tcp_v4_connect()(sk->no_such_member == 1)' 'tcp_v4_connect(int x)(x == 1)' 'foo() bar' \
	"tcp_v4_connect()(addr_len == 'unended)" 'a()(1)(2)' 'mod:foo()'; do
	refused 2 '*error*' kmalloc "$spec"
	[ -z "$spec" ] || caret "$spec"
done
refused 2 '*mode*' 
refused 2 '*spec*' kmalloc
refused 2 '*no mode*kmallocs*' kmallocs 'tcp_v4_connect()'
refused 2 '*-P*' -P 1.5 kmalloc 'tcp_v4_connect()'
refused 2 '*-P*' -P -0.1 kmalloc 'tcp_v4_connect()'
refused 2 '*-P*' -P nan kmalloc 'tcp_v4_connect()'
refused 2 '*-P*' -P much kmalloc 'tcp_v4_connect()'
refused 2 '*-c*' -c '5 || 1' kmalloc 'tcp_v4_connect()'
refused 2 '*-c*' -c 0 kmalloc 'tcp_v4_connect()'
refused 2 '*-p*' -p 0 kmalloc 'tcp_v4_connect()'
refused 2 '*-p*' -p x kmalloc 'tcp_v4_connect()'
refused 2 '*--for*' --for soon kmalloc 'tcp_v4_connect()'
refused 2 '*unrecognized*no-such-option*-h tells*' --no-such-option kmalloc 'tcp_v4_connect()'
refused 125 '*no command*' kmalloc 'tcp_v4_connect()' --
refused 2 '*whole system*' kmalloc '(true)'
refused 2 '*empty condition*' kmalloc '()'
refused 2 '*--system-wide*' --system-wide kmalloc '(true)'
refused 2 '*one too many*' kmalloc 'tcp_v4_connect()' 'udp_sendmsg()'
refused 2 '*no process 399999*' -p 399999 kmalloc 'tcp_v4_connect()'
refused 1 '*cannot write*' -o /no/such/directory/file kmalloc 'tcp_v4_connect()'
refused 127 '*not found*' kmalloc 'tcp_v4_connect()' -- /no/such/command
refused 126 '*cannot run /etc: Permission denied*' kmalloc 'tcp_v4_connect()' -- /etc
refused 125 '*tcp_v4_conect*' kmalloc 'tcp_v4_conect()' -- true
refused 125 '*-P*' -P 7 kmalloc 'tcp_v4_connect()' -- true

cp "$retcon" "$work/retcon"
chmod 755 "$work"
setpriv --reuid 65534 --regid 65534 --clear-groups "$work/retcon" inject kmalloc 'tcp_v4_connect()' >"$out" 2>"$err"
t_is 'no root: status' $? 3
t_like 'no root: words' "$(cat "$err")" '*root*'

# An output that takes nothing: told, and over.
timeout 20 "$retcon" inject --for 10s -o /dev/full kmalloc 'tcp_v4_connect()' >"$out" 2>"$err"
t_is 'an output that is full: status' $? 1
t_like 'an output that is full: words' "$(cat "$err")" '*No space left on device*'

t_done
