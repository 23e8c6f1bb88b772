#!/bin/bash
# Conditions on strings: names of dentries and caches, an array, paths as a process passed them.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

lookup='d_alloc_parallel(struct dentry *parent, const struct qstr *name)'
open_user='do_sys_openat2(int dfd, const char __user *filename)'
open_kernel='do_filp_open(int dfd, struct filename *f)'

# A chain whose frame's condition is $1: creating $2 fails, creating each of the rest succeeds.
check()
{
	local spec=$1 hit=$2 path

	shift 2
	inject_start kmalloc "$spec"
	t_like "$spec: $hit cannot be created" "$("$bin/call" create "$work/$hit")" 'create: *ENOMEM)'
	for path; do
		t_is "$spec: $path can" "$("$bin/call" create "$work/$path")" 'create: ok'
	done
	inject_stop
	t_num "$spec: injected once" "$(counted injected)" -eq 1
	# other programs open files too: a name in a page that is not in memory yet is a read fault
	case $spec in
	"$open_user"* | *__user*) ;;
	*) t_num "$spec: no read faults" "$(counted read_faults)" -eq 0 ;;
	esac
	rm -rf "${work:?}"/{kiwi,banan,sour}*
}

# a name with its length: no NUL is needed, none is looked for
check "$lookup(*name == \"bananas\")" bananas banana bananas2 kiwi
check "$lookup(name == \"bananas\")" bananas banana
check "$lookup(STRPREFIX(name, \"banana\"))" bananas banan kiwi
check "$lookup(GLOB(name, \"ban*.conf\"))" bananas.conf bananas.con sour.conf
check "$lookup(GLOB(name, \"*nan*s.c?[a-f]\"))" bananas.cof bananas.cog banas.cof

inject_start kmalloc "$lookup(*name == \"bananas\")"
t_like 'a component of a path: found' "$("$bin/call" open "$work/bananas/x")" 'open: *ENOMEM)'
t_like 'a component of a path: another' "$("$bin/call" open "$work/banana/x")" 'open: *ENOENT)'
inject_stop
inject_start kmalloc "$lookup(name->name == \"bananas\")"
t_like 'its pointer alone goes on to the NUL' "$("$bin/call" open "$work/bananas/x")" 'open: *ENOENT)'
inject_stop
t_num 'its pointer alone: nothing injected' "$(counted injected)" -eq 0

# an array
mkdir "$work/sour" "$work/sweet"
inject_start kmalloc "$lookup(parent->d_iname == \"sour\" && name != \"lemon\")"
t_like 'in the directory: fails' "$("$bin/call" create "$work/sour/kiwi")" 'create: *ENOMEM)'
t_is 'in the directory: the other name' "$("$bin/call" create "$work/sour/lemon")" 'create: ok'
t_is 'in another: ok' "$("$bin/call" create "$work/sweet/kiwi")" 'create: ok'
inject_stop
t_num 'in the directory: injected once' "$(counted injected)" -eq 1

# the name of a cache, a string that ends with its NUL
check "(s->name == \"dentry\") => $lookup(name == \"kiwi\")" kiwi banana
check "(GLOB(s->name, \"d*ry\")) => $lookup(name == \"kiwi\")" kiwi banana
inject_start kmalloc "(s->name == \"dentr\" || GLOB(s->name, \"[!d]*\")) => $lookup(name == \"kiwi\")"
t_is 'another cache: ok' "$("$bin/call" create "$work/kiwi")" 'create: ok'
inject_stop
t_num 'another cache: nothing injected' "$(counted injected)" -eq 0
rm -f "$work/kiwi"

# paths in a process's memory
check "$open_user(filename == \"$work/kiwi\")" kiwi kiw kiwis
check "$open_user(STRPREFIX(filename, \"$work/kiw\"))" kiwi banana
check "$open_user(GLOB(filename, \"*/kiwi\"))" kiwi banana kiwis
check "$open_user(GLOB(filename, \"/*/retcon*/?iwi*\"))" kiwis banana
check "$open_user(filename[0] == '/' && STRPREFIX(filename + 1, \"dev/\") && GLOB(filename, \"*.kiwi\"))" \
	sour.kiwi sour.kiw
check "$open_kernel(f->uptr && (const char __user *)f->uptr == \"$work/kiwi\")" kiwi kiw # exec has none
check "$open_kernel(f->name == \"$work/kiwi\")" kiwi kiw

inject_start kmalloc "$open_user(filename == \"\")"
t_like 'no path at all: fails otherwise' "$("$bin/call" open '')" 'open: *ENOMEM)'
inject_stop

inject_start kmalloc "do_sys_openat2(int dfd, const char *filename)(filename == \"$work/kiwi\")"
t_is 'read as the kernel'"'"'s: no match' "$("$bin/call" create "$work/kiwi")" 'create: ok'
inject_stop
t_num 'read as the kernel'"'"'s: nothing injected' "$(counted injected)" -eq 0
t_num 'read as the kernel'"'"'s: counted' "$(counted read_faults)" -ge 1

# what is too long to be seen is counted, not guessed
long=$work/$(printf '%0200d' 0)
inject_start kmalloc "$open_user(GLOB(filename, \"*re*con*0kiwi\"))"
t_is 'too long: no match' "$("$bin/call" create "${long}kiwi")" 'create: ok'
inject_stop
t_num 'too long: nothing injected' "$(counted injected)" -eq 0
t_num 'too long: counted' "$(counted read_faults)" -ge 1

# what a system call is given need not be in memory yet: a program that may sleep waits for it
touch "$work/kiwi"
rule="syscall:openat = -EDQUOT if filename == \"$work/kiwi\""
override "$rule" -- "$bin/call" open-cold "$work/kiwi"
t_like 'not in memory: seen' "$(cat "$out")" 'open-cold: *EDQUOT)'
t_is 'not in memory: injected' "$(counted injected)" 1
t_like 'not in memory: by what may sleep' "$(cat "$err")" '*fmod_ret*'
override "$rule" -- "$bin/call" open-cold "$work/banana"
t_is 'not in memory, another: not injected' "$(counted injected)" 0
t_is 'not in memory, another: read' "$(counted read_faults)" 0
override --engine kprobe "$rule" -- "$bin/call" open-cold "$work/kiwi"
t_like 'not in memory, by a kprobe: not seen' "$(cat "$out")" 'open-cold: ok'
t_num 'not in memory, by a kprobe: counted' "$(counted read_faults)" -ge 1
# a rule before it on the same function, which has nothing to wait for
override 'syscall:openat = -EIO if pid == 1' "$rule" -- "$bin/call" open-cold "$work/kiwi"
t_like 'not in memory, behind another rule: seen' "$(cat "$out")" 'open-cold: *EDQUOT)'
# of all that a pattern names, only where it is asked for
override --engine fmod_ret "syscall:open* = -EDQUOT if filename == \"$work/kiwi\"" -- "$bin/call" open-cold "$work/kiwi"
t_like 'not in memory, of a pattern: seen' "$(cat "$out")" 'open-cold: *EDQUOT)'

t_done
