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

# A mechanism that may not attach is no reason against the next one. The first link is refused by another retcon.
"$retcon" override --json -o "$work/outer" 'syscall:bpf = -EPERM if cmd == 28 times 1' -- \
	"$retcon" override -p $$ --for 100ms 'syscall:mkdir = -EIO' >"$out" 2>"$err"
t_is 'kprobe.multi may not attach: status' $? 0
t_like 'kprobe.multi may not attach: the next one does' "$(cat "$err")" '*syscall:mkdir*[(]by kprobe)*'
t_is 'kprobe.multi may not attach: it was refused' "$(grep -c '"type":"injected"' "$work/outer")" 1

t_done
