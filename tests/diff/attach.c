/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Attaching to files that processes run, and to tracepoints: programs that count, on a
 * function of this one and on what this one does. Needs root, changes nothing that anybody
 * does. With the argument "everyone" a probe is also put on all processes that run this file.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/engine.h"
#include "exe/exe.h"
#include "kern/sys.h"
#include "kern/tracepoint.h"
#include "marker.h"
#include "run_prog.h"
#include "util/cleanup.h"

#define COOKIE 0x1234567890abcdefULL
#define DI     112 /* struct pt_regs */
#define AX     80

/* The map's value, which this process sees. */
struct counts {
	uint64_t calls, sum, cookie;
};

struct bench {
	int map;
	pid_t only; /* the process that is counted; 0: any */
	struct engine_link link;
	int prog;
};

static unsigned int tests, failures;

/* "somebody looks", counted up by the kernel */
volatile unsigned short retcon_test_semaphore __attribute__((section(".probes"))) = 0;

__attribute__((noinline)) static long probed(long n)
{
	__asm__ volatile("" : "+r"(n));
	return n + 1;
}

__attribute__((noinline)) static void marked(long n)
{
	MARKER("retcon", "marked", "retcon_test_semaphore", "-8@%[n]", [n] "r"(n));
}

__attribute__((format(printf, 2, 3))) static void result(bool ok, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %u - ", ok ? "" : "not ", ++tests);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	failures += !ok;
}

/* where this program's file has what is at p */
static uint64_t file_offset(const volatile void *p)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/self/maps", "re");
	unsigned long long start, end, offset;
	char line[4352];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%llx-%llx %*s %llx", &start, &end, &offset) == 3 &&
		    (uintptr_t)p >= start && (uintptr_t)p < end)
			return (uintptr_t)p - start + offset;
	return 0;
}

#define INSN(op, d, s, o, i)                                                                       \
	(struct bpf_insn)                                                                          \
	{                                                                                          \
		.code = (op), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)               \
	}
#define CALL(helper)  INSN(BPF_JMP | BPF_CALL, 0, 0, 0, helper)
#define MOV(d, s)     INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define MOV_K(d, k)   INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, k)
#define LOAD(d, s, o) INSN(BPF_LDX | BPF_MEM | BPF_DW, d, s, o, 0)
#define ADD(d, o, s)  INSN(BPF_STX | BPF_ATOMIC | BPF_DW, d, s, o, BPF_ADD)

/* counts, adds up the 8 bytes at `field` of the context, and keeps the cookie */
static int load(const struct bench *b, enum engine e, int16_t field, struct err *err)
{
	struct bpf_insn insns[] = {
		MOV(6, 1),
		CALL(BPF_FUNC_get_current_pid_tgid),
		INSN(BPF_ALU64 | BPF_RSH | BPF_K, 0, 0, 0, 32),
		INSN(BPF_JMP | (b->only ? BPF_JNE : BPF_JSLT) | BPF_K, 0, 0, 10, b->only),
		MOV(1, 6),
		CALL(BPF_FUNC_get_attach_cookie),
		INSN(BPF_LD | BPF_DW | BPF_IMM, 2, BPF_PSEUDO_MAP_VALUE, 0, 0),
		INSN(0, 0, 0, 0, 0),
		INSN(BPF_STX | BPF_MEM | BPF_DW, 2, 0, offsetof(struct counts, cookie), 0),
		MOV_K(3, 1),
		ADD(2, offsetof(struct counts, calls), 3),
		LOAD(3, 6, field),
		ADD(2, offsetof(struct counts, sum), 3),
		MOV_K(0, 0),
		MOV_K(0, 0),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	struct prog_reloc reloc = { .insn = 6, .kind = RELOC_MAP_VALUE };
	struct prog p = {
		.kind = engine_kind(e),
		.name = "rc_test",
		.insns = insns,
		.n_insns = sizeof(insns) / sizeof(insns[0]),
		.relocs = &reloc,
		.n_relocs = 1,
	};
	struct engine_world world = { .btf_fd = -1, .map_fds = &b->map };
	int fd = -1;
	int ret = engine_load(e, &p, NULL, &world, &fd, err);

	return ret < 0 ? ret : fd;
}

static int bench_attach(struct bench *b, enum engine e, int16_t field,
			const struct engine_site *site)
{
	static const struct counts zero;
	struct err err = { 0 };
	uint32_t key = 0;
	int ret;

	b->link = ENGINE_LINK_NONE;
	sys_map_update(b->map, &key, &zero, 0);
	b->prog = load(b, e, field, &err);
	if (b->prog < 0) {
		printf("# %s\n", err.msg);
		return b->prog;
	}
	ret = engine_attach(e, b->prog, site, 1, &b->link);
	if (ret < 0)
		closep(&b->prog);
	return ret;
}

static struct counts bench_detach(struct bench *b)
{
	struct counts c = { 0 };
	uint32_t key = 0;

	engine_release(&b->link);
	closep(&b->prog);
	sys_map_lookup(b->map, &key, &c);
	return c;
}

static struct engine_site own_function(pid_t pid)
{
	return (struct engine_site){
		.cookie = COOKIE,
		.file = { .path = "/proc/self/exe", .offset = file_offset(probed), .pid = pid },
	};
}

static void *calls_once(void *arg)
{
	(void)arg;
	probed(1000);
	return NULL;
}

/* a child's calls, and those of a thread */
static void call_elsewhere(void)
{
	pthread_t thread;
	pid_t child = fork();

	if (child == 0) {
		probed(1000000);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	if (pthread_create(&thread, NULL, calls_once, NULL) == 0)
		pthread_join(thread, NULL);
}

/* calls of 1, 2, 3, of a thread 1000, and of a child; then one that nobody sees */
static void on_function(struct bench *b, enum engine e, pid_t pid, uint64_t calls, uint64_t sum)
{
	const char *name = engine_name(e);
	struct engine_site site = own_function(pid);
	int ret = bench_attach(b, e, e == ENGINE_UPROBE ? DI : AX, &site);
	struct counts c;

	result(ret == 0, "%s: attached (%s)", name, ret < 0 ? strerror(-ret) : "yes");
	if (ret < 0)
		return;
	for (long n = 1; n <= 3; n++)
		probed(n);
	call_elsewhere();
	c = bench_detach(b);
	probed(5);
	result(c.calls == calls, "%s: %llu calls, and it saw %llu", name, (unsigned long long)calls,
	       (unsigned long long)c.calls);
	result(c.sum == sum, "%s: they add up to %llu, and it has %llu", name,
	       (unsigned long long)sum, (unsigned long long)c.sum);
	result(c.cookie == COOKIE, "%s: the cookie is 0x%llx", name, (unsigned long long)c.cookie);
}

/* what is read of this file is where it is, and what a marker's argument is said to be is it */
static void on_marker(struct bench *b)
{
	_cleanup_(exe_freep) struct exe *e = NULL;
	_cleanup_free_ struct exe_marker *m = NULL;
	struct engine_site site = own_function(getpid());
	struct exe_func f = { 0 };
	struct err err = { 0 };
	unsigned short during;
	struct counts c;
	unsigned int n = 0;

	if (exe_open(&e, "/proc/self/exe", &err) == 0 && exe_symbol(e, "probed", 0, &f, &err) == 0)
		exe_markers(e, "retcon", "marked", &m, &n, &err);
	result(f.offset == site.file.offset, "a function is where its file says %s", err.msg);
	result(n == 1 && m->n_args == 1 && m->arg[0].kind == USDT_REGISTER, "a marker is found");
	if (n != 1)
		return;
	site.file.offset = m->offset;
	site.file.semaphore = m->semaphore;
	n = bench_attach(b, ENGINE_UPROBE, (int16_t)m->arg[0].reg, &site) == 0;
	during = retcon_test_semaphore;
	marked(41);
	marked(1);
	c = bench_detach(b);
	result(n && during == 1 && retcon_test_semaphore == 0,
	       "the marker's semaphore is %u, then %u", during, retcon_test_semaphore);
	result(c.calls == 2 && c.sum == 42, "the marker: %llu calls, its argument adds up to %llu",
	       (unsigned long long)c.calls, (unsigned long long)c.sum);
}

static void is_refused(struct bench *b, struct engine_site site, int wanted, const char *what)
{
	int ret = bench_attach(b, ENGINE_UPROBE, DI, &site);

	if (ret == 0)
		bench_detach(b);
	result(ret == wanted, "%s: %s", what, strerror(-ret));
}

static void refusals(struct bench *b)
{
	struct engine_site site = own_function(getpid());

	site.file.path = "/no/such/file";
	is_refused(b, site, -ENOENT, "no such file");
	site = own_function(getpid());
	site.file.semaphore = 1ULL << 32;
	is_refused(b, site, -ERANGE, "a semaphore beyond 4 GiB");
	site = own_function(INT32_MAX);
	is_refused(b, site, -ESRCH, "no such process");
}

/* where none is mounted, a tracefs of this process's own */
static void have_tracefs(void)
{
	if (access("/sys/kernel/tracing/events", F_OK) == 0 || unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return;
	mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL);
}

/* all that the kernel has are read, and their fields lie one behind the other */
static void all_tracepoints(struct kern *k)
{
	_cleanup_free_ char *events = NULL;
	unsigned int n = 0, read = 0;
	char *save = NULL;

	result(kern_events(k, &events) == 0, "the list of tracepoints");
	for (char *line = events ? strtok_r(events, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save), n++) {
		char *event = strchr(line, ':');
		struct tracepoint t = { 0 };
		struct err err = { 0 };
		bool ok;

		if (event)
			*event++ = '\0';
		ok = event && kern_tracepoint(k, line, event, &t, &err) == 0;
		for (unsigned int i = 1; ok && i < t.n_fields; i++)
			ok = t.fields[i].offset >= t.fields[i - 1].offset + t.fields[i - 1].size;
		read += ok;
		if (!ok)
			printf("# %s:%s: %s\n", line, event ? event : "", err.msg);
		tracepoint_free(&t);
	}
	result(n > 100 && read == n, "%u tracepoints are read, of %u", read, n);
}

static void asks_for_group(void)
{
	syscall(SYS_getpgid, getpid());
}

static void has_a_child(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	waitpid(child, NULL, 0);
}

/* once on each processor this process may use; how many there are */
static unsigned int everywhere(void (*what)(void))
{
	unsigned int n = 0;
	cpu_set_t all;

	sched_getaffinity(0, sizeof(all), &all);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		cpu_set_t one;

		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		if (!CPU_ISSET(cpu, &all) || sched_setaffinity(0, sizeof(one), &one))
			continue;
		what();
		n++;
	}
	sched_setaffinity(0, sizeof(all), &all);
	return n;
}

/* value: what that field is to be each time, or 0 */
static void on_tracepoint(struct bench *b, struct kern *k, const char *event, void (*what)(void),
			  const char *name, uint64_t value)
{
	const struct tracepoint_field *field;
	struct tracepoint t = { 0 };
	struct err err = { 0 };
	struct engine_site site = { .cookie = COOKIE };
	unsigned int cpus;
	struct counts c;
	char category[32];
	int ret;

	snprintf(category, sizeof(category), "%.*s", (int)strcspn(event, ":"), event);
	ret = kern_tracepoint(k, category, strchr(event, ':') + 1, &t, &err);
	field = ret == 0 ? tracepoint_find(&t, name) : NULL;
	site.tracepoint = t.id;
	if (ret == 0)
		ret = field ? bench_attach(b, ENGINE_TRACEPOINT, (int16_t)field->offset, &site)
			    : -ENOENT;
	tracepoint_free(&t);
	if (err.code)
		printf("# %s\n", err.msg);
	result(ret == 0, "%s: attached (%s)", event, ret < 0 ? strerror(-ret) : "yes");
	if (ret < 0)
		return;
	cpus = everywhere(what);
	c = bench_detach(b);
	what();
	result(c.calls == cpus, "%s: on each of %u processors, and it saw %llu", event, cpus,
	       (unsigned long long)c.calls);
	result(!value || c.sum == value * cpus, "%s: its field", event);
	result(c.cookie == COOKIE, "%s: the cookie is 0x%llx", event, (unsigned long long)c.cookie);
}

int main(int argc, char **argv)
{
	struct sys_map map = { .name = "rc_test",
			       .type = BPF_MAP_TYPE_ARRAY,
			       .key_size = sizeof(uint32_t),
			       .value_size = sizeof(struct counts),
			       .max_entries = 1,
			       .btf_fd = -1 };
	struct bench b = { .prog = -1, .link = ENGINE_LINK_NONE };
	_cleanup_(kern_freep) struct kern *k = NULL;
	_cleanup_close_ int fd = -1;

	if (run_prog_possible() < 0)
		return 77;
	b.map = fd = sys_map_create(&map);
	if (fd < 0)
		return 1;
	on_function(&b, ENGINE_UPROBE, getpid(), 4, 1006);
	on_function(&b, ENGINE_URETPROBE, getpid(), 4, 1010);
	if (argc > 1 && strcmp(argv[1], "everyone") == 0) {
		on_function(&b, ENGINE_UPROBE, 0, 5, 1001006);
		on_function(&b, ENGINE_URETPROBE, 0, 5, 1001011);
	}
	on_marker(&b);
	refusals(&b);
	b.only = getpid();
	have_tracefs();
	if (kern_live(&k, NULL) < 0)
		return 1;
	all_tracepoints(k);
	on_tracepoint(&b, k, "syscalls:sys_enter_getpgid", asks_for_group, "pid",
		      (uint64_t)getpid());
	on_tracepoint(&b, k, "sched:sched_process_fork", has_a_child, "parent_comm", 0);
	printf("1..%u\n", tests);
	return failures != 0;
}
