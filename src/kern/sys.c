/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpf(2) by hand. Each command is given exactly the part of union bpf_attr it uses, so
 * that no kernel is shown fields it has not heard of. perf's half is in sys_perf.c.
 */
#include "kern/sys.h"

#include <errno.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "kern/sys_impl.h"
#include "util/cleanup.h"
#include "util/str.h"

int sys_bpf(int cmd, union bpf_attr *attr, size_t size)
{
	long r = syscall(__NR_bpf, cmd, attr, size);

	return r < 0 ? -errno : (int)r;
}

int sys_map_create(const struct sys_map *m)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = m->type;
	attr.key_size = m->key_size;
	attr.value_size = m->value_size;
	attr.max_entries = m->max_entries;
	attr.map_flags = m->flags;
	str_copy(attr.map_name, sizeof(attr.map_name), m->name);
	if (m->btf_fd >= 0) {
		attr.btf_fd = (uint32_t)m->btf_fd;
		attr.btf_key_type_id = m->btf_key_id;
		attr.btf_value_type_id = m->btf_value_id;
	}
	return sys_bpf(BPF_MAP_CREATE, &attr, ATTR_UPTO(btf_value_type_id));
}

static int map_elem(int cmd, int fd, const void *key, const void *value, uint64_t flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)fd;
	attr.key = ptr_u64(key);
	attr.value = ptr_u64(value);
	attr.flags = flags;
	return sys_bpf(cmd, &attr, ATTR_UPTO(flags));
}

int sys_map_update(int fd, const void *key, const void *value, uint64_t flags)
{
	return map_elem(BPF_MAP_UPDATE_ELEM, fd, key, value, flags);
}

int sys_map_lookup(int fd, const void *key, void *value)
{
	return map_elem(BPF_MAP_LOOKUP_ELEM, fd, key, value, 0);
}

int sys_map_freeze(int fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)fd;
	return sys_bpf(BPF_MAP_FREEZE, &attr, ATTR_UPTO(map_fd));
}

int sys_prog_load(const struct sys_prog *p)
{
	union bpf_attr attr;
	unsigned int tries;
	int r = -EAGAIN;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = p->type;
	attr.expected_attach_type = p->attach_type;
	attr.insns = ptr_u64(p->insns);
	attr.insn_cnt = p->n_insns;
	attr.license = ptr_u64("GPL"); /* the helpers we call are gpl_only */
	attr.attach_btf_id = p->attach_btf_id;
	if (p->btf_obj_fd > 0)
		attr.attach_btf_obj_fd = (uint32_t)p->btf_obj_fd;
	attr.prog_flags = p->flags;
	str_copy(attr.prog_name, sizeof(attr.prog_name), p->name);
	if (p->btf_fd >= 0) {
		attr.prog_btf_fd = (uint32_t)p->btf_fd;
		attr.func_info = ptr_u64(p->func_info);
		attr.func_info_rec_size = sizeof(struct bpf_func_info);
		attr.func_info_cnt = p->n_func_info;
		attr.line_info = ptr_u64(p->line_info);
		attr.line_info_rec_size = sizeof(struct bpf_line_info);
		attr.line_info_cnt = p->n_line_info;
	}
	if (p->log && p->log_size) {
		attr.log_buf = ptr_u64(p->log);
		attr.log_size = p->log_size;
		attr.log_level = p->log_level;
	}
	/* the verifier gives up with EAGAIN when a signal is pending */
	for (tries = 0; tries < 5 && r == -EAGAIN; tries++)
		r = sys_bpf(BPF_PROG_LOAD, &attr, ATTR_UPTO(attach_btf_obj_fd));
	return r;
}

int sys_prog_run(int fd, void *ctx, size_t ctx_len, uint32_t *retval)
{
	union bpf_attr attr;
	int r;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)fd;
	attr.test.ctx_in = ptr_u64(ctx);
	attr.test.ctx_size_in = (uint32_t)ctx_len;
	r = sys_bpf(BPF_PROG_TEST_RUN, &attr, ATTR_UPTO(test.cpu));
	if (r == 0)
		*retval = attr.test.retval;
	return r;
}

int sys_btf_load(const void *data, size_t len, char *log, size_t log_size)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.btf = ptr_u64(data);
	attr.btf_size = (uint32_t)len;
	if (log && log_size) {
		attr.btf_log_buf = ptr_u64(log);
		attr.btf_log_size = (uint32_t)log_size;
		attr.btf_log_level = 1;
	}
	return sys_bpf(BPF_BTF_LOAD, &attr, ATTR_UPTO(btf_log_level));
}

static int btf_is_named(int fd, const char *wanted)
{
	char name[64] = ""; /* the kernel's have at most 55: MODULE_NAME_LEN */
	struct bpf_btf_info info;
	int r;

	memset(&info, 0, sizeof(info));
	info.name = ptr_u64(name);
	info.name_len = sizeof(name);
	r = sys_info(fd, &info, sizeof(info));
	if (r < 0)
		return r == -ENOSPC ? 0 : r; /* a longer name than ours */
	return info.kernel_btf && strcmp(name, wanted) == 0;
}

int sys_btf_fd(const char *name)
{
	union bpf_attr attr;
	uint32_t id = 0;
	int r;

	for (;;) {
		_cleanup_close_ int fd = -1;

		memset(&attr, 0, sizeof(attr));
		attr.start_id = id;
		r = sys_bpf(BPF_BTF_GET_NEXT_ID, &attr, ATTR_UPTO(open_flags));
		if (r < 0)
			return r;
		id = attr.next_id;
		memset(&attr, 0, sizeof(attr));
		attr.btf_id = id;
		fd = sys_bpf(BPF_BTF_GET_FD_BY_ID, &attr, ATTR_UPTO(open_flags));
		if (fd == -ENOENT)
			continue; /* went away in between */
		if (fd < 0)
			return fd;
		r = btf_is_named(fd, name);
		if (r < 0)
			return r;
		if (r > 0)
			return take_fd(&fd);
	}
}

int sys_btf_read(int fd, void *data, uint32_t *len)
{
	struct bpf_btf_info info;
	int r;

	memset(&info, 0, sizeof(info));
	info.btf = ptr_u64(data);
	info.btf_size = data ? *len : 0;
	r = sys_info(fd, &info, SIZE_UPTO(struct bpf_btf_info, btf_size));
	if (r == 0)
		*len = info.btf_size; /* the whole of it, whatever fitted */
	return r;
}

static int link_multi(int prog_fd, const void *addrs, const void *syms, const void *cookies,
		      uint32_t n, uint32_t flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (uint32_t)prog_fd;
	attr.link_create.attach_type = BPF_TRACE_KPROBE_MULTI;
	attr.link_create.kprobe_multi.flags = flags;
	attr.link_create.kprobe_multi.cnt = n;
	attr.link_create.kprobe_multi.addrs = ptr_u64(addrs);
	attr.link_create.kprobe_multi.syms = ptr_u64(syms);
	attr.link_create.kprobe_multi.cookies = ptr_u64(cookies);
	return sys_bpf(BPF_LINK_CREATE, &attr, ATTR_UPTO(link_create.kprobe_multi));
}

int sys_link_kprobe_multi(int prog_fd, const uint64_t *addrs, const uint64_t *cookies, uint32_t n,
			  uint32_t flags)
{
	return link_multi(prog_fd, addrs, NULL, cookies, n, flags);
}

int sys_link_kprobe_multi_syms(int prog_fd, const char *const *syms, uint32_t n, uint32_t flags)
{
	return link_multi(prog_fd, NULL, syms, NULL, n, flags);
}

/* the older of two commands that end in the same place; this one needs no attach type */
int sys_link_tracing(int prog_fd)
{
	return sys_raw_tp_open(prog_fd, NULL);
}

int sys_raw_tp_open(int prog_fd, const char *name)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.raw_tracepoint.name = ptr_u64(name);
	attr.raw_tracepoint.prog_fd = (uint32_t)prog_fd;
	return sys_bpf(BPF_RAW_TRACEPOINT_OPEN, &attr, ATTR_UPTO(raw_tracepoint.prog_fd));
}
