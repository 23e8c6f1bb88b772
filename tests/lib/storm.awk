# Rows of a storm (tests/workload/storm.c): PID TID COMM FUNCTION OFFSET [REST]. Each is of a call that was made,
# once, and a thread's in their order; with rest set every REST is this. Prints "N rows right", or the first that is wrong.
#
# Variables: threads, calls (of each), rest.

$1 == "PID" {
	next
}

{
	thread = int($5 / 4294967296)
	call = $5 % 4294967296
	if (thread < 1 || thread > threads || call >= calls)
		wrong = "no such call"
	else if (thread in last && call <= last[thread])
		wrong = "after call " last[thread] " of its thread"
	else if (thread in tid && (tid[thread] != $2 || pid != $1))
		wrong = "thread " thread " is " pid " " tid[thread]
	else if ($3 != "storm" || (rest != "" && $6 != rest) || NF != (rest != "" ? 6 : 5))
		wrong = "not of a storm"
	if (wrong != "") {
		print "row " NR ": " $0 ": " wrong
		exit
	}
	last[thread] = call
	tid[thread] = $2
	pid = $1
	good++
}

END {
	if (wrong == "")
		print good + 0 " rows right"
}
