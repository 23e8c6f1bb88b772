/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Override should_failslab() by a perf kprobe, which retcon falls back to where kprobe.multi is
 * not to be had: perfkprobe name|address. Only a child fails, whose socket(2) says so: prints
 * its errno, and in between this process's own: "before A armed B others C after D".
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kern/kern.h"
#include "kern/sys.h"
#include "util/cleanup.h"

#define TARGET "should_failslab"

struct child {
	pid_t pid;
	int ask, answer;
};

struct armed {
	int prog, perf, link;
};

static bool in_guest(void)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/cmdline", "re");
	char line[4096];

	if (!f || !fgets(line, sizeof(line), f))
		return false;
	for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n"))
		if (strcmp(word, "retcon.guest=1") == 0)
			return true;
	return false;
}

/* for every byte that comes, the errno of a socket(2) goes */
static void serve(int in, int out)
{
	char byte;

	while (read(in, &byte, 1) == 1) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		int why = fd < 0 ? errno : 0;

		if (fd >= 0)
			close(fd);
		if (write(out, &why, sizeof(why)) != sizeof(why))
			break;
	}
	_exit(0);
}

static int start(struct child *c)
{
	int in[2], out[2];

	if (pipe(in) < 0 || pipe(out) < 0)
		return -errno;
	c->pid = fork();
	if (c->pid < 0)
		return -errno;
	if (c->pid == 0) {
		close(in[1]);
		close(out[0]);
		serve(in[0], out[1]);
	}
	close(in[0]);
	close(out[1]);
	c->ask = in[1];
	c->answer = out[0];
	return 0;
}

static int child_errno(const struct child *c)
{
	int why;

	if (write(c->ask, "", 1) != 1 || read(c->answer, &why, sizeof(why)) != sizeof(why))
		return -1;
	return why;
}

static int own_errno(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* if (bpf_get_current_pid_tgid() >> 32 == tgid) bpf_override_return(ctx, -ENOMEM); return 0; */
static int load(pid_t tgid)
{
	enum {
		NOT_IT = 3,
		DONE = 7,
	};
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 6, .src_reg = 1 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_get_current_pid_tgid },
		{ .code = BPF_ALU64 | BPF_RSH | BPF_K, .dst_reg = 0, .imm = 32 },
		[NOT_IT] = { .code = BPF_JMP | BPF_JNE | BPF_K,
			     .dst_reg = 0,
			     .off = DONE - NOT_IT - 1,
			     .imm = tgid },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 1, .src_reg = 6 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2, .imm = -ENOMEM },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_override_return },
		[DONE] = { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	const struct sys_prog p = {
		.name = "rc_perfkprobe",
		.type = BPF_PROG_TYPE_KPROBE,
		.insns = insns,
		.n_insns = sizeof(insns) / sizeof(insns[0]),
		.btf_fd = -1,
	};

	return sys_prog_load(&p);
}

static int address_of(const char *func, uint64_t *addr)
{
	_cleanup_(kern_freep) struct kern *k = NULL;
	struct ksym found = { 0 };
	int r = kern_live(&k, NULL);

	if (r == 0)
		r = kern_lookup(k, &func, 1, &found, NULL);
	*addr = found.addr;
	return r < 0 || found.addr ? r : -ENOENT;
}

static int arm(struct armed *a, const struct child *c, bool by_address)
{
	uint64_t addr = 0;
	int r = by_address ? address_of(TARGET, &addr) : 0;

	if (r < 0)
		return r;
	a->prog = load(c->pid);
	if (a->prog < 0)
		return a->prog;
	a->link = sys_link_perf_kprobe(a->prog, addr ? NULL : TARGET, addr, false, 0, &a->perf);
	return a->link < 0 ? a->link : 0;
}

static void disarm(struct armed *a)
{
	closep(&a->link);
	closep(&a->perf);
	closep(&a->prog);
}

int main(int argc, char **argv)
{
	struct armed a = { -1, -1, -1 };
	struct child c;
	int before = 0, inside = 0, mine = 0, r;

	if (!in_guest()) {
		fprintf(stderr, "perfkprobe: this changes what the kernel returns and is for a "
				"guest only\n");
		return 3;
	}
	if (argc != 2 || (strcmp(argv[1], "name") != 0 && strcmp(argv[1], "address") != 0)) {
		fprintf(stderr, "usage: perfkprobe name|address\n");
		return 2;
	}
	r = start(&c);
	if (r == 0) {
		before = child_errno(&c);
		r = arm(&a, &c, strcmp(argv[1], "address") == 0);
	}
	if (r < 0) {
		fprintf(stderr, "perfkprobe: %s\n", strerror(-r));
		return 1;
	}
	inside = child_errno(&c);
	mine = own_errno();
	disarm(&a);
	printf("before %d armed %d others %d after %d\n", before, inside, mine, child_errno(&c));
	close(c.ask);
	return waitpid(c.pid, NULL, 0) == c.pid ? 0 : 1;
}
