// SPDX-License-Identifier: LGPL-2.1-or-later
/* Creating and mapping what programs share with us. */
#include "session/maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "comp/lineinfo.h"
#include "kern/sys.h"
#include "util/cleanup.h"

#define EVENTS_BYTES (1U << 20) /* about 1,800 records with full stacks */

void maps_init(struct maps *m)
{
	memset(m, 0, sizeof(*m));
	for (unsigned int i = 0; i < PROG_MAP_COUNT; i++)
		m->fd[i] = -1;
	m->btf_fd = -1;
}

uint32_t maps_slots_for(long cpus)
{
	uint32_t slots = 1;

	while ((long)slots < cpus && slots < LIMIT_CPUS)
		slots *= 2;
	return slots;
}

uint32_t maps_cpu_slots(void)
{
	return maps_slots_for(sysconf(_SC_NPROCESSORS_CONF));
}

static int create_one(struct maps *m, enum prog_map which, const struct sys_map *def,
		      struct err *err)
{
	int fd = sys_map_create(def);

	if (fd < 0)
		return err_plain(err, fd, fd == -EPERM ? ERR_PERMISSION : ERR_SYSTEM,
				 "cannot create the BPF map %s: %s", def->name, strerror(-fd));
	m->fd[which] = fd;
	return 0;
}

uint32_t maps_rule_offset(unsigned int rule, uint32_t cpu_slots)
{
	size_t one = sizeof(struct rule_control) +
		     cpu_slots * sizeof(((struct rule_control *)0)->cpu[0]);

	return (uint32_t)(sizeof(struct control) + rule * one);
}

static int create_all(struct maps *m, const struct maps_size *size, const struct lineinfo *li,
		      struct err *err)
{
	uint32_t control_size = maps_rule_offset(size->n_rules, size->cpu_slots);
	uint32_t events = size->events_bytes ? size->events_bytes : EVENTS_BYTES;
	const struct sys_map defs[PROG_MAP_COUNT] = {
		[PROG_MAP_CONTROL] = { "rc_control", BPF_MAP_TYPE_ARRAY, 4, control_size, 1,
				       BPF_F_MMAPABLE, -1, 0, 0 },
		/* refused without BTF types: bpf_local_storage_map_alloc_check(), kernel/bpf */
		[PROG_MAP_TASKS] = { "rc_tasks", BPF_MAP_TYPE_TASK_STORAGE, 4, size->state_bytes, 0,
				     BPF_F_NO_PREALLOC, m->btf_fd, li->key_id, li->value_id },
		[PROG_MAP_EVENTS] = { "rc_events", BPF_MAP_TYPE_RINGBUF, 0, 0, events, 0, -1, 0,
				      0 },
		[PROG_MAP_SCRATCH] = { "rc_scratch", BPF_MAP_TYPE_PERCPU_ARRAY, 4,
				       sizeof(struct record), SCRATCH_RECORDS, 0, -1, 0, 0 },
	};
	long page = sysconf(_SC_PAGESIZE);
	void *mem;

	for (unsigned int i = 0; i < PROG_MAP_COUNT; i++) {
		int ret = create_one(m, i, &defs[i], err);

		if (ret)
			return ret;
	}
	m->control_len = (control_size + (size_t)page - 1) & ~((size_t)page - 1);
	mem = mmap(NULL, m->control_len, PROT_READ | PROT_WRITE, MAP_SHARED,
		   m->fd[PROG_MAP_CONTROL], 0);
	if (mem == MAP_FAILED)
		return err_plain(err, -errno, ERR_SYSTEM, "cannot map the control page: %s",
				 strerror(errno));
	m->control = mem;
	return 0;
}

/* the process behind pid, and its future children, count as in scope */
static int mark(const struct maps *m, uint32_t state_bytes, pid_t pid, struct err *err)
{
	_cleanup_free_ struct task_state *state = calloc(1, state_bytes);
	_cleanup_close_ int pidfd = -1;
	int ret;

	if (!state)
		return err_nomem(err);
	state->in_scope = 1;
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	ret = pidfd < 0 ? -errno : sys_map_update(m->fd[PROG_MAP_TASKS], &pidfd, state, BPF_ANY);
	if (ret)
		return err_plain(err, ret, ERR_SYSTEM, "cannot mark process %d: %s", (int)pid,
				 strerror(-ret));
	return 0;
}

int maps_create(struct maps *m, const struct maps_size *size, const struct lineinfo *li,
		pid_t command, struct err *err)
{
	int ret;

	m->btf_fd = sys_btf_load(li->btf, li->btf_len, NULL, 0);
	if (m->btf_fd < 0)
		return err_plain(err, m->btf_fd, m->btf_fd == -EPERM ? ERR_PERMISSION : ERR_BTF,
				 "the kernel refused our type information: %s",
				 strerror(-m->btf_fd));
	ret = create_all(m, size, li, err);
	return ret || !command ? ret : mark(m, size->state_bytes, command, err);
}

void maps_free(struct maps *m)
{
	if (m->control)
		munmap(m->control, m->control_len);
	for (unsigned int i = 0; i < PROG_MAP_COUNT; i++)
		closep(&m->fd[i]);
	closep(&m->btf_fd);
	maps_init(m);
}
