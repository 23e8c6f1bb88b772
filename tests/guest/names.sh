#!/bin/bash
# What a condition can name beside parameters: the task, argument registers, arguments of system
# calls, allocation flags. Each once where it holds and once where it does not.
# shellcheck source-path=SCRIPTDIR source=lib.sh disable=SC2016 # what is in quotes is for retcon
. "$(dirname "$0")/lib.sh"

tries=0

# fails SPEC CALL...: the condition holds, and an allocation of the call fails
fails()
{
	local spec=$1

	shift
	inject kmalloc "$spec" -- "$@"
	t_like "holds: $spec" "$(tail -n 1 "$out")" '*[(]EN*'
	t_num "holds: $spec: injected" "$(counted injected)" -ge 1
	t_num "holds: $spec: no read failed" "$(counted read_faults)" -eq 0
}

# works SPEC CALL...: it does not
works()
{
	local spec=$1

	shift
	inject kmalloc "$spec" -- "$@"
	t_like "does not: $spec" "$(tail -n 1 "$out")" '*ok'
	t_num "does not: $spec: injected" "$(counted injected)" -eq 0
	t_num "does not: $spec: no read failed" "$(counted read_faults)" -eq 0
}

# refused STATUS PATTERN SPEC
refused()
{
	inject --for 1s kmalloc "$3"
	t_like "refused: $3" "$(cat "$err")" "$2"
	t_is "refused: $3: status" "$status" "$1"
}

# mkdir_ fails|works SPEC [PREFIX...]: a directory of its own each time
mkdir_()
{
	local expect=$1 spec=$2

	shift 2
	tries=$((tries + 1))
	"$expect" "$spec" "$@" "$bin/call" mkdir "$work/d$tries"
}

# the task, seen from a trampoline (SyS_mkdir) and from a probe (should_failslab)
mkdir_ fails 'SyS_mkdir()($uid == 0 && $gid == 0)'
mkdir_ works 'SyS_mkdir()($uid == 1 || $gid == 1)'
mkdir_ fails '($uid == 0 && $gid == 0) => SyS_mkdir()'
mkdir_ fails 'SyS_mkdir()(pid == tid && pid > 1)'
mkdir_ works 'SyS_mkdir()(pid != tid)'
mkdir_ fails 'SyS_mkdir()(STRCMP(comm, call))'
mkdir_ works 'SyS_mkdir()(STRCMP(comm, cal))'
mkdir_ fails '(STRPREFIX($comm, "ca") && $comm[4] == 0) => SyS_mkdir()'
mkdir_ fails 'SyS_mkdir()($cpu == 0)' taskset -c 0
mkdir_ fails '(cpu == 1) => SyS_mkdir()' taskset -c 1
mkdir_ works '(cpu == 0) => SyS_mkdir()' taskset -c 1

# one process among others of the same name
one_of_two()
{
	waiting sh -c 'echo ready; read -r _; exec "$0" mkdir "$1"' "$bin/call" "$work/$1"
	inject_start kmalloc "SyS_mkdir()(\$pid == $((job + $2)))"
	release
	inject_stop
	tail -n 1 "$work/waiting"
}

t_like '$pid: the process fails' "$(one_of_two p1 0)" 'mkdir: *ENOMEM)'
t_is '$pid: another does not' "$(one_of_two p2 1)" 'mkdir: ok'

mkdir /sys/fs/cgroup/retcon-names
inside=$(stat -c %i /sys/fs/cgroup/retcon-names)
cat >"$work/enter" <<'END'
#!/bin/sh
echo $$ >/sys/fs/cgroup/retcon-names/cgroup.procs
exec "$@"
END
chmod +x "$work/enter"
mkdir_ fails "SyS_mkdir()(\$cgroup == $inside)" "$work/enter"
mkdir_ works "SyS_mkdir()(\$cgroup == $inside)"
mkdir_ fails "(cgroup == $inside) => SyS_mkdir()" "$work/enter"
rmdir /sys/fs/cgroup/retcon-names

# a system call's arguments: by number, as declared, and as BTF or a tracepoint has them
mkdir_ fails 'SyS_mkdir()((umode_t)arg2 == 0755)'
mkdir_ fails 'SyS_mkdir()(mode == 0755 && pathname)'
mkdir_ fails 'SyS_mkdir(const char *p, umode_t m)(m == 0755 && p)'
mkdir_ works 'SyS_mkdir(const char *pathname, umode_t mode)(mode == 0754 || !pathname)'
fails 'SyS_openat(int dfd, const char *filename, int flags)(flags & 0100 && dfd == -100)' \
	"$bin/call" create "$work/created"
works 'SyS_openat(int dfd, const char *filename, int flags)(flags & 0100)' \
	"$bin/call" open /etc/hostname
works 'SyS_openat()(flags & 0100 && dfd == 5)' \
	"$bin/call" create "$work/created"
fails 'SyS_openat(int dfd, const char *name, int flags, umode_t mode)(mode == 0644)' \
	"$bin/call" create "$work/created"
works 'SyS_openat(int dfd, const char *name, int flags, umode_t mode)(mode == 0600)' \
	"$bin/call" create "$work/created"
fails 'SyS_memfd_create()(flags == 1)' "$bin/call" memfd
works 'SyS_memfd_create()(flags == 2)' "$bin/call" memfd
refused 2 "*openat() has no parameter 'fd'*did you mean 'dfd'*the kernel has openat(int dfd, *" \
	'SyS_openat()(fd == 3)'
refused 2 "*memfd_create() has no parameter 'flag'*did you mean 'flags'*the kernel has memfd_create(*" \
	'SyS_memfd_create()(flag == 3)'
refused 2 "*no 'arg3': memfd_create() takes 2 arguments*" 'SyS_memfd_create()(arg3 == 3)'

# argument registers, of pointers too
server
forget_ways
inject kmalloc 'tcp_v4_connect()(arg1 == (u64)sk && ((struct sock *)arg1)->__sk_common.skc_family == 2)' \
	-- "$bin/conn" tcp "$far"
t_like 'arg1 of a trampoline: holds' "$(cat "$out")" 'connect: *ENO*'
forget_ways
inject kmalloc 'tcp_v4_connect()(arg3 != 16 || arg2 != (u64)uaddr)' -- "$bin/conn" tcp "$far"
t_like 'arg3 of a trampoline: does not' "$(cat "$out")" 'connected*'
refused 2 "*no 'arg4': tcp_v4_connect() takes 3 arguments*the kernel has tcp_v4_connect(struct sock \*sk*" \
	'tcp_v4_connect()(arg4)'

# allocation flags: those that the kernel itself passes
names='STRCMP(s->name, names_cache)'
mkdir_ fails "(gfpflags == GFP_KERNEL && $names) => SyS_mkdir()"
mkdir_ works "(gfpflags != GFP_KERNEL && $names) => SyS_mkdir()"
mkdir_ fails "((gfp_t)arg2 & __GFP_IO && $names) => SyS_mkdir()"
mkdir_ works "(gfpflags & (__GFP_ZERO | __GFP_NOFAIL | __GFP_ACCOUNT) && $names) => SyS_mkdir()"
fails '(gfpflags == (GFP_KERNEL_ACCOUNT | __GFP_ZERO)) => alloc_pipe_info()' "$bin/call" pipe
works '(gfpflags == GFP_KERNEL_ACCOUNT) => alloc_pipe_info()' "$bin/call" pipe
# a way is allocated without waiting: GFP_ATOMIC has one flag more in 6.1
forget_ways
inject kmalloc '(gfpflags == GFP_ATOMIC) => tcp_v4_connect()' -- "$bin/conn" tcp "$far"
t_like 'GFP_ATOMIC: holds' "$(cat "$out")" 'connect: *ENO*'
forget_ways
inject kmalloc '(gfpflags == GFP_NOWAIT || gfpflags == GFP_NOFS) => tcp_v4_connect()' -- "$bin/conn" tcp "$far"
t_like 'GFP_NOWAIT: does not' "$(cat "$out")" 'connected*'
case $kernel in
6.1)
	forget_ways
	inject kmalloc '(gfpflags & __GFP_ATOMIC) => tcp_v4_connect()' -- "$bin/conn" tcp "$far"
	t_like '__GFP_ATOMIC: holds' "$(cat "$out")" 'connect: *ENO*'
	;;
*)
	refused 3 '*__GFP_ATOMIC has no known value here: Linux 6.3 did away with it*' \
		'(gfpflags & __GFP_ATOMIC) => tcp_v4_connect()'
	;;
esac
refused 3 '*__GFP_NOLOCKDEP has no known value here*' '(gfpflags & __GFP_NOLOCKDEP) => tcp_v4_connect()'
refused 2 "*unknown constant 'GFP_KERNAL'*did you mean 'GFP_KERNEL'*" '(gfpflags & GFP_KERNAL) => tcp_v4_connect()'

# who calls is no scope: a condition on it may vary, a constant may not
refused 2 '*would fail every kmalloc of the whole system*' '(true)'

t_done
