#!/bin/bash
# Every cap in util/limits.h has a unit test that names it. TAP output.
set -eu
# shellcheck source-path=SCRIPTDIR source=tap.bash
. "$(dirname "$0")/tap.bash"

untested()
{
	local limit

	sed -n 's/^#define \(LIMIT_[A-Z_]*\)[[:space:]].*/\1/p' src/util/limits.h |
		while IFS= read -r limit; do
			grep -rqw --include='*.c' "$limit" tests/unit || echo "$limit has no test at its edge"
		done
}

nothing 'limits are tested' untested
finish
