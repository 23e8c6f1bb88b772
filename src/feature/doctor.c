// SPDX-License-Identifier: LGPL-2.1-or-later
/* retcon doctor: what it tells of, and where it looks. */
#include "feature/doctor.h"

#include <errno.h>
#include <string.h>

#include "feature/inject.h"
#include "kern/why.h"
#include "util/cleanup.h"

static const struct {
	const char *name, *use;
} rows[ROW_COUNT] = {
	[FEAT_KPROBE_MULTI] = { "kprobe.multi", "override at entry, many functions at once" },
	[FEAT_KPROBE] = { "kprobe", "override at entry, one function a probe" },
	[FEAT_FMOD_RET] = { "fmod_ret", "override by trampoline, listed functions" },
	[FEAT_FMOD_RET_SECURITY] = { "fmod_ret.security", "security_* hooks, which need no list" },
	[FEAT_FMOD_RET_SYSCALL] = { "fmod_ret.syscall", "system calls" },
	[FEAT_LSM] = { "lsm", "lsm:HOOK, as a security module" },
	[FEAT_KRETPROBE_MULTI] = { "kretprobe.multi", "replace after the call, many at once" },
	[FEAT_KRETPROBE] = { "kretprobe", "replace after the call" },
	[FEAT_FENTRY] = { "fentry", NULL },
	[FEAT_TASK_STORAGE] = { "task-storage", NULL },
	[FEAT_TASK_NEWTASK] = { "tp_btf", NULL },
	[FEAT_RINGBUF] = { "ringbuf", NULL },
	[FEAT_READ_KERNEL] = { "read-kernel", NULL },
	[FEAT_READ_USER] = { "read-user", NULL },
	[ROW_BTF] = { "btf", NULL },
	[ROW_LIST] = { "injection-list", NULL },
	[ROW_ADDRESSES] = { "addresses", NULL },
	[ROW_KMALLOC] = { "kmalloc", NULL },
	[ROW_BIO] = { "bio", NULL },
	[ROW_ALLOC_PAGE] = { "alloc_page", NULL },
};

unsigned int doctor_find(const char *name)
{
	unsigned int i = 0;

	while (i < ROW_COUNT && strcmp(rows[i].name, name) != 0)
		i++;
	return i;
}

const char *doctor_row_name(unsigned int row)
{
	return rows[row].name;
}

const char *doctor_row_use(unsigned int row)
{
	return rows[row].use;
}

static enum sight look_for(struct kern *k, const struct host *m, const char *func)
{
	const struct kbtf *btf;
	struct ksym sym = { 0 };
	uint32_t id;

	if (kern_btf(k, &btf, NULL) < 0)
		return SIGHT_NONE;
	if (kbtf_find(btf, BTF_KIND_FUNC, func, &id) < 0)
		return SIGHT_ABSENT;
	if (doctor_may_try(m) && kern_lookup(k, &func, 1, &sym, NULL) == 0 && !sym.addr)
		return SIGHT_ABSENT;
	return SIGHT_THERE;
}

void doctor_look(struct kern *k, struct doctor_facts *f)
{
	*f = (struct doctor_facts){ 0 };
	host_read(&f->host);
	for (unsigned int i = 0; i < FEAT_COUNT; i++)
		feat_ask(&f->feats, k, (enum feat)i);
	for (unsigned int i = 0; i < DOCTOR_MODES; i++) {
		const char *func = inject_mode(rows[ROW_KMALLOC + i].name, NULL)->target;

		f->mode_func[i] = look_for(k, &f->host, func);
		if (f->mode_func[i] == SIGHT_ABSENT && doctor_may_try(&f->host))
			why_clone(k, func, f->clone[i], sizeof(f->clone[i]));
	}
}

int doctor_run(const struct doctor_opts *o, struct buf *out, bool *works, struct err *err)
{
	_cleanup_(kern_freep) struct kern *k = NULL;
	struct doctor_facts facts;
	struct doctor d;
	uint32_t asked = 0;
	int ret;

	for (const char *const *n = o->names; n && *n; n++) {
		unsigned int row = doctor_find(*n);

		if (row == ROW_COUNT)
			return err_plain(err, -EINVAL, ERR_USAGE,
					 "'%.64s' is nothing retcon doctor tells of", *n);
		asked |= 1U << row;
	}
	ret = kern_live(&k, err);
	if (ret)
		return ret;
	doctor_look(k, &facts);
	doctor_judge(&d, &facts);
	if (o->json)
		doctor_json(&d, asked, out);
	else
		doctor_text(&d, asked, out);
	*works = doctor_works(&d, asked);
	host_free(&facts.host);
	return buf_err(out) < 0 ? err_nomem(err) : 0;
}
