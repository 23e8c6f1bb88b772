#!/bin/bash
# --follow: what each caller of an injected failure makes of it, line by line as the kernel's source has it; and
# --dry-run, which makes nothing fail.
# shellcheck disable=SC2016,SC2317 # what bash -c is given, and calls
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# "mm: slab: separate alloc_hooks" and what came with it (6.10) gave the allocators' functions another name.
case $kernel in
6.1) n= ;;
*) n=_noprof ;;
esac

# followed OPTION... RULE... [-- CMD...]: to its end; its trees are in $paths, the rest in $events as text
followed()
{
	rm -f "$events"
	"$retcon" override -o "$events" "$@" >"$out" 2>"$err"
	status=$?
	paths=$(sed -n '/^followed: /,/^done: /p' "$events" | sed '/^done: /d')
}

# repeat TIMES COMMAND...: slowly, for callers are followed a moment after they are known
repeat()
{
	local i

	for ((i = 0; i < $1; i++)); do
		forget_ways
		"${@:2}" >>"$work/said"
		sleep 0.3
	done
}
export -f repeat forget_ways
export work bin far

# TCP connect: an error that is lost and made anew. net/ipv4/route.c, 6.1 and 6.12: rt_dst_alloc() has NULL from
# dst_alloc() (net/core/dst.c); ip_route_output_key_hash_rcu(), in which __mkroute_output() is inlined, makes
# ERR_PTR(-ENOBUFS) of it. tcp_v4_connect() (net/ipv4/tcp_ipv4.c) returns PTR_ERR(rt).
server
followed --follow 'kmalloc = -ENOMEM under tcp_v4_connect' -- bash -c 'repeat 3 $bin/conn tcp $far'
t_is 'TCP connect: ENOMEM is lost, and ENOBUFS instead' "$paths" "followed: 3 injections, 1 path

2 times, and 1 before its callers were known:
    $(printf '%-28s' should_failslab)  -ENOMEM            <- injected
    $(printf '%-28s' kmem_cache_alloc$n)  NULL               <- -ENOMEM became NULL
    dst_alloc                     NULL
    rt_dst_alloc                  NULL
    ip_route_output_key_hash_rcu  ERR_PTR(-ENOBUFS)  <- NULL became -ENOBUFS
    ip_route_output_key_hash      ERR_PTR(-ENOBUFS)
    tcp_v4_connect                -ENOBUFS
    __inet_stream_connect         -ENOBUFS
    inet_stream_connect           -ENOBUFS
    __sys_connect                 -ENOBUFS
    __x64_sys_connect             -ENOBUFS
  connect returned -ENOBUFS
  the task exited with status 1"
t_is 'TCP connect: no line is longer than 100 columns' "$(awk 'length > 100' <<<"$paths")" ''

# The same as JSON: every step as it happens, innermost first.
override --follow 'kmalloc = -ENOMEM under tcp_v4_connect' -- bash -c 'repeat 3 $bin/conn tcp $far'
t_is 'JSON: the last one step by step' "$(sed -n 's/.*"type":"\(step\|syscall\)".*"injection":3,\("function":"\([a-z_0-9]*\)",\)\?"value":\([-0-9]*\),.*/\1 \3 \4/p' "$events")" \
	"step kmem_cache_alloc$n 0
step dst_alloc 0
step rt_dst_alloc 0
step ip_route_output_key_hash_rcu -105
step ip_route_output_key_hash -105
step tcp_v4_connect -105
step __inet_stream_connect -105
step inet_stream_connect -105
step __sys_connect -105
step __x64_sys_connect -105
syscall  -105"
t_is 'JSON: paths, with a verdict on each caller' "$(jq -r 'select(.type == "path") |
	([.callers[] | select(.sight == "seen") | select(.from) | "\(.from) \(.verdict) \(.text) \(.function)"],
	"\(.syscall.name) \(.syscall.text) \(.syscall.verdict)", [.tasks[].status], .count + .before) | tostring' "$events")" \
	"[\"-ENOMEM changed NULL kmem_cache_alloc$n\",\"NULL changed ERR_PTR(-ENOBUFS) ip_route_output_key_hash_rcu\"]
connect -ENOBUFS carried
[1]
3"
t_num 'JSON: each task ends' "$(grep -c '"type":"exit".*"status":1}' "$events")" -eq 3
t_num 'JSON: what was injected says which it is' "$(injections '"injection":[123]}')" -eq 3

# The write-up's experiment: what should_failslab() and tcp_v4_connect() returned, by one command.
"$retcon" inject --follow -o "$events" kmalloc 'tcp_v4_connect()' -- bash -c 'repeat 2 $bin/conn tcp $far' >"$out" 2>"$err"
t_like 'retcon inject --follow' "$(cat "$events")" '*
    should_failslab *-ENOMEM *<- injected
*    tcp_v4_connect *-ENOBUFS
*connect returned -ENOBUFS
*done: *'

# --rehearse: the first one is followed too.
forget_ways
cat >"$work/connect" <<'EOF'
echo 1 >/proc/sys/net/ipv4/route/flush
"$1" tcp "$2"
exit 0
EOF
followed --rehearse 'kmalloc = -ENOMEM under dst_alloc <- tcp_v4_connect times 1' -- sh "$work/connect" "$bin/conn" "$far"
t_is 'rehearsed: CMD has run twice' "$(sed 's/ (.*//' "$out")" 'connected, echoed 5 bytes
connect: No buffer space available'
t_like 'rehearsed: says how it went' "$(cat "$err")" '*rehearsed: * would have been injected*'
t_like 'rehearsed: the only one is followed' "$paths" \
	'followed: 1 injection, 1 path?
1 time:
*ip_route_output_key_hash_rcu *<- NULL became -ENOBUFS
*connect returned -ENOBUFS
*'

# File creation on ext4: __ext4_new_inode() (fs/ext4/ialloc.c, 6.1 and 6.12) makes -ENOMEM of new_inode()'s NULL, which
# alloc_inode() (fs/inode.c) has from ext4_alloc_inode() (fs/ext4/super.c); from there on it is handed through: open_last_lookups(),
# inlined in path_openat() (fs/namei.c), returns ERR_PTR(error).
truncate -s 64M "$work/disk"
loop=$(losetup -f --show "$work/disk")
mkfs.ext4 -q "$loop"
mkdir "$work/mnt"
mount -t ext4 "$loop" "$work/mnt"
touch "$work/mnt/before"
followed --follow 'kmalloc = -ENOMEM under ext4_create' -- bash -c 'repeat 3 $bin/call create $work/mnt/file'
# a kernel with KASAN has lookup_open() as a clone of its own
t_is 'ext4: the error is carried through' "$(sed '/lookup_open/d; s/   */  /g' <<<"$paths")" \
	"followed: 3 injections, 1 path

2 times, and 1 before its callers were known:
  should_failslab  -ENOMEM  <- injected
  kmem_cache_alloc_lru$n  NULL  <- -ENOMEM became NULL
  ext4_alloc_inode  NULL
  alloc_inode  NULL
  new_inode  NULL
  __ext4_new_inode  ERR_PTR(-ENOMEM)  <- NULL became -ENOMEM
  ext4_create  -ENOMEM
  path_openat  ERR_PTR(-ENOMEM)
  do_filp_open  ERR_PTR(-ENOMEM)
  do_sys_openat2  -ENOMEM
  __x64_sys_openat  -ENOMEM
  openat returned -ENOMEM
  the task exited with status 1"
umount "$work/mnt"
losetup -d "$loop"
loop=

# Swallowed: fsnotify() (fs/notify/fsnotify.c, 6.1 and 6.12) looks at what send_to_group() returned for permission events
# only, and returns 0; inotify_handle_inode_event() (fs/notify/inotify/inotify_fsnotify.c) had -ENOMEM.
echo hello >"$work/log"
job tail -f "$work/log" >"$work/tail"
wait_for 10 grep -q hello "$work/tail"
followed --follow 'kmalloc = -ENOMEM under inotify_handle_inode_event' -- \
	bash -c 'for i in 1 2 3; do echo more >>$work/log; sleep 0.3; done'
t_like 'inotify: the error is swallowed' "$paths" "*
*should_failslab *-ENOMEM*<- injected
*inotify_handle_inode_event *-ENOMEM*<- NULL became -ENOMEM
*fsnotify *0 *<- -ENOMEM was swallowed
*__fsnotify_parent *0
*vfs_write *5
*returned 5
*the task exited with status 0"
t_is 'inotify: and the write succeeds' "$(grep -c more "$work/log")" 3

# A system call that fails itself has no callers to follow.
followed --follow 'syscall:chdir = -EACCES' -- sh -c 'cd /; cd /; kill -SEGV $$'
t_is 'syscall:chdir' "$paths" 'followed: 2 injections, 1 path

2 times:
    __x64_sys_chdir  -EACCES  <- injected
  chdir returned -EACCES
  the task was killed by signal 11 SIGSEGV'
followed --follow 'syscall:chdir = -EACCES after' -- sh -c 'cd /; cd /; exit 9'
t_like 'syscall:chdir, after it ran' "$paths" '*
2 times:
    __x64_sys_chdir  -EACCES  <- injected
  chdir returned -EACCES
  the task exited with status 9'

# Security hooks: do_dentry_open() (fs/open.c) returns what security_file_open() did; vfs_open() jumps to it on 6.1, and path_openat()
# (fs/namei.c) has do_open() inlined. The BPF LSM's hook is called by security_file_open() (security/security.c).
vfs_open='
    vfs_open            -EPERM'
[ "$kernel" != 6.1 ] || vfs_open=
hook="    do_dentry_open      -EPERM$vfs_open
    path_openat         ERR_PTR(-EPERM)
    do_filp_open        ERR_PTR(-EPERM)
    do_sys_openat2      -EPERM
    __x64_sys_openat    -EPERM
  openat returned -EPERM
  the task exited with status 1"
only_hostname='if file->f_path.dentry->d_name.len == 8 && file->f_path.dentry->d_name.name[0] == 104'
followed --follow "security_file_open = -EPERM $only_hostname" -- bash -c 'repeat 3 $bin/call open /etc/hostname'
t_is 'security_file_open' "$paths" "followed: 3 injections, 1 path

2 times, and 1 before its callers were known:
    security_file_open  -EPERM           <- injected
$hook"
if grep -qw bpf /sys/kernel/security/lsm 2>/dev/null; then
	followed --follow "lsm:file_open = -EPERM $only_hostname" -- bash -c 'repeat 3 $bin/call open /etc/hostname'
	t_is 'lsm:file_open' "$paths" "followed: 3 injections, 1 path

2 times, and 1 before its callers were known:
    bpf_lsm_file_open   -EPERM           <- injected
    security_file_open  -EPERM
$hook"
else
	t_skip 'lsm:file_open' 'the BPF LSM is not active'
fi

# A caller that another rule overrides is probed too, and still overridden.
engines=kprobe.multi
[ -z "${RETCON_TEST_LONG:-}" ] || engines="kprobe.multi kprobe fmod_ret"
for engine in $engines; do
	followed --follow --engine "$engine" 'kmalloc = -ENOMEM under do_mkdirat times 2' 'syscall:mkdir = -EIO when 4..5' -- \
		bash -c 'rm -f $work/said; repeat 6 $bin/call mkdir $work/dir'
	t_is "two rules by $engine: each in its turn" "$(sed 's/.*(\(.*\))/\1/; s/.*: //' "$work/said" | tr '\n' ' ')" \
		'ENOMEM ENOMEM ok EIO EIO EEXIST '
	t_like "two rules by $engine: what is told of the first" "$paths" "*
1 time by kmalloc*, and 1 before its callers were known:
*do_mkdirat *-ENOMEM*
*__x64_sys_mkdir *-ENOMEM
  mkdir returned -ENOMEM*
2 times by syscall:mkdir*
    __x64_sys_mkdir *-EIO *<- injected
  mkdir returned -EIO*"
	rmdir "$work/dir"
done

# Many at once: whatever is told of a call, it is told right.
override_start --follow 'kmalloc = -ENOMEM under tcp_v4_connect'
crowd=()
for i in 1 2 3 4 5 6 7 8; do
	job bash -c 'repeat 3 $bin/conn tcp 7001' 2>/dev/null
	crowd+=("$job")
done
wait "${crowd[@]}"
inject_stop
t_num 'a crowd: all fail' "$(counted injected)" -ge 24
t_num 'a crowd: events are not lost' "$(counted drops)" -eq 0
# what one injection's steps say, against what was said of the same call by the chain's own program
read -r told wrong missed <<<"$(awk '
	{ gsub(/"/, "") }
	function get(name) { return match($0, "[{,]" name ":[^,}]*") ? substr($0, RSTART + length(name) + 2, RLENGTH - length(name) - 2) : "" }
	/type:injected/ { open[get("tid")] = get("injection"); stack[get("injection")] = $0; returned[get("tid")] = "" }
	/type:return/ { returned[get("tid")] = get("value") }
	/type:step/ {
		i = get("injection")
		if (!index(stack[i], get("function") "+") || open[get("tid")] != i)
			wrong++
		if (get("function") == "tcp_v4_connect") {
			told++
			if (returned[get("tid")] != get("value"))
				wrong++
			seen[i] = 1
		}
	}
	/type:syscall/ { missed += !seen[get("injection")] }
	END { print told + 0, wrong + 0, missed + 0 }' "$events")"
t_num 'a crowd: most are followed' "$told" -ge 12
t_num 'a crowd: nothing is told wrong' "$wrong" -eq 0
t_note "a crowd: $told followed, $missed not"

# kill -9 while callers are being learnt and followed
job "$bin/hammer" trickle 1 1000s >/dev/null
hammer=$job
"$bin/killer" 3 88172645463325252 "$retcon" inject --follow kmalloc 'tcp_v4_connect()' >"$work/killer"
t_is 'killed, never gone before' $? 0
kill "$hammer"
wait "$hammer"
t_clean 'after kill -9'

# --dry-run: all is found, nothing happens.
forget_ways
override --dry-run 'kmalloc = -ENOMEM under tcp_v4_connect times 2' -- "$bin/conn" tcp "$far"
t_is 'dry run: connects' "$(cat "$out")" 'connected, echoed 5 bytes'
t_num 'dry run: counts what would be' "$(counted would_inject)" -eq 2
t_num 'dry run: nothing was' "$(counted injected)" -eq 0
t_num 'dry run: with stacks' "$(grep -c '"type":"would inject".*"errno":"ENOMEM","stack":\[.*"tcp_v4_connect+' "$events")" -eq 2
t_num 'dry run: no returns are told' "$(grep -c '"type":"return"' "$events")" -eq 0
for engine in kprobe fmod_ret; do
	override --dry-run --engine "$engine" 'kmalloc = -ENOMEM under tcp_v4_connect' -- "$bin/conn" tcp 7001
	t_is "dry run by $engine: connects" "$(cat "$out")" 'connected, echoed 5 bytes'
	t_num "dry run by $engine: counts" "$(counted would_inject)" -ge 1
done
"$retcon" inject --dry-run kmalloc 'tcp_v4_connect()' -- "$bin/conn" tcp 7001 >"$out" 2>"$err"
t_like 'dry run as text: says so' "$(cat "$err")" '*; dry run)*should_failslab would be -12 ENOMEM*would be injected*dry run: nothing was injected*'
override --dry-run --follow 'syscall:chdir = -EIO' -- true
t_is 'a dry run is not followed' "$status" 125
override --rehearse 'syscall:chdir = -EIO'
t_is 'without a command there is nothing to rehearse' "$status" 2

t_done
