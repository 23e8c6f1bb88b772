#!/bin/bash
# retcon compile without rights: it reads BTF, says what is wrong, loads nothing. TAP output.
set -eu
# shellcheck source-path=SCRIPTDIR/../check source=tap.bash
. "$(dirname "$0")/../check/tap.bash"

btf=$build/tests/kernel.btf
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
# nobody need be able to reach the build directory
cp "$build/retcon" "$btf" "$dir/"
chmod 755 "$dir/retcon" "$dir/kernel.btf"

# As nobody where we are somebody, without any capability.
nobody()
{
	if [ "$(id -u)" -eq 0 ]; then
		(cd / && setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all "$@")
	else
		"$@"
	fi
}

# compiles STATUS PATTERN ARGUMENT...: what it says, on either stream
compiles()
{
	local wanted=$1 pattern=$2 status=0 said

	shift 2
	said=$(nobody "$dir/retcon" compile "$@" 2>&1) || status=$?
	[ "$status" -eq "$wanted" ] || echo "status $status, wanted $wanted: $said"
	# shellcheck disable=SC2053 # a pattern it is
	[[ $said == $pattern ]] || printf 'wanted %s, got:\n%s\n' "$pattern" "$said"
}

spec='tcp_v4_connect()(sk->__sk_common.skc_num == 80)'

all_stages()
{
	compiles 0 '== rule ==*== tree ==*== types ==*load at*== ir ==*rc_target*== insns ==*bpf_override_return*' \
		--target-btf "$dir/kernel.btf" kmalloc "$spec"
}

one_stage()
{
	compiles 0 "$spec" --target-btf "$dir/kernel.btf" --stage rule kmalloc "$spec"
	compiles 0 '== types ==*== ir ==*' --target-btf "$dir/kernel.btf" --stage ir --stage types kmalloc "$spec"
	compiles 2 '*no stage*asm*' --target-btf "$dir/kernel.btf" --stage asm kmalloc "$spec"
}

# What vmlinux is: an ELF file that has BTF in a section.
elf()
{
	printf 'int x;\n' | "${CC:-cc}" -c -x c -o "$dir/plain.o" -
	objcopy --add-section .BTF="$btf" "$dir/plain.o" "$dir/vmlinux"
	chmod 644 "$dir/plain.o" "$dir/vmlinux"
	compiles 0 "$spec" --target-btf "$dir/vmlinux" --stage rule kmalloc "$spec"
	compiles 2 '*neither BTF nor*' --target-btf "$dir/plain.o" kmalloc "$spec"
}

bad_files()
{
	compiles 2 '*cannot read*No such file*' --target-btf "$dir/none" kmalloc "$spec"
	compiles 2 '*' --target-btf / kmalloc "$spec"
	compiles 2 '*neither BTF nor*' --target-btf /etc/passwd kmalloc "$spec"
	compiles 2 '*' --target-btf /dev/null kmalloc "$spec"
	head -c 1000 "$btf" >"$dir/cut"
	: >"$dir/empty"
	chmod 644 "$dir/cut" "$dir/empty"
	compiles 1 '*BTF*' --target-btf "$dir/cut" kmalloc "$spec"
	compiles 2 '*' --target-btf "$dir/empty" kmalloc "$spec"
}

bad_usage()
{
	compiles 2 '*the rule is missing*'
	compiles 2 '*one too many*' a b c
	compiles 2 '*no mode*kmallocs*' --target-btf "$dir/kernel.btf" kmallocs "$spec"
	compiles 2 "retcon compile: unrecognized option '--no-such-option'
(retcon compile -h*" --no-such-option
	compiles 2 '*put it in quotes*' kmalloc = -ENOMEM under tcp_v4_connect
	compiles 2 '*tcp_v4_conect()*^~~*tcp_v4_connect*' --target-btf "$dir/kernel.btf" kmalloc 'tcp_v4_conect()'
}

# What a kernel leaves out is no slip of the pen: it says which option, and exits with 3.
left_out()
{
	printf 'int x;\n' | "${CC:-cc}" -gbtf -c -x c -o "$dir/left-out.o" -
	chmod 644 "$dir/left-out.o"
	compiles 3 '*should_failslab*CONFIG_FAILSLAB*retcon vm*' --target-btf "$dir/left-out.o" \
		'kmalloc = -ENOMEM under tcp_v4_connect'
	compiles 3 '*CONFIG_FAIL_PAGE_ALLOC*' --target-btf "$dir/left-out.o" 'alloc_page = true'
}

# A full disk is a failure.
full()
{
	local status=0

	nobody "$dir/retcon" compile --target-btf "$dir/kernel.btf" kmalloc "$spec" >/dev/full 2>"$dir/said" || status=$?
	[ $status -eq 1 ] && grep -q 'No space left' "$dir/said" || echo "status $status: $(cat "$dir/said")"
}

loads_nothing()
{
	# one tracer a process: a sanitizer that looks for leaks is another
	ASAN_OPTIONS=detect_leaks=0 strace -f -e trace=bpf,perf_event_open -o "$dir/calls" "$dir/retcon" compile \
		--target-btf "$dir/kernel.btf" kmalloc "$spec" >"$dir/said" || echo "exit status $?"
	[ "$(grep -c 'exited with 0' "$dir/calls")" -eq 1 ] || echo 'it did not end well'
	sed '/exited with 0/d' "$dir/calls"
}

same_everywhere()
{
	"$dir/retcon" compile --target-btf "$dir/kernel.btf" kmalloc "$spec" >"$dir/one"
	bash -c '"$0" "$@"; true' "$dir/retcon" compile --target-btf "$dir/kernel.btf" kmalloc "$spec" >"$dir/two"
	cmp "$dir/one" "$dir/two"
}

nothing 'all stages' all_stages
nothing 'one stage' one_stage
nothing 'BTF in an ELF file' elf
nothing 'files that are no BTF' bad_files
nothing 'bad usage is told' bad_usage
nothing 'what the kernel leaves out' left_out
nothing 'a full disk is told' full
nothing 'nothing is loaded' loads_nothing
nothing 'the same text whoever asks' same_everywhere
finish
