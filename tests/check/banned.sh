#!/bin/bash
# What the code does not do: functions that lose errors or overrun, output and exits below the command, statuses
# that are no errno, functions and files too long to read. TAP output.
set -eu
# shellcheck source-path=SCRIPTDIR source=tap.bash
. "$(dirname "$0")/tap.bash"

max_function=100
max_file=500

# shellcheck disable=SC2016 # what is in single quotes is awk's
# The C files given on stdin without comments and strings, lines kept, as "FILE:LINE:TEXT".
code()
{
	xargs awk '
		FNR == 1 { inside = 0 }
		{
			line = $0
			out = ""
			while (line != "") {
				if (inside) {
					i = index(line, "*/")
					if (!i)
						break
					line = substr(line, i + 2)
					inside = 0
				} else if (match(line, /\/\*|\/\/|"([^"\\]|\\.)*"|\047([^\047\\]|\\.)*\047/)) {
					what = substr(line, RSTART, 2)
					out = out substr(line, 1, RSTART - 1)
					if (what == "//")
						line = ""
					else if (what == "/*") {
						inside = 1
						line = substr(line, RSTART + 2)
					} else {
						out = out "\"\""
						line = substr(line, RSTART + RLENGTH)
					}
				} else {
					out = out line
					line = ""
				}
			}
			print FILENAME ":" FNR ":" out
		}'
}

all_code()
{
	files 'src/*.[ch]' | code
}

library_code()
{
	files 'src/*.[ch]' | grep -v '^src/\(cli\|vm\)/' | code
}

banned_functions()
{
	all_code |
		grep -E '[^a-zA-Z0-9_](v?sprintf|strcpy|stpcpy|strcat|strncpy|strncat|strtok|ato[ifl]|gets|alloca|system|tmpnam|mktemp) *\(' || true
	# Strings are gone from the code above, and the format is what matters here.
	files 'src/*.[ch]' | xargs grep -nE 'scanf\(.*%l?[sS\[]' || true
}

library_output()
{
	library_code | grep -E '[^a-zA-Z0-9_](printf|vprintf|fprintf|puts|putchar|perror|warnx?|errx?|exit|_exit|abort) *\(' || true
}

# A -1 that is no status says behind it what it is.
statuses()
{
	files 'src/*.[ch]' | grep -v '^src/\(cli\|vm\)/' |
		xargs grep -nE 'return (-1|E[A-Z0-9]+|errno);$' | grep -v 'return EOF;' || true
}

long_files()
{
	files 'src/*.[ch]' | xargs wc -l | awk -v max="$max_file" '$2 != "total" && $1 > max { print $2 ": " $1 " lines" }'
}

long_functions()
{
	files 'src/*.c' 'tests/*.c' | xargs awk -v max="$max_function" '
		FNR == 1 { start = 0 }
		/^\{/ { start = FNR }
		/^\}/ && start {
			if (FNR - start - 1 > max)
				print FILENAME ":" start ": " FNR - start - 1 " lines"
			start = 0
		}'
}

machine_paths()
{
	files | grep -v '^tests/check/banned\.sh$' | xargs grep -nIE '/(work/(main|shared)|home/[a-z])(/|$)' || true
}

work_left()
{
	files '*.c' '*.h' '*.sh' | grep -v '^tests/check/banned\.sh$' | xargs grep -nE '\b(TODO|FIXME|XXX)\b' || true
}

# The checks themselves: a planted fault must be seen, one in a comment or string must not.
missed()
{
	local dir

	dir=$(mktemp -d)
	cat >"$dir/a.c" <<-'PLANTED'
		/* a comment about strcpy(a, b)
		   and atoi(x) */
		const char *s = "gets(x) \" sprintf(y)";
		int f(void) { strcpy(a, b); return '"'; } // strcat(a, b)
		int g(void) { return atoi(x); }
	PLANTED
	echo "$dir/a.c" | code | grep -oE '[^a-zA-Z0-9_](strcpy|strcat|atoi|gets|sprintf) *\(' | tr -d ' \n' |
		grep -qxF 'strcpy(atoi(' || echo 'the planted ones are not what is found'
	rm -rf "$dir"
}

nothing 'planted functions are found' missed
nothing 'no function that loses errors or overruns' banned_functions
nothing 'no output and no exit below the command' library_output
nothing 'an error is a negative errno' statuses
nothing "no file is longer than $max_file lines" long_files
nothing "no function is longer than $max_function lines" long_functions
nothing 'no path of one machine' machine_paths
nothing 'nothing is left to do in comments' work_left
finish
