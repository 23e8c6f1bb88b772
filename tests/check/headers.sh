#!/bin/bash
# Every header compiles alone; the public one also as strict C++. TAP output.
set -eu
# shellcheck source-path=SCRIPTDIR source=tap.bash
. "$(dirname "$0")/tap.bash"

cc=${CC:-cc}

alone()
{
	local header

	files 'src/*.h' | while IFS= read -r header; do
		printf '#include "%s"\n' "${header#src/}" |
			"$cc" -std=gnu11 -D_GNU_SOURCE= -Wall -Wextra -Werror -Isrc -Iinclude -fsyntax-only -x c - ||
			echo "$header does not compile alone"
	done
}

public()
{
	local compiler=$1

	shift
	printf '#include <retcon/retcon.h>\n#include <retcon/retcon.h>\n' |
		"$compiler" "$@" -Wall -Wextra -pedantic -Werror -Iinclude -fsyntax-only -
}

nothing 'headers compile alone' alone
nothing 'the public header is strict C' public "$cc" -std=c11 -x c
have 'the public header is strict C++' g++ &&
	nothing 'the public header is strict C++' public g++ -std=c++11 -x c++
finish
