/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel says of programs and links, ours and others'. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kern/sys.h"
#include "kern/sys_impl.h"
#include "util/cleanup.h"
#include "util/str.h"

/* The parts of struct bpf_link_info we read; headers of 6.1 have no `missed`. */
struct link_info {
	uint32_t type, id, prog_id, pad;
	union {
		struct {
			uint64_t addrs;
			uint32_t count, flags;
			uint64_t missed;
		} multi;
		struct {
			uint32_t type, pad;
			uint64_t func_name;
			uint32_t name_len, offset;
			uint64_t addr;
			uint64_t missed;
		} perf;
		struct {
			uint32_t attach_type;
			uint32_t obj_id, btf_id;
		} tracing;
	};
};

enum {
	LINK_TRACING = 2,
	LINK_PERF_EVENT = 7, /* enum bpf_link_type */
	LINK_KPROBE_MULTI = 8,
	PERF_EVENT_KPROBE = 3, /* enum bpf_perf_event_type */
};

int sys_info(int fd, void *info, uint32_t len)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info = ptr_u64(info);
	attr.info.info_len = len;
	return sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, ATTR_UPTO(info));
}

static int by_id(int cmd, uint32_t id)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.link_id = id; /* the place of prog_id and btf_id, too */
	return sys_bpf(cmd, &attr, ATTR_UPTO(open_flags));
}

int sys_next_link(uint32_t *id)
{
	union bpf_attr attr;
	int r;

	memset(&attr, 0, sizeof(attr));
	attr.start_id = *id;
	r = sys_bpf(BPF_LINK_GET_NEXT_ID, &attr, ATTR_UPTO(open_flags));
	if (r == 0)
		*id = attr.next_id;
	return r;
}

int sys_link_by_id(uint32_t id)
{
	return by_id(BPF_LINK_GET_FD_BY_ID, id);
}

static int prog_name(uint32_t id, char name[17])
{
	_cleanup_close_ int fd = by_id(BPF_PROG_GET_FD_BY_ID, id);
	struct bpf_prog_info info;
	int r;

	if (fd < 0)
		return fd;
	memset(&info, 0, sizeof(info));
	r = sys_info(fd, &info, SIZE_UPTO(struct bpf_prog_info, name));
	if (r == 0)
		str_copy(name, 17, info.name);
	return r;
}

static int btf_name(uint32_t id, char *name, uint32_t size)
{
	_cleanup_close_ int fd = by_id(BPF_BTF_GET_FD_BY_ID, id);
	struct bpf_btf_info info;

	if (fd < 0)
		return fd;
	memset(&info, 0, sizeof(info));
	info.name = ptr_u64(name);
	info.name_len = size;
	return sys_info(fd, &info, sizeof(info));
}

int sys_tracing_link(int fd, struct sys_tracing_link *out)
{
	struct link_info link;
	int r;

	memset(&link, 0, sizeof(link));
	memset(out, 0, sizeof(*out));
	r = sys_info(fd, &link, sizeof(link));
	if (r == 0 && (link.type != LINK_TRACING || !link.tracing.btf_id))
		r = -ENOENT;
	if (r == 0)
		r = btf_name(link.tracing.obj_id, out->btf_name, sizeof(out->btf_name));
	if (r)
		return r;
	out->btf_id = link.tracing.btf_id;
	out->prog_id = link.prog_id;
	prog_name(link.prog_id, out->prog_name);
	return 0;
}

/* that function's entry, or what is behind its endbr64, where a kprobe is put */
static bool is_entry(uint64_t probed, uint64_t addr)
{
	return probed == addr || probed == addr + 4;
}

/* the addresses are asked for when their number is known */
static bool multi_has(int fd, uint32_t count, uint64_t addr)
{
	_cleanup_free_ uint64_t *addrs = calloc(count ? count : 1, sizeof(*addrs));
	struct link_info link;

	memset(&link, 0, sizeof(link));
	link.multi.addrs = ptr_u64(addrs);
	link.multi.count = count;
	if (!addrs || sys_info(fd, &link, sizeof(link)))
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (is_entry(addrs[i], addr))
			return true;
	return false;
}

/* ("bpf: Support ->fill_link_info for kprobe_multi", and for perf_event, 6.6: zeros before) */
int sys_probe_link(int fd, uint64_t addr, uint32_t *prog_id, char name[17])
{
	struct link_info link;
	bool has = false;
	int r;

	memset(&link, 0, sizeof(link));
	r = sys_info(fd, &link, sizeof(link));
	if (r)
		return r;
	if (link.type == LINK_KPROBE_MULTI && !(link.multi.flags & BPF_F_KPROBE_MULTI_RETURN))
		has = multi_has(fd, link.multi.count, addr);
	else if (link.type == LINK_PERF_EVENT && link.perf.type == PERF_EVENT_KPROBE)
		has = is_entry(link.perf.addr, addr);
	if (!has)
		return -ENOENT;
	*prog_id = link.prog_id;
	name[0] = '\0';
	prog_name(link.prog_id, name);
	return 0;
}

int sys_misses(int prog_fd, int link_fd, struct sys_misses *out)
{
	struct bpf_prog_info prog;
	struct link_info link;
	struct sys_misses m = { 0 };
	int r;

	memset(&prog, 0, sizeof(prog));
	r = prog_fd < 0
		    ? 0
		    : sys_info(prog_fd, &prog, SIZE_UPTO(struct bpf_prog_info, recursion_misses));
	if (r < 0)
		return r;
	m.recursion = prog.recursion_misses;
	memset(&link, 0, sizeof(link));
	/* an event without a link (see above) has no link info, and a shorter one leaves zeros */
	if (link_fd >= 0 && sys_info(link_fd, &link, sizeof(link)) == 0) {
		if (link.type == LINK_KPROBE_MULTI)
			m.missed = link.multi.missed;
		else if (link.type == LINK_PERF_EVENT && link.perf.type == PERF_EVENT_KPROBE)
			m.missed = link.perf.missed;
	}
	*out = m;
	return 0;
}
