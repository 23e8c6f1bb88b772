#!/bin/bash
# The manual pages render, and list the options that --help lists. TAP output.
set -eu
# shellcheck source-path=SCRIPTDIR source=tap.bash
. "$(dirname "$0")/tap.bash"

options()
{
	grep -oE -- '(^|[^a-zA-Z0-9_-])--?[a-zA-Z][a-z-]*' | grep -oE -- '--?[a-zA-Z].*' | sort -u
}

# The page's option list against the help text's.
same_options()
{
	local page=docs/man/retcon-$1.1.scd

	diff <("$build/retcon" "$1" --help | sed -n '/^ *-/p' | sed -E 's/^( *(-[^ ]+,? ?)+).*/\1/' | options) \
		<(sed -n '/^# OPTIONS/,/^# [^O]/p' "$page" | grep '^\*-' | tr -d '*' | options)
}

renders()
{
	local page out

	for page in docs/man/*.scd; do
		out=$(scdoc <"$page" 2>&1 >/dev/null) && [ -z "$out" ] || echo "$page: $out"
	done
}

readme_is_short()
{
	[ "$(wc -l <README.md)" -lt 150 ] || echo 'README.md has 150 lines or more'
}

nothing 'retcon-inject(1) lists the options of --help' same_options inject
nothing 'retcon-compile(1) lists the options of --help' same_options compile
nothing 'retcon-doctor(1) lists the options of --help' same_options doctor
nothing 'retcon-list(1) lists the options of --help' same_options list
nothing 'retcon-override(1) lists the options of --help' same_options override
nothing 'retcon-trace(1) lists the options of --help' same_options trace
nothing 'retcon-vm(1) lists the options of --help' same_options vm
have 'manual pages render' scdoc && nothing 'manual pages render' renders
nothing 'the README is short' readme_is_short
finish
