/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exe/procs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "exe/exe_impl.h"
#include "util/cleanup.h"
#include "util/str.h"

#define UNKNOWN "[unknown]"

/* a process whose stacks hold what is no address is not read anew for each of them */
#define AGAIN_NS 100000000ULL

/* Which program it is: another one, by exec or with the same number, has other maps. */
struct identity {
	uint64_t started, dev, inode;
};

struct mapping {
	uint64_t start, end, offset, dev, inode;
	char *path;
};

struct process {
	pid_t pid; /* 0: free */
	struct identity is;
	struct mapping *maps; /* what runs, ascending */
	unsigned int n;
	uint64_t read_at, used;
	bool settled; /* it ran where nothing is mapped, and reading again brought nothing new */
};

struct file {
	uint64_t dev, inode, used;
	struct exe *exe; /* NULL: free */
	char *path;
};

struct exe_procs {
	uint64_t uses;
	struct process process[LIMIT_PROCS];
	struct file file[LIMIT_EXES];
};

int exe_procs_new(struct exe_procs **out, struct err *err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : err_nomem(err);
}

static void forget_maps(struct mapping *maps, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		free(maps[i].path);
	free(maps);
}

static void forget_file(struct file *f)
{
	exe_free(f->exe);
	free(f->path);
	*f = (struct file){ 0 };
}

void exe_procs_free(struct exe_procs *p)
{
	if (!p)
		return;
	for (unsigned int i = 0; i < LIMIT_PROCS; i++)
		forget_maps(p->process[i].maps, p->process[i].n);
	for (unsigned int i = 0; i < LIMIT_EXES; i++)
		forget_file(&p->file[i]);
	free(p);
}

void exe_procs_freep(struct exe_procs **p)
{
	exe_procs_free(*p);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* false: it is gone, or is nobody's program any more */
static bool identify(pid_t pid, struct identity *out)
{
	_cleanup_free_ char *text = NULL;
	char path[64];
	struct stat st;
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	if (stat(path, &st))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (exe_read_file(path, 4096, &text, NULL) < 0)
		return false;
	/* "1 (a name) S ...": the 22nd is when it started */
	at = strrchr(text, ')');
	for (int i = 0; at && i < 20; i++)
		at = strchr(at + 1, ' ');
	if (!at)
		return false;
	out->started = strtoull(at + 1, NULL, 10);
	out->dev = st.st_dev;
	out->inode = st.st_ino;
	return true;
}

static bool same(const struct identity *a, const struct identity *b)
{
	return a->started == b->started && a->dev == b->dev && a->inode == b->inode;
}

static int parse_maps(const char *text, struct mapping **out, unsigned int *n)
{
	struct mapping *maps = calloc(LIMIT_PROC_MAPS, sizeof(*maps)), *fit;
	struct exe_map m;
	unsigned int have = 0;

	if (!maps)
		return -ENOMEM;
	while (have < LIMIT_PROC_MAPS && exe_map_next(&text, &m)) {
		if (!m.runs)
			continue;
		maps[have] = (struct mapping){ m.start, m.end,	 m.offset,
					       m.dev,	m.inode, strndup(m.path, m.path_len) };
		if (!maps[have].path) {
			forget_maps(maps, have);
			return -ENOMEM;
		}
		have++;
	}
	fit = have ? realloc(maps, have * sizeof(*maps)) : NULL;
	if (!have)
		free(maps);
	*out = fit || !have ? fit : maps;
	*n = have;
	return 0;
}

/* what was known stays if nothing is learnt: a process that ends has no maps */
static void read_maps(struct process *proc)
{
	_cleanup_free_ char *text = NULL;
	struct mapping *maps = NULL;
	unsigned int n = 0;
	char path[64];

	proc->read_at = now();
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)proc->pid);
	if (exe_read_file(path, LIMIT_MAPS_BYTES, &text, NULL) < 0 ||
	    parse_maps(text, &maps, &n) < 0 || !n)
		return;
	forget_maps(proc->maps, proc->n);
	proc->maps = maps;
	proc->n = n;
}

/* its slot, or that of the one that was not asked about for longest */
static struct process *slot_of(struct exe_procs *p, pid_t pid)
{
	struct process *old = &p->process[0];

	for (unsigned int i = 0; i < LIMIT_PROCS; i++) {
		if (p->process[i].pid == pid)
			return &p->process[i];
		if (p->process[i].used < old->used)
			old = &p->process[i];
	}
	return old;
}

static struct process *process_of(struct exe_procs *p, pid_t pid)
{
	struct process *proc = slot_of(p, pid);
	struct identity is = { 0 };
	bool lives = identify(pid, &is), known = proc->pid == pid;

	if (!known && !lives)
		return NULL;
	if (!known || (lives && !same(&is, &proc->is))) {
		forget_maps(proc->maps, proc->n);
		*proc = (struct process){ .pid = pid, .is = is };
		read_maps(proc);
	}
	proc->used = ++p->uses;
	return proc;
}

static const struct mapping *mapping_of(const struct process *proc, uint64_t addr)
{
	unsigned int lo = 0, hi = proc->n;

	while (lo < hi) {
		unsigned int mid = lo + (hi - lo) / 2;

		if (proc->maps[mid].end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < proc->n && proc->maps[lo].start <= addr ? &proc->maps[lo] : NULL;
}

/* the very file, even if it was replaced or is in another mount namespace; else by its name */
static struct exe *open_mapped(pid_t pid, const struct mapping *m)
{
	char path[PATH_MAX];
	struct exe *e = NULL;
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/map_files/%llx-%llx", (int)pid,
		 (unsigned long long)m->start, (unsigned long long)m->end);
	if (exe_open(&e, path, NULL) == 0)
		return e;
	if (snprintf(path, sizeof(path), "/proc/%d/root%s", (int)pid, m->path) <
		    (int)sizeof(path) &&
	    exe_open(&e, path, NULL) == 0)
		return e;
	/* the process is gone: of that name there may be another file here */
	if (exe_open(&e, m->path, NULL) < 0)
		return NULL;
	if (fstat(e->elf.fd, &st) == 0 && st.st_ino == m->inode)
		return e;
	exe_free(e);
	return NULL;
}

static struct exe *file_of(struct exe_procs *p, pid_t pid, const struct mapping *m)
{
	struct file *f = NULL, *old = &p->file[0];

	if (*m->path != '/')
		return NULL;
	for (unsigned int i = 0; i < LIMIT_EXES && !f; i++) {
		struct file *it = &p->file[i];

		if (it->exe && it->dev == m->dev && it->inode == m->inode &&
		    !strcmp(it->path, m->path))
			f = it;
		if (it->used < old->used)
			old = it;
	}
	if (!f) {
		struct exe *e = open_mapped(pid, m);
		char *path = e ? strdup(m->path) : NULL;

		/* what cannot be read is tried again: another process may be there to open it */
		if (!path) {
			exe_free(e);
			return NULL;
		}
		f = old;
		forget_file(f);
		*f = (struct file){ .dev = m->dev, .inode = m->inode, .path = path, .exe = e };
	}
	f->used = ++p->uses;
	return f->exe;
}

/* where it runs is an address, and a library may be new there; what is on its stack may be none */
static bool may_read_again(const struct process *proc, bool returns)
{
	return (!returns && !proc->settled) || now() - proc->read_at > AGAIN_NS;
}

static void name_it(struct exe_procs *p, struct process *proc, uint64_t addr, bool returns,
		    struct exe_frame *out)
{
	const struct mapping *m = mapping_of(proc, addr - returns);
	struct exe_func func;
	uint64_t linked, plus;
	struct exe *e;

	if (!m && may_read_again(proc, returns)) {
		unsigned int before = proc->n;

		read_maps(proc);
		proc->settled |= !returns && proc->n == before;
		m = mapping_of(proc, addr - returns);
	}
	if (!m)
		return;
	str_copy(out->file, sizeof(out->file), exe_base(m->path));
	out->offset = addr - m->start + m->offset;
	e = file_of(p, proc->pid, m);
	if (!e || !elf_addr(&e->elf, out->offset - returns, &linked) ||
	    exe_at(e, linked, &func, &plus) < 0)
		return;
	plus += returns;
	snprintf(out->symbol, sizeof(out->symbol), "%.160s+0x%llx", func.name,
		 (unsigned long long)plus);
}

void exe_procs_stack(struct exe_procs *p, pid_t pid, const uint64_t *addrs, unsigned int n,
		     struct exe_frame *out)
{
	struct process *proc = pid > 0 ? process_of(p, pid) : NULL;

	for (unsigned int i = 0; i < n; i++) {
		out[i] = (struct exe_frame){ .symbol = UNKNOWN };
		if (proc)
			name_it(p, proc, addrs[i], i > 0, &out[i]);
	}
}

void exe_procs_note(struct exe_procs *p, pid_t pid)
{
	if (pid > 0)
		process_of(p, pid);
}
