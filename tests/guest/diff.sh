#!/bin/bash
# Random predicates over this kernel's own types, in its own verifier: by themselves, and as fentry programs on
# functions of the test module, whose arguments the verifier has types for. And counting programs on a user program's
# functions, and on tracepoints.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

programs=100
[ -z "${RETCON_TEST_LONG:-}" ] || programs=1000
diff=$BUILD/tests/diff/diff
btf=/sys/kernel/btf

predicates()
{
	local name=$1

	shift
	"$diff" --btf "$btf/vmlinux" "$@" >"$out" 2>&1
	status=$?
	t_is "$name" $status 0
	t_note "$(tail -n 60 "$out")"
}

predicates "$programs predicates by themselves" "$programs"
t_ok 'the test module is loaded' insmod "$module"
predicates "$programs predicates under fentry" --module "$btf/retcon_test" "$programs"
t_ok 'the test module is unloaded' rmmod retcon_test

"$BUILD/tests/diff/attach" everyone >"$out" 2>&1
t_is 'programs on functions of files and on tracepoints' $? 0
t_note "$(grep -v '^ok' "$out")"

t_done
