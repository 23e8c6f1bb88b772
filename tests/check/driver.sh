#!/bin/bash
# What counts the tests does count, and what installs packages says what it cannot do. TAP output.
set -eu
# shellcheck source-path=SCRIPTDIR source=tap.bash
. "$(dirname "$0")/tap.bash"

# counts WANTED STATUS AWK-ARGUMENT... : the events of the output on stdin, blanks for newlines
counts()
{
	local wanted=$1 status=$2 got

	shift 2
	got=$(awk -v suite=s -v status="$status" "$@" -f tests/tap.awk | tr '\n' ';')
	[ "$got" = "$wanted" ] || printf 'wanted %s\ngot    %s\n' "$wanted" "$got"
}

t_good()
{
	printf '1..2\nok 1 - a\nok 2 - b\n' | counts 'pass 2;' 0
	printf 'ok 1 - a\n1..1\n' | counts 'pass 1;' 0
}

t_bad()
{
	printf '1..2\nok 1 - a\nnot ok 2 - b\n' | counts 'fail s: b;pass 1;' 1
}

t_no_plan()
{
	printf 'ok 1 - a\n' | counts 'fail s: no plan;pass 1;' 0
	printf '' | counts 'fail s: no result;' 0
}

t_early_end()
{
	printf '1..3\nok 1 - a\n' | counts 'fail s: ended after 1 of 3;pass 1;' 0
	printf '1..1\nok 1 - a\nok 2 - b\n' | counts 'fail s: 2 results, 1 planned;pass 2;' 0
	printf '1..1\nok 1 - a\n' | counts 'pass 1;fail s: exit status 9;' 9
	printf '1..1\nok 1 - a\n' | counts 'pass 1;fail s: timed out;' 124
	printf 'Bail out! oh\n1..0\n' | counts 'fail s: Bail out! oh;skip s: all;' 1
}

t_skips()
{
	printf '1..2\nok 1 - a # SKIP no b\nnot ok 2 # SKIP c\n' | counts 'skip s: a;skip s: c;' 0
	printf '1..0 # SKIP none\n' | counts 'skip s: all (none);' 0
}

t_files()
{
	printf '# file: a.sh\nok 1 - a\n1..1\n# file: b.sh\nok 1 - a\n' |
		counts 'pass 1;fail s: b.sh: no plan;pass 1;fail s: c.sh has not been run;' 1 -v tests='a.sh b.sh c.sh'
}

t_closing_lines()
{
	printf 'test: a\nresult:   exit status 0\n9 programs, 1 rejected, 0 refused, 0 mismatches; 1 false\n====\n' |
		counts 'pass 1;' 0 -v meson=1
	printf 'test: a\nresult:   exit status 1\n9 programs, 1 rejected, 0 refused, 1 mismatches; 1 false\n====\n' |
		counts 'fail s: a: exit status 1;' 0 -v meson=1
	printf 'test: a\nresult:   exit status 77\nno root\n====\n' | counts 'skip s: a;' 0 -v meson=1
	printf 'Done 7 runs in 10 second(s)\n' | counts 'pass 1;' 0
	printf 'SUMMARY: libFuzzer: deadly signal\n' | counts 'fail s: no result;' 77
}

t_meson()
{
	{
		printf '==== 1/2 ====\ntest:         unit / a\nresult:       exit status 0\n'
		printf -- '--- stdout ---\n1..1\nok 1 - x\n==========\n\n'
		printf '==== 2/2 ====\ntest:         b\nresult:       killed by signal 11 SIGSEGV\n'
		printf -- '--- stdout ---\n1..2\nok 1 - x\n==========\n'
	} | counts 'pass 1;fail s: b: ended after 1 of 2 (killed by signal 11 SIGSEGV);pass 1;' 0 -v meson=1
	{
		printf '==== 1/1 ====\ntest:         g\nresult:       exit status 1\n'
		printf -- '--- stdout ---\n3 cases, 2 differ\n--- stderr ---\n/t/tests/golden/a.test:3: differs\n====\n'
	} | counts 'fail s: g: a.test:3: differs;fail s: g: a case that differs;pass 1;' 0 -v meson=1
}

# deps_says WORDS PROGRAM...: what scripts/deps says where only these programs exist, and the stand-ins
deps_says()
{
	local words=$1 program said

	shift
	rm -rf "${dir:?}/bin"
	mkdir "$dir/bin"
	for program in awk basename bash cat dirname env grep readlink; do
		ln -s "$(command -v "$program")" "$dir/bin/"
	done
	for program; do
		printf '#!%s\necho "ran %s $*" >&2\n%s\n' "$BASH" "${program%%=*}" "${program#*=}" >"$dir/bin/${program%%=*}"
		chmod +x "$dir/bin/${program%%=*}"
	done
	said=$(PATH=$dir/bin scripts/deps build 2>&1) && echo 'succeeded'
	grep -qF -- "$words" <<<"$said" || printf 'wanted %s\ngot %s\n' "$words" "$said"
}

t_deps_quiet()
{
	mkdir -p "$dir"
	command -v dpkg-query >/dev/null || return 0
	awk '$1 == "build" { print $2 }' scripts/packages.txt | xargs dpkg-query -W >/dev/null 2>&1 || return 0
	scripts/deps build
}

t_deps_strange()
{
	deps_says 'this is not Debian'
}

t_deps_no_root()
{
	deps_says 'neither root nor sudo; as root, run: apt-get install' 'dpkg-query=exit 1' 'apt-get=exit 1' 'id=echo 1000'
}

t_deps_no_network()
{
	deps_says 'is there a network?' 'dpkg-query=exit 1' 'apt-get=exit 100' 'apt-cache=exit 0' 'id=echo 0'
	deps_says 'installing failed' 'dpkg-query=exit 1' 'apt-get=exit 100' 'apt-cache=echo "  Candidate: 1"' 'id=echo 0'
	deps_says 'running: env DEBIAN_FRONTEND=noninteractive apt-get install' 'dpkg-query=exit 1' \
		'apt-get=exit 100' 'apt-cache=echo "  Candidate: 1"' 'id=echo 0'
}

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

nothing 'good results are counted' t_good
nothing 'a bad result is a failure' t_bad
nothing 'a missing plan is a failure' t_no_plan
nothing 'an early or bad end is a failure' t_early_end
nothing 'skips are counted apart' t_skips
nothing 'every file of a guest is looked for' t_files
nothing "meson's log is read" t_meson
nothing 'closing lines are read' t_closing_lines
nothing 'deps is silent when nothing is missing' t_deps_quiet
nothing 'deps says that this is not Debian' t_deps_strange
nothing 'deps says what to run without root and sudo' t_deps_no_root
nothing 'deps says that there is no network' t_deps_no_network
finish
