#!/bin/bash
# Every function of the kernel's list: overridden once by each engine, with the value its caller sees.
#
# System calls are made by a thread that makes no other (-t), by their numbers; what has no number on x86-64, or is no
# system call, is told with the reason. The lines that begin with "# reach" make docs/reach.md (scripts/reach).
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

engines='kprobe.multi kprobe fmod_ret'
[ -n "${RETCON_TEST_LONG:-}" ] || engines=kprobe.multi # the others take minutes: a program, or an event, for each of 400 functions

# Numbers by the names of wrappers: the header's, where it has another name for a call, and what is newer than it.
numbers()
{
	local header=/usr/include/x86_64-linux-gnu/asm/unistd_64.h

	[ -r "$header" ] || { echo 'Bail out! the numbers of system calls are not there'; exit 1; }
	sed -n 's/^#define __NR_\([a-z0-9_]*\) \([0-9]*\)$/\1 \2/p' "$header" | sed '
		s/^stat /newstat /; s/^fstat /newfstat /; s/^lstat /newlstat /; s/^uname /newuname /
		s/^sendfile /sendfile64 /; s/^umount2 /umount /; s/^_sysctl /sysctl /'
	printf '%s\n' 'cachestat 451' 'fchmodat2 452' 'map_shadow_stack 453' 'futex_wake 454' 'futex_wait 455' \
		'futex_requeue 456' 'statmount 457' 'listmount 458' 'lsm_get_self_attr 459' 'lsm_set_self_attr 460' \
		'lsm_list_modules 461' 'mseal 462'
}

# names of system calls on the list
listed()
{
	sed -n 's/^__x64_sys_\([a-z0-9_]*\)\t.*/\1/p; s/^__do_sys_\([a-z0-9_]*\)\t.*/\1/p' \
		/sys/kernel/debug/error_injection/list | sort -u
}

never='exit exit_group rt_sigreturn ni_syscall'
narrow='get_thread_area set_thread_area' # their numbers lead 64-bit programs nowhere
calls=$work/calls
numbers | sort -u >"$work/numbers"
listed | while read -r name; do
	case " $never $narrow " in
	*" $name "*) echo "$name -" ;;
	*) awk -v name="$name" '$1 == name { n = $2 } END { print name, n == "" ? "-" : n }' "$work/numbers" ;;
	esac
done >"$calls"
grep -v ' -$' "$calls" >"$work/tried"
t_num 'the list has system calls with numbers' "$(wc -l <"$work/tried")" -gt 300

# each: all of them, under one rule on all of them
for engine in $engines; do
	waiting "$bin/everycall"
	tid=$(sed -n 's/^ready //p' "$work/waiting")
	override_start -t "$tid" --engine "$engine" 'syscall:* = -EDQUOT'
	{ cat "$work/tried"; } >&7
	wait_for 300 sh -c "[ \$(wc -l <$work/waiting) -gt $(wc -l <"$work/tried") ] || grep -q 'did not return' $work/waiting"
	exec 7>&-
	inject_stop
	grep -v '^ready' "$work/waiting" >"$work/$engine"
	t_is "$engine: each returned what the rule says" "$(grep -vc ' -122$' "$work/$engine")" 0
	[ "$(grep -vc ' -122$' "$work/$engine")" = 0 ] || t_note "$(grep -v ' -122$' "$work/$engine" | head -n 20)"
	t_is "$engine: each was made" "$(wc -l <"$work/$engine")" "$(wc -l <"$work/tried")"
	t_num "$engine: and counted" "$(counted injected)" -eq "$(wc -l <"$work/tried")"
	t_is "$engine: what is left out is named" \
		"$(grep -c 'left out.*rt_sigreturn' "$err")" 1
	kill -9 "$job" 2>/dev/null
	wait "$job" 2>/dev/null
done

# One line each: which engine was seen to do it, or why none was tried.
awk -v engines="$engines" -v work="$work" -v never=" $never " -v narrow=" $narrow " '
	BEGIN {
		n = split(engines, engine, " ")
		for (i = 1; i <= n; i++)
			while ((getline line < (work "/" engine[i])) > 0) {
				split(line, w, " ")
				if (w[2] == -122)
					done[w[1]] = done[w[1]] (done[w[1]] == "" ? "" : ", ") engine[i]
			}
	}
	{
		why = done[$1]
		if (why == "" && $1 == "ni_syscall")
			why = "cannot be attached to: the kernel does not trace it"
		else if (why == "" && index(never, " " $1 " "))
			why = "never returns to its caller"
		else if (why == "" && index(narrow, " " $1 " "))
			why = "only 32-bit programs can call it"
		else if (why == "" && $2 == "-")
			why = "has no number on x86-64"
		else if (why == "")
			why = "not seen"
		print "# reach syscall:" $1 " | " why
	}' "$calls"

# What is no system call.
truncate -s 64M "$work/disk"
loop=$(losetup -f --show "$work/disk")
mkfs.ext4 -q "$loop"
mkdir "$work/mnt"
"$bin/call" mount "$loop" "$work/mnt" ext4 >/dev/null 2>&1 || mount -t ext4 "$loop" "$work/mnt"
head -c 100000 /dev/urandom >"$work/mnt/file"

# reached FUNCTION PATTERN COMMAND...: by each engine, as its command says
reached()
{
	local name=$1 rule=$2 pattern=$3 engine by=

	shift 3
	for engine in $engines; do
		sync
		echo 3 >/proc/sys/vm/drop_caches
		# shellcheck disable=SC2016 # that shell's
		override --engine "$engine" "$rule" -- sh -c '"$@" 2>&1' sh "$@"
		t_like "$name by $engine: its caller fails" "$(cat "$out")" "$pattern"
		t_num "$name by $engine: injected" "$(counted injected)" -ge 1
		[ "$(counted injected)" -lt 1 ] || by+=${by:+, }$engine
	done
	echo "# reach $name | ${by:-not seen}"
}

reached should_failslab 'should_failslab = -ENOMEM under do_pipe2' '*ENFILE*' "$bin/call" pipe
reached should_fail_alloc_page 'should_fail_alloc_page = true if order <= 1 under unix_dgram_sendmsg' '*ENOBUFS*' \
	"$bin/call" datagram
reached should_fail_bio 'should_fail_bio = -EIO under submit_bio' '*Input/output error*' \
	dd if="$loop" of=/dev/null bs=4096 count=1 iflag=direct
reached __filemap_add_folio '__filemap_add_folio = -ENOMEM under vfs_read' '*@(memory|Input/output error)*' \
	cat "$work/mnt/file"
umount "$work/mnt" 2>/dev/null
losetup -d "$loop"
loop=

# The rest of the list, with the reason why not.
sed 's/\t.*//' /sys/kernel/debug/error_injection/list | grep -v '^__\(x64\|ia32\|ia32_compat\|do\)_sys_' | sort -u |
	while read -r name module; do
		case $name in
		should_failslab | should_fail_alloc_page | should_fail_bio | __filemap_add_folio) ;;
		btrfs_* | open_ctree | io_ctl_init) echo "# reach $name | takes a btrfs file system: not made here" ;;
		*_sys_*sigreturn) echo "# reach $name | never returns to its caller" ;;
		bpf_fentry_test* | bpf_modify_return_test*) echo "# reach $name | only BPF's own tests call it" ;;
		page_pool_*) echo "# reach $name | takes a network card" ;;
		*) echo "# reach $name${module:+ $module} | not reached here" ;;
		esac
	done

t_done
