/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * percall CONSTANTS RETCON: what a call of should_failslab that does not match costs
 * under each program, in one run, by turns. A worker makes the calls: chdir("") takes
 * memory for the path once through the slab, sees that it is empty, and gives it back.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "hand.h"
#include "link.h"
#include "util/control.h"

#define CALLS 100000
#define TURNS 5

static struct constants constants;
static char *retcon;

static struct bench_worker worker;

/* what it is asked */
enum {
	WORK = 'w',
	CONNECT = 'c'
};

static uint64_t work(void)
{
	uint64_t from = bench_clock(CLOCK_PROCESS_CPUTIME_ID);

	for (int i = 0; i < CALLS; i++)
		if (chdir("") == 0)
			return 0;
	return bench_clock(CLOCK_PROCESS_CPUTIME_ID) - from;
}

/* the error of a connection to where nobody listens */
static uint64_t try_connect(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(9),
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int error = connect(fd, (const struct sockaddr *)&to, sizeof(to)) ? errno : 0;

	close(fd);
	return (uint64_t)error;
}

static uint64_t answer(const void *question)
{
	return *(const char *)question == WORK ? work() : try_connect();
}

static uint64_t ask(char what)
{
	return bench_ask(&worker, &what);
}

/* a turn of each: ns of CPU, 0 for failed */
static uint64_t with_nothing(void)
{
	return ask(WORK);
}

static uint64_t with_empty(void)
{
	struct bench_link l = { bench_load_empty(true), -1, -1 };
	uint64_t ns = 0;

	l.link = l.prog < 0 ? -1 : hand_link_multi(l.prog, &constants.target, NULL, false);
	if (l.link >= 0)
		ns = ask(WORK);
	bench_unlink(&l);
	close(l.prog);
	return ns;
}

static uint64_t with_perf_empty(void)
{
	struct bench_link l = { bench_load_empty(false), -1, -1 };
	uint64_t ns = 0;

	if (l.prog >= 0 && bench_perf_kprobe(&l, NULL, constants.target, false) == 0)
		ns = ask(WORK);
	bench_unlink(&l);
	close(l.prog);
	return ns;
}

static uint64_t hits(const struct rule_control *c)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < constants.cpu_slots; i++)
		n += c->cpu[i].hits;
	return n;
}

/* that it keeps its promises, and that the worker does what it is for */
static bool is_right(const struct hand *h, uint64_t hits_before)
{
	const struct rule_control *c = &h->control->rule;
	uint64_t made = hits(c) - hits_before;
	uint64_t error = ask(CONNECT);

	if (made < CALLS || made > CALLS + CALLS / 100) {
		fprintf(stderr, "percall: %u rounds called should_failslab %llu times\n", CALLS,
			(unsigned long long)made);
		return false;
	}
	if (c->injected != 1 || c->active[0] || (error != ENOBUFS && error != ENOMEM)) {
		fprintf(stderr, "percall: the hand-written rule: %llu injected, connect: %s\n",
			(unsigned long long)c->injected, strerror((int)error));
		return false;
	}
	return true;
}

static uint64_t with_hand(void)
{
	struct hand h;
	uint64_t ns, before;
	int ret = hand_arm(&h, &constants, (__u32)getpid(), (__u32)getppid(), false);

	if (ret) {
		fprintf(stderr, "percall: the hand-written rule: %s\n", strerror(-ret));
		exit(1);
	}
	before = hits(&h.control->rule);
	ns = ask(WORK);
	if (!is_right(&h, before))
		ns = 0;
	hand_disarm(&h);
	return ns;
}

static uint64_t with_retcon_as(char *const argv[])
{
	struct bench_child c;
	uint64_t ns = 0;

	if (bench_start(&c, argv, false))
		return 0;
	if (bench_wait_for(&c, "armed"))
		ns = ask(WORK);
	bench_stop(&c);
	return ns;
}

static uint64_t with_retcon(void)
{
	return with_retcon_as((char *[]){ retcon, "inject", "kmalloc", "tcp_v4_connect()", NULL });
}

/* a scope that the worker is not in */
static uint64_t with_retcon_scope(char *option, char *value)
{
	return with_retcon_as(
		(char *[]){ retcon, "inject", option, value, "kmalloc", "tcp_v4_connect()", NULL });
}

static uint64_t with_retcon_pid(void)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	return with_retcon_scope("-p", pid);
}

static uint64_t with_retcon_tid(void)
{
	char tid[16];

	snprintf(tid, sizeof(tid), "%d", (int)getpid());
	return with_retcon_scope("-t", tid);
}

static uint64_t with_retcon_comm(void)
{
	return with_retcon_scope("--comm", "nobody-is-so");
}

static uint64_t with_retcon_uid(void)
{
	return with_retcon_scope("--uid", "65534");
}

static uint64_t with_retcon_cgroup(void)
{
	static char path[] = "/sys/fs/cgroup/retcon-bench";
	uint64_t ns = mkdir(path, 0755) ? 0 : with_retcon_scope("--cgroup", path);

	rmdir(path);
	return ns;
}

static uint64_t with_retcon_netns(void)
{
	char byte = 0, pid[16];
	uint64_t ns = 0;
	int ready[2];
	pid_t apart;

	if (pipe(ready))
		return 0;
	apart = fork();
	if (apart == 0) {
		if (unshare(CLONE_NEWNET) == 0 && write(ready[1], &byte, 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	snprintf(pid, sizeof(pid), "%d", (int)apart);
	if (apart > 0 && read(ready[0], &byte, 1) == 1)
		ns = with_retcon_scope("--netns", pid);
	close(ready[0]);
	if (apart > 0) {
		kill(apart, SIGKILL);
		waitpid(apart, NULL, 0);
	}
	return ns;
}

static uint64_t with_retcon_command(void)
{
	return with_retcon_as((char *[]){ retcon, "inject", "kmalloc", "tcp_v4_connect()", "--",
					  "sleep", "1000", NULL });
}

static const struct {
	const char *name;
	uint64_t (*turn)(void);
} kinds[] = {
	{ "nothing", with_nothing },
	{ "empty", with_empty },
	{ "hand", with_hand },
	{ "retcon", with_retcon },
	{ "retcon-p", with_retcon_pid },
	{ "retcon-t", with_retcon_tid },
	{ "retcon-comm", with_retcon_comm },
	{ "retcon-uid", with_retcon_uid },
	{ "retcon-netns", with_retcon_netns },
	{ "retcon-cgroup", with_retcon_cgroup },
	{ "retcon-command", with_retcon_command },
	{ "perf-empty", with_perf_empty },
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

int main(int argc, char **argv)
{
	static uint64_t ns[N_KINDS][TURNS];
	double nothing = 0;
	char name[32];

	bench_need_guest("percall");
	if (argc != 3 || bench_read_constants(argv[1], &constants)) {
		fprintf(stderr, "usage: percall CONSTANTS RETCON\n");
		return 2;
	}
	retcon = argv[2];
	signal(SIGPIPE, SIG_IGN);
	bench_first(1);
	if (bench_worker_start(&worker, sizeof(char), answer))
		return 1;
	ask(CONNECT);
	ask(WORK);
	for (unsigned int t = 0; t < TURNS; t++)
		for (unsigned int k = 0; k < N_KINDS; k++) {
			ns[k][t] = kinds[k].turn();
			if (!ns[k][t]) {
				fprintf(stderr, "percall: %s failed\n", kinds[k].name);
				return 1;
			}
		}
	for (unsigned int k = 0; k < N_KINDS; k++) {
		double each = (double)bench_median(ns[k], TURNS) / NS_PER_INSN / CALLS;

		if (k == 0)
			nothing = each;
		snprintf(name, sizeof(name), "call-%s", kinds[k].name);
		bench_say(name, k ? each - nothing : each, "instructions");
	}
	return 0;
}
