#!/bin/bash
# What libretcon.so exports is what its version script lists and its header declares. TAP output.
set -eu
# shellcheck source-path=SCRIPTDIR source=tap.bash
. "$(dirname "$0")/tap.bash"

map=src/api/libretcon.map
lib=$build/libretcon.so

exported()
{
	nm -D --defined-only "$lib" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort
}

listed()
{
	sed -n 's/^[[:space:]]*\(retcon_[a-z0-9_]*\);.*/\1/p' "$map" | sort
}

declared()
{
	tr '\n' ' ' <include/retcon/retcon.h | grep -oE 'RETCON_API [^;]*' | grep -oE 'retcon_[a-z0-9_]+ *\(' |
		tr -d ' (' | sort
}

# Installed and used from outside: the shared library alone must do.
links()
{
	local dir

	dir=$(mktemp -d)
	printf '#include <retcon/retcon.h>\nint main(void) { return !*retcon_version(); }\n' >"$dir/a.c"
	"${CC:-cc}" -Iinclude -o "$dir/a" "$dir/a.c" "$lib" -Wl,-rpath,"$(readlink -f "$build")" && "$dir/a" ||
		echo 'a program against the shared library does not run'
	rm -rf "$dir"
}

nothing 'exported is what the version script lists' diff <(listed) <(exported)
nothing 'declared is what the version script lists' diff <(listed) <(declared)
nothing 'a program links with the shared library alone' links
finish
