#!/bin/bash
# An #include may point down the layers, never up or sideways. TAP output.
set -eu
# shellcheck source-path=SCRIPTDIR source=tap.bash
. "$(dirname "$0")/tap.bash"

# What is not as the drawing in docs/architecture.md has it, in the tree at $1.
violations()
{
	(cd "$1" && grep -rnE --include='*.[ch]' --include='*.def' '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' src) |
		awk -F: '
		BEGIN {
			may["util"] = ""
			may["lang"] = "util"
			may["kern"] = "util"
			may["exe"] = "util"
			may["comp"] = "lang kern exe util"
			may["engine"] = "lang kern exe util"
			may["plan"] = "comp engine lang kern exe util"
			may["session"] = "plan comp engine lang kern exe util"
			may["feature"] = "session plan comp engine lang kern exe util retcon"
			may["api"] = "feature session plan comp engine lang kern exe util retcon"
			may["cli"] = "api feature vm util retcon"
			may["vm"] = "util"
			# data only: what an engine hands to the kernel, declared beside its maker
			except["engine comp/lineinfo.h"] = 1
		}
		{
			split($1, from, "/")
			header = $3
			sub(/^[^"]*"/, "", header)
			sub(/".*/, "", header)
			split(header, to, "/")
			if (header !~ "/")
				why = "name the layer of \"" header "\""
			else if (header ~ /\.\./)
				why = "no way around the layers: \"" header "\""
			else if (!(from[2] in may))
				why = "an unknown layer, " from[2]
			else if (to[1] != from[2] && !index(" " may[from[2]] " ", " " to[1] " ") &&
				 !((from[2] " " header) in except))
				why = from[2] " may not include " header
			else
				next
			print $1 ":" $2 ": " why
		}'
}

missed()
{
	local dir found

	dir=$(mktemp -d)
	mkdir -p "$dir/src/util" "$dir/src/comp"
	printf '#include "lang/ast.h"\n' >"$dir/src/util/up.c"
	printf ' # include "engine/engine.h"\n' >"$dir/src/comp/side.c"
	printf '#include "../plan/plan.h"\n' >"$dir/src/comp/around.h"
	printf '#include "util/err.h"\n#include "comp/ir.h"\n#include <linux/bpf.h>\n' >"$dir/src/comp/fine.c"
	found=$(violations "$dir" | cut -d: -f1 | sort | tr '\n' ' ')
	rm -rf "$dir"
	[ "$found" = "src/comp/around.h src/comp/side.c src/util/up.c " ] || echo "found only: $found"
}

nothing 'planted violations are found' missed
nothing 'includes point down' violations .
finish
