#!/bin/bash
# What the tools find: cppcheck, clang-tidy, shellcheck, clang-format. TAP output.
# With RETCON_TEST_LONG=1 clang's analyzer too, which takes minutes.
set -eu
# shellcheck source-path=SCRIPTDIR source=tap.bash
. "$(dirname "$0")/tap.bash"

# It sees neither __attribute__((cleanup)) (memleak, resourceLeak) nor what a callee fills in (uninitvar).
run_cppcheck()
{
	files 'src/*.c' | xargs cppcheck --quiet -j "$(nproc)" --std=c11 --inline-suppr --error-exitcode=1 \
		--enable=warning,performance,portability -Isrc -Iinclude -D_GNU_SOURCE -D__x86_64__ \
		--template='{file}:{line}: {id}: {message}' --suppress=memleak \
		--suppress=resourceLeak --suppress=uninitvar
}

run_tidy()
{
	files 'src/*.c' | xargs -P "$(nproc)" -n 8 clang-tidy -p "$build" --quiet \
		--extra-arg=-Wno-unknown-warning-option "$@" 2>&1 |
		grep -E '(warning|error):' | sort -u || true
}

run_format()
{
	files 'src/*.[ch]' 'include/*.h' 'tests/*.[ch]' 'bench/*.[ch]' 'demo/*.[ch]' |
		xargs clang-format --dry-run -Werror 2>&1 | grep 'error:' | cut -d: -f1 | uniq -c |
		awk '{ print $2 ": " $1 " places; see make format" }'
}

scripts()
{
	files | while IFS= read -r file; do
		head -n 1 "$file" | grep -qaE '^#!.*\b(ba)?sh\b' && printf '%s\n' "$file"
	done
	files '*.bash'
}

have cppcheck cppcheck && nothing cppcheck run_cppcheck
if have clang-tidy clang-tidy; then
	nothing clang-tidy run_tidy '--checks=-clang-analyzer-*'
	[ -z "${RETCON_TEST_LONG:-}" ] || nothing 'clang-analyzer' run_tidy
fi
have shellcheck shellcheck && nothing shellcheck xargs shellcheck -x < <(scripts)
have clang-format clang-format && nothing clang-format run_format
finish
