// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is listed, what is said of it, and how it looks, on the fixture's kernel. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_kern.h"
#include "feature/list.h"
#include "json_check.h"
#include "kern/config.h"
#include "util/cleanup.h"
#include "util/str.h"

/* The fixture's kernel, with hooks, and a list, and clones, of the test's own. */
struct kernel {
	struct kern *fixture;
	const char *list;  /* NULL: there is none */
	const char *clone; /* a symbol that is there as well */
	bool modules;	   /* hooks are not in BTF then: the module does not continue that */
	bool no_btf, no_tracepoints, no_rights;
};

static int read_btf(void *ctx, void **data, size_t *len, bool *unmap, struct err *err)
{
	struct kernel *t = ctx;

	(void)err;
	*unmap = false;
	if (t->no_btf)
		return -ENOENT;
	return fake_kern_slurp(t->modules ? fake_kern_path() : fake_kern_hooks_path(), data, len);
}

static int read_module_btf(void *ctx, const char *module, void **data, size_t *len, bool *unmap,
			   struct err *err)
{
	struct kernel *t = ctx;

	*unmap = false;
	if (!t->modules || strcmp(module, FAKE_MODULE) != 0)
		return err_plain(err, -ENOENT, ERR_KERNEL_LACKS, "no such module");
	return fake_kern_slurp(fake_kern_module_path(), data, len);
}

static int lookup(void *ctx, const char *const *names, unsigned int n, bool only_addr,
		  struct ksym *found, struct err *err)
{
	struct kernel *t = ctx;
	int r;

	if (t->no_rights)
		return err_plain(err, -EPERM, ERR_PERMISSION, "no rights");
	r = only_addr ? kern_lookup_addrs(t->fixture, names, n, found, err)
		      : kern_lookup(t->fixture, names, n, found, err);
	for (unsigned int i = 0; t->clone && i < n; i++)
		if (strcmp(names[i], t->clone) == 0)
			found[i].addr = 1;
	return r;
}

static int event_format(void *ctx, const char *category, const char *event, char **text,
			struct err *err)
{
	struct kernel *t = ctx;

	return t->no_tracepoints ? -ENOENT
				 : kern_event_format(t->fixture, category, event, text, err);
}

static int injection_list(void *ctx, char **text, struct err *err)
{
	struct kernel *t = ctx;

	if (!t->list)
		return err_plain(err, -ENOENT, ERR_KERNEL_LACKS, "there is no list");
	*text = strdup(t->list);
	return *text ? 0 : err_nomem(err);
}

static const struct kern_ops ops = {
	.read_btf = read_btf,
	.read_module_btf = read_module_btf,
	.lookup = lookup,
	.event_format = event_format,
	.injection_list = injection_list,
};

static struct kern *fixture;

static int setup(void **state)
{
	struct err err = { 0 };

	(void)state;
	return fake_kern(&fixture, NULL, &err);
}

static int teardown(void **state)
{
	(void)state;
	kern_free(fixture);
	return 0;
}

/* both of it; freed by list_free() and buf_free() */
struct result {
	struct kern *k;
	struct list l;
	struct buf text;
	struct err err;
	int ret;
};

static struct result list(struct kernel *t, const struct host *host, const struct list_opts *opts)
{
	static const struct host nothing;
	struct result r = { .ret = 0 };

	t->fixture = fixture;
	assert_int_equal(kern_new(&r.k, &ops, t, &r.err), 0);
	r.ret = list_collect(&r.l, r.k, host ? host : &nothing, opts, &r.err);
	if (r.ret == 0)
		list_print(&r.l, opts, &r.text);
	return r;
}

static void result_free(struct result *r)
{
	list_free(&r->l);
	buf_free(&r->text);
	kern_free(r->k);
}

static const char usual[] = "__ia32_compat_sys_openat\tERRNO\n"
			    "__ia32_sys_openat\tERRNO\n"
			    "__x64_sys_openat\tERRNO\n"
			    "__ia32_compat_sys_old_select\tERRNO\n"
			    "__do_sys_getpid\tERRNO\n"
			    "__do_sys_getpid\tERRNO\n"
			    "__x64_sys_exit_group\tERRNO\n"
			    "__do_sys_ni_syscall\tERRNO\n"
			    "should_failslab\tERRNO\n"
			    "should_fail_alloc_page\tTRUE\n"
			    "many_args\tERRNO\n"
			    "struct_by_value\tERRNO\n"
			    "big_by_value\tERRNO\n"
			    "u64_fn\tERRNO_NULL\n"
			    "not_in_btf\tNULL\n"
			    "mod_fail [" FAKE_MODULE "]\tERRNO\n"
			    "six_args [" FAKE_MODULE "]\tERRNO\n"
			    "vfs_read [" FAKE_MODULE "]\tERRNO\n"
			    "lost [gone_mod]\tERRNO\n";

static void as_a_table(void **state)
{
	static const char wanted[] =
		"TARGET                        TYPE        ENGINES  PROTOTYPE\n"
		"__do_sys_ni_syscall           ERRNO       -\n"
		"  warning: stands for every number without a call: no probe attaches\n"
		"  warning: not in BTF: conditions cannot name its parameters\n"
		"big_by_value                  ERRNO       mk       int (struct big b, int behind)\n"
		"many_args                     ERRNO       mk       int (int a, int b, int c, ...)\n"
		"not_in_btf                    NULL        mk\n"
		"  warning: not in BTF: conditions cannot name its parameters\n"
		"should_fail_alloc_page        TRUE        mkf      bool (gfp_t gfp_mask, ...)\n"
		"should_failslab               ERRNO       mkf      int (struct kmem_cache *s, ...)\n"
		"struct_by_value               ERRNO       mkf      int (struct small s, int behind)\n"
		"u64_fn                        ERRNO_NULL  mkf      u64 (u64 u, __be32 b)\n"
		"fake_mod:mod_fail             ERRNO       mkf      int (...)\n"
		"fake_mod:six_args             ERRNO       mkf      long (struct mod_object *object)\n"
		"fake_mod:vfs_read             ERRNO       mk\n"
		"  warning: not in BTF: conditions cannot name its parameters\n"
		"gone_mod:lost                 ERRNO       mk\n"
		"  warning: not in BTF: conditions cannot name its parameters\n"
		"syscall:exit_group            ERRNO       -\n"
		"  warning: never returns: it is not overridden\n"
		"  warning: 32-bit programs only, if any\n"
		"syscall:getpid                ERRNO       mkf      long (void)\n"
		"__ia32_compat_sys_old_select  ERRNO       mk       (32-bit programs only, if any)\n"
		"syscall:openat                ERRNO       mkf      long (int dfd, ...)\n"
		"\n"
		"12 functions, 4 system calls; engines: m kprobe.multi, k kprobe, f fmod_ret\n";
	const struct list_opts opts = { .width = 84 };
	struct kernel t = { .list = usual, .modules = true };
	struct result r = list(&t, NULL, &opts);

	(void)state;
	assert_int_equal(r.ret, 0);
	assert_string_equal(buf_str(&r.text), wanted);
	assert_string_equal(buf_str(&r.l.notes), "");
	result_free(&r);
}

static void prototypes_are_cut_to_fit(void **state)
{
	static const struct {
		unsigned int width;
		const char *tail;
	} rows[] = {
		{ 0, "long (int dfd, const char *filename, int flags, umode_t mode)" },
		{ 93, "long (int dfd, const char *filename, int flags, umode_t mode)" },
		{ 92, "long (int dfd, const char *filename, int flags, ...)" },
		{ 84, "long (int dfd, const char *filename, int flags, ...)" },
		{ 83, "long (int dfd, const char *filename, ...)" },
		{ 51, "long (int dfd, ...)" },
		{ 50, "long (...)" },
		{ 1, "long (...)" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct list_opts opts = { .width = rows[i].width, .glob = "openat" };
		struct kernel t = { .list = usual };
		struct result r = list(&t, NULL, &opts);
		char line[128];

		assert_int_equal(r.ret, 0);
		snprintf(line, sizeof(line), "\nsyscall:openat  ERRNO  mkf      %s\n",
			 rows[i].tail);
		if (!strstr(buf_str(&r.text), line))
			fail_msg("width %u:\n%s", rows[i].width, buf_str(&r.text));
		result_free(&r);
	}
}

static void as_json(void **state)
{
	static const char wanted[] =
		"{\"target\":\"syscall:openat\",\"kind\":\"syscall\",\"function\":\"__x64_sys_openat\","
		"\"module\":null,\"error_type\":\"ERRNO\",\"prototype\":\"long (int dfd, const char "
		"*filename, int flags, umode_t mode)\",\"engines\":[\"kprobe.multi\",\"kprobe\","
		"\"fmod_ret\"],\"warnings\":[]}\n"
		"{\"target\":\"security_file_open\",\"kind\":\"security\",\"function\":"
		"\"security_file_open\",\"module\":null,\"error_type\":null,\"prototype\":\"int (struct "
		"file *file)\",\"engines\":[\"fmod_ret\"],\"warnings\":[]}\n"
		"{\"target\":\"lsm:file_open\",\"kind\":\"lsm\",\"function\":\"bpf_lsm_file_open\","
		"\"module\":null,\"error_type\":null,\"prototype\":\"int (struct file *file)\","
		"\"engines\":[\"lsm\"],\"warnings\":[]}\n";
	const struct list_opts opts = { .json = true, .glob = "*open*", .width = 60 };
	struct kernel t = { .list = usual };
	struct result r = list(&t, NULL, &opts);
	char *line, *save = NULL;

	(void)state;
	assert_int_equal(r.ret, 0);
	assert_string_equal(buf_str(&r.text), wanted);
	for (line = strtok_r(r.text.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		assert_true(json_check(line));
	result_free(&r);
}

/* by target, by the kernel's name, and by the name alone; hooks are for those who ask */
static void globs(void **state)
{
	static const struct {
		const char *glob;
		bool all;
		unsigned int n[LIST_KINDS];
	} rows[] = {
		{ NULL, false, { 12, 4, 0, 0 } },
		{ NULL, true, { 12, 4, 2, 1 } },
		{ "*", false, { 12, 4, 2, 1 } },
		{ "openat", false, { 0, 1, 0, 0 } },
		{ "syscall:*", false, { 0, 3, 0, 0 } },
		{ "__x64_sys_openat", false, { 0, 1, 0, 0 } },
		{ "*sys_*", false, { 1, 4, 0, 0 } },
		{ "should_fail*", false, { 2, 0, 0, 0 } },
		{ "six_args", false, { 1, 0, 0, 0 } },
		{ FAKE_MODULE ":*", false, { 3, 0, 0, 0 } },
		{ "security_*", false, { 0, 0, 2, 0 } },
		{ "lsm:*", false, { 0, 0, 0, 1 } },
		{ "file_open", false, { 0, 0, 0, 1 } },
		{ "many_arg[rs]", false, { 1, 0, 0, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct list_opts opts = { .glob = rows[i].glob, .all = rows[i].all };
		struct kernel t = { .list = usual };
		struct result r = list(&t, NULL, &opts);
		unsigned int n[LIST_KINDS] = { 0 };

		assert_int_equal(r.ret, 0);
		for (size_t j = 0; j < r.l.n; j++)
			n[r.l.entry[j].kind]++;
		assert_memory_equal(n, rows[i].n, sizeof(n));
		result_free(&r);
	}
}

static void nothing_matches(void **state)
{
	static const struct {
		const char *glob, *near;
	} rows[] = {
		{ "should_failslap", "did you mean 'should_failslab'?" },
		{ "opennat", "did you mean 'syscall:openat'?" },
		{ "syscall:opennat", "did you mean 'syscall:openat'?" },
		{ "security_file_opne", "did you mean 'security_file_open'?" },
		{ "*failslap*", NULL },
		{ "quite_another", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct list_opts opts = { .glob = rows[i].glob };
		struct kernel t = { .list = usual };
		struct result r = list(&t, NULL, &opts);

		assert_int_equal(r.ret, -ENOENT);
		assert_int_equal(r.err.tag, ERR_UNKNOWN_FUNCTION);
		assert_non_null(strstr(r.err.msg, rows[i].glob));
		assert_int_equal(r.err.n_notes, rows[i].near ? 1 : 0);
		if (rows[i].near)
			assert_string_equal(r.err.note[0].msg, rows[i].near);
		result_free(&r);
	}
}

/* hooks need none; what else there is, nobody knows */
static void without_a_list(void **state)
{
	const struct list_opts hooks = { .glob = "security_*" }, all = { .all = true };
	const struct list_opts other = { .glob = "should_*" }, usual_opts = { .glob = NULL };
	const struct list_opts *const cannot[] = { &other, &usual_opts };
	struct kernel t = { .list = NULL };
	struct result r = list(&t, NULL, &hooks);

	(void)state;
	assert_int_equal(r.ret, 0);
	assert_int_equal(r.l.n, 2);
	assert_string_equal(buf_str(&r.l.notes), "only hooks are shown: there is no list\n");
	result_free(&r);
	r = list(&t, NULL, &all);
	assert_int_equal(r.ret, 0);
	assert_int_equal(r.l.n, 3);
	result_free(&r);
	for (unsigned int i = 0; i < 2; i++) {
		r = list(&t, NULL, cannot[i]);
		assert_int_equal(r.ret, -ENOENT);
		assert_int_equal(r.err.tag, ERR_KERNEL_LACKS);
		assert_string_equal(r.err.msg, "there is no list");
		assert_non_null(strstr(r.err.note[0].msg, "--all"));
		result_free(&r);
	}
	/* and no hooks either */
	t.no_btf = true;
	r = list(&t, NULL, &all);
	assert_int_equal(r.ret, -ENOENT);
	assert_int_equal(r.err.n_notes, 0);
	result_free(&r);
}

static void without_btf(void **state)
{
	const struct list_opts opts = { .glob = NULL };
	struct kernel t = { .list = "should_failslab\tERRNO\n__x64_sys_openat\tERRNO\n",
			    .no_btf = true };
	struct result r = list(&t, NULL, &opts);

	(void)state;
	assert_int_equal(r.ret, 0);
	assert_int_equal(r.l.n, 2);
	assert_null(r.l.entry[0].prototype);
	assert_int_equal(r.l.entry[0].engines, LIST_KPROBE_MULTI | LIST_KPROBE);
	assert_int_equal(r.l.entry[0].n_warnings, 1);
	assert_non_null(r.l.entry[1].prototype); /* of the tracepoint */
	result_free(&r);
}

static void without_tracepoints(void **state)
{
	const struct list_opts opts = { .glob = "syscall:*" };
	struct kernel t = { .list = usual, .no_tracepoints = true };
	struct result r = list(&t, NULL, &opts);

	(void)state;
	assert_int_equal(r.ret, 0);
	assert_int_equal(r.l.n, 3);
	assert_non_null(strstr(buf_str(&r.l.notes), "tracepoints cannot be read"));
	assert_string_equal(r.l.entry[2].target, "syscall:openat");
	assert_null(r.l.entry[2].prototype);
	assert_int_equal(r.l.entry[2].n_warnings, 0);
	result_free(&r);
}

static void clones(void **state)
{
	static const struct {
		const char *clone, *glob;
		bool warned;
	} rows[] = {
		{ "should_failslab.constprop.0", "should_failslab", true },
		{ "should_failslab.isra.0", "should_failslab", true },
		{ "should_failslab.part.0.constprop.0", "should_failslab", true },
		{ "security_file_open.part.0", "security_file_open", true },
		{ "should_failslab.cold", "should_failslab", false },
		{ "should_fail_alloc_page.isra.0", "should_failslab", false },
		{ "bpf_lsm_file_open.isra.0", "lsm:file_open", false },
		{ "__x64_sys_openat.isra.0", "syscall:openat", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct list_opts opts = { .glob = rows[i].glob };
		struct kernel t = { .list = usual, .clone = rows[i].clone };
		struct result r = list(&t, NULL, &opts);

		assert_int_equal(r.ret, 0);
		assert_int_equal(r.l.n, 1);
		assert_int_equal(r.l.entry[0].n_warnings, rows[i].warned);
		if (rows[i].warned)
			assert_non_null(strstr(r.l.entry[0].warnings[0], rows[i].clone));
		result_free(&r);
		t.no_rights = true;
		r = list(&t, NULL, &opts);
		assert_int_equal(r.ret, 0);
		assert_int_equal(r.l.entry[0].n_warnings, 0);
		result_free(&r);
	}
}

static void as_the_kernel_was_built(void **state)
{
	static const struct {
		const char *config, *glob;
		unsigned int engines;
		const char *warning, *note; /* parts of them */
	} rows[] = {
		{ "CONFIG_BPF_KPROBE_OVERRIDE=y\nCONFIG_FPROBE=y\n", "should_failslab",
		  LIST_KPROBE_MULTI | LIST_KPROBE | LIST_FMOD_RET, NULL, NULL },
		{ "CONFIG_BPF_KPROBE_OVERRIDE=y\n", "should_failslab", LIST_KPROBE | LIST_FMOD_RET,
		  NULL, NULL },
		{ "CONFIG_FPROBE=y\n", "should_failslab", LIST_FMOD_RET, NULL,
		  "CONFIG_BPF_KPROBE_OVERRIDE" },
		{ "CONFIG_FPROBE=y\n", "security_file_open", LIST_FMOD_RET, NULL, NULL },
		{ "CONFIG_BPF_LSM=y\n", "lsm:file_open", LIST_BY_LSM, NULL, NULL },
		{ "CONFIG_FPROBE=y\n", "lsm:file_open", 0, NULL, NULL },
		{ "CONFIG_BPF_KPROBE_OVERRIDE=y\nCONFIG_SLOB=y\n", "should_failslab",
		  LIST_KPROBE | LIST_FMOD_RET, "never called", NULL },
		{ "CONFIG_BPF_KPROBE_OVERRIDE=y\n", "should_fail_bio", LIST_KPROBE | LIST_FMOD_RET,
		  "perhaps never called", NULL },
		{ "CONFIG_BPF_KPROBE_OVERRIDE=y\nCONFIG_FAIL_MAKE_REQUEST=y\n", "should_fail_bio",
		  LIST_KPROBE | LIST_FMOD_RET, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_(host_free) struct host host = { .uid = 0 };
		const struct list_opts opts = { .glob = rows[i].glob };
		struct kernel t = { .list = "should_failslab\tERRNO\nshould_fail_bio\tERRNO\n" };
		struct result r;

		assert_int_equal(kconfig_text(&host.config, rows[i].config), 0);
		r = list(&t, &host, &opts);

		assert_int_equal(r.ret, 0);
		assert_int_equal(r.l.n, 1);
		assert_int_equal(r.l.entry[0].engines, rows[i].engines);
		assert_int_equal(r.l.entry[0].n_warnings, rows[i].warning != NULL);
		if (rows[i].warning)
			assert_non_null(strstr(r.l.entry[0].warnings[0], rows[i].warning));
		if (rows[i].note)
			assert_non_null(strstr(buf_str(&r.l.notes), rows[i].note));
		else
			assert_string_equal(buf_str(&r.l.notes), "");
		result_free(&r);
	}
}

static void inactive_security_modules(void **state)
{
	static const struct {
		const char *lsms, *glob;
		bool noted;
	} rows[] = {
		{ "lockdown,yama", "lsm:*", true },
		{ "lockdown,bpf,yama", "lsm:*", false },
		{ "bpf", "lsm:*", false },
		{ "bpfilter", "lsm:*", true },
		{ "", "lsm:*", false },
		{ "lockdown,yama", "security_*", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct host host = { .uid = 0 };
		const struct list_opts opts = { .glob = rows[i].glob };
		struct kernel t = { .list = usual };
		struct result r;

		str_copy(host.lsms, sizeof(host.lsms), rows[i].lsms);
		r = list(&t, &host, &opts);
		assert_int_equal(r.ret, 0);
		assert_int_equal(strstr(buf_str(&r.l.notes), "bpf is not among") != NULL,
				 rows[i].noted);
		result_free(&r);
	}
}

/* void ones decide nothing, and what does not fit into registers no trampoline takes */
static void hooks(void **state)
{
	const struct list_opts opts = { .glob = "security_*" };
	struct kernel t = { .list = usual };
	struct result r = list(&t, NULL, &opts);

	(void)state;
	assert_int_equal(r.ret, 0);
	assert_int_equal(r.l.n, 2);
	assert_string_equal(r.l.entry[0].target, "security_file_open");
	assert_int_equal(r.l.entry[0].engines, LIST_FMOD_RET);
	assert_string_equal(r.l.entry[1].target, "security_many");
	assert_int_equal(r.l.entry[1].engines, 0);
	result_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_a_table),
		cmocka_unit_test(prototypes_are_cut_to_fit),
		cmocka_unit_test(as_json),
		cmocka_unit_test(globs),
		cmocka_unit_test(nothing_matches),
		cmocka_unit_test(without_a_list),
		cmocka_unit_test(without_btf),
		cmocka_unit_test(without_tracepoints),
		cmocka_unit_test(clones),
		cmocka_unit_test(as_the_kernel_was_built),
		cmocka_unit_test(inactive_security_modules),
		cmocka_unit_test(hooks),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
