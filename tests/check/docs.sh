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

# The session is one of the program as it is recorded, and no line of it was written by hand.
session_is_recorded()
{
	diff README.md <(demo/record --readme) || echo 'run demo/record'
	[ "$(demo/record --readme | grep -c '^    [0-9]# ')" -eq 4 ] || echo 'no session between the markers'
}

# asciicast 2: a header, then events in the order of time
cast_is_whole()
{
	awk '
		NR == 1 { if ($0 !~ /^{"version": 2, "width": [0-9]+, "height": [0-9]+, /) print "no header: " $0; next }
		!/^\[[0-9]+\.[0-9]+, "o", "([^"\\]|\\["\\nrt])*"\]$/ { print "no event: " $0 }
		{ time = substr($1, 2) + 0 }
		time < last { print "back in time: " $0 }
		{ last = time }
		END { if (NR < 2) print "empty" }' docs/demo.cast
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
nothing "the README's session is that of docs/demo.cast" session_is_recorded
nothing 'docs/demo.cast is an asciicast' cast_is_whole
finish
