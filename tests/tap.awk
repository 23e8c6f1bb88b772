# Count what test programs say about themselves. Prints one line for each event:
#
#	pass N
#	fail NAME
#	skip NAME
#
# Reads TAP, in sections that begin with "# file: NAME" where there are several; meson's testlog, whose
# sections are "test: NAME" to the next row of "=", with the exit status in "result: "; and the closing
# lines of the golden runner, of the differential test and of libFuzzer. A section must end as it was
# planned to: too few results, no plan and a bad end without a failed result are failures too.
#
# Variables: suite (prefix of names), status (exit status of the whole), tests (names of sections that
# must be there, blank-separated).

function begin(name)
{
	finish()
	section = name
	open = 1
	seen[name] = 1
	plan = -1
	results = bad = good = 0
	ending = ""
	complete = differ = 0
}

function title(what)
{
	sub(/^ *[0-9]+ */, "", what)
	sub(/^- */, "", what)
	sub(/^# SKIP /, "", what) # cmocka puts it before the name
	sub(/ *# (SKIP|skip|TODO).*/, "", what)
	return suite ": " (section != "" ? section ": " : "") (what != "" ? what : results)
}

function fail(what)
{
	bad++
	total_bad++
	print "fail " suite ": " (section != "" ? section ": " : "") what
}

function finish()
{
	if (!open)
		return
	open = 0
	if (!complete && plan < 0 && !results && ending == "exit status 77")
		print "skip " suite ": " section
	else if (!complete && plan < 0)
		fail(results ? "no plan" : "no result" (ending != "" ? " (" ending ")" : ""))
	else if (plan >= 0 && results < plan)
		fail("ended after " results " of " plan (ending != "" ? " (" ending ")" : ""))
	else if (plan >= 0 && results > plan)
		fail(results " results, " plan " planned")
	else if (ending != "" && ending != "exit status 0" && ending != "exit status 77" && !bad)
		fail(ending)
	for (; differ > 0; differ--)
		fail("a case that differs")
	if (good)
		print "pass " good
}

BEGIN {
	if (!meson)
		begin("")
}

meson && /^test: +/ {
	name = $0
	sub(/^test: +/, "", name)
	sub(/^.* \/ /, "", name)
	sub(/^[^ ]*:/, "", name)
	begin(name)
	next
}

meson && open && /^result: +/ {
	ending = $0
	sub(/^result: +/, "", ending)
	sub(/ or .*/, "", ending)
	next
}

meson && /^=+$/ {
	finish()
	next
}

/^# file: / {
	if (section == "" && open && plan < 0 && !results)
		open = 0
	begin($3)
	next
}

!open {
	next
}

/^1\.\.0( |$)/ {
	plan = 0
	what = $0
	sub(/^1\.\.0 *#? *(SKIP|skip)? */, "", what)
	print "skip " suite ": " (section != "" ? section : "all") (what != "" ? " (" what ")" : "")
	next
}

/^1\.\.[0-9]+/ {
	plan = substr($1, 4) + 0
	next
}

/^(not )?ok( |$)/ {
	results++
	what = $0
	isbad = sub(/^not ok/, "", what)
	if (!isbad)
		sub(/^ok/, "", what)
	if (what ~ /# *(SKIP|skip)/) {
		print "skip " title(what)
	} else if (isbad) {
		bad++
		total_bad++
		print "fail " title(what)
	} else {
		good++
	}
	next
}

/^Bail out!/ {
	fail($0)
	next
}

# tests/golden: the sum, and each case by file and line
/^[0-9]+ cases, [0-9]+ differ/ {
	complete = 1
	good += $1 - $3
	differ += $3
	next
}

/^[^ ]+:[0-9]+: differs$/ {
	sub(/^.*\/tests\/golden\//, "")
	differ--
	fail($1 " differs")
	next
}

# tests/diff
/^[0-9]+ programs, .* mismatches;/ {
	complete = 1
	if (ending == "exit status 0")
		good++
	next
}

# libFuzzer
/^Done [0-9]+ runs in / {
	complete = 1
	good++
	next
}

END {
	finish()
	section = ""
	n = split(tests, name_of)
	for (i = 1; i <= n; i++)
		if (!(name_of[i] in seen))
			fail(name_of[i] " has not been run")
	if (status != "" && status != 0 && !total_bad)
		fail(status == 124 || status == 137 ? "timed out" : "exit status " status)
}
