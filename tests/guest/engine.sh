#!/bin/bash
# What is tried when kprobe.multi is not to be had works: kernels as old as ours all have it.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

for by in name address; do
	said=$("$bin/perfkprobe" "$by" 2>"$err")
	t_is "a perf kprobe by $by: status" $? 0
	# 23: ENFILE, which socket(2) makes of no memory
	t_is "a perf kprobe by $by: fails its child alone, and no longer than it is there" "$said" \
		'before 0 armed 23 others 0 after 0'
	t_clean "a perf kprobe by $by"
done

t_done
