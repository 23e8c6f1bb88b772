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

# Of a pattern the one that it may not attach to goes to the next. Its link is refused for both of them, then for the first.
"$retcon" override --json -o "$work/outer" 'syscall:bpf = -EINVAL if cmd == 28 times 2' -- \
	"$retcon" override -p $$ --for 100ms '__x64_sys_mkdir* = -EIO' >"$out" 2>"$err"
t_is 'of two functions one is refused: status' $? 0
t_like 'of two functions one is refused: it goes to the next' "$(cat "$err")" '*[(]by kprobe.multi, kprobe)*'
t_is 'of two functions one is refused: none is left out' "$(grep -c 'left out' "$err")" 0

# All probes refused: a trampoline is what is left, and -v says why; but not where somebody else has a probe.
outer='syscall:bpf = -EBUSY if cmd == 28'
inner=("$retcon" override -v -p $$ --for 100ms 'syscall:mkdir = -EIO')
"$retcon" override --json -o "$work/outer" "$outer" -- "${inner[@]}" >"$out" 2>"$err"
t_is 'no probe: status' $? 0
t_like 'no probe: a trampoline' "$(cat "$err")" '*syscall:mkdir*[(]by fmod_ret)*'
for engine in kprobe.multi kprobe; do
	t_like "no probe: -v says why it is not $engine" "$(cat "$err")" "*note: __x64_sys_mkdir is not for $engine: *busy*"
done
if [ "$kernel" != 6.1 ]; then # before 6.6 links do not tell what they are on
	waiting "$bin/holdfunc" __x64_sys_mkdir kprobe.multi
	"$retcon" override --json -o "$work/outer" "$outer" -- "${inner[@]}" >"$out" 2>"$err"
	t_is 'no probe, but that of another: status' $? 1
	t_like 'no probe, but that of another: refused' "$(cat "$err")" '*t_held*has a kprobe on __x64_sys_mkdir*'
	release
fi

t_done
