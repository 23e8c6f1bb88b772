/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The running kernel's answers, held against what else it says. Skips without root. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "kern/config.h"
#include "kern/injectable.h"
#include "kern/sys.h"
#include "kern/tracepoint.h"
#include "kern/why.h"
#include "util/cleanup.h"
#include "util/limits.h"

static struct kern *kern;
static bool may_look_up;

static int setup(void **state)
{
	struct err err = { 0 };
	const char *name = "vfs_read";
	struct ksym found;

	(void)state;
	if (kern_live(&kern, &err) < 0)
		return -1;
	if (geteuid() != 0)
		print_message("# SKIP: looking up symbols takes root\n");
	else if (kern_lookup(kern, &name, 1, &found, &err) < 0)
		print_message("# SKIP: %s\n", err.msg);
	else
		may_look_up = true;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	kern_free(kern);
	return 0;
}

/* not skip(): "not ok # SKIP", as cmocka 1.1 writes it, is a failure to who reads TAP */
#define NEED_LOOKUP()                                                                              \
	do {                                                                                       \
		if (!may_look_up) {                                                                \
			print_message("# SKIP %s\n", __func__);                                    \
			return;                                                                    \
		}                                                                                  \
	} while (0)

/* the first symbol of that name, and the lowest address above it */
static void from_kallsyms(const char *name, uint64_t *addr, uint64_t *next)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/kallsyms", "re");
	unsigned long long a;
	char sym[513];
	char line[640];
	int pass;

	*addr = 0;
	*next = UINT64_MAX;
	assert_non_null(f);
	for (pass = 0; pass < 2; pass++) {
		rewind(f);
		while (fgets(line, sizeof(line), f)) {
			if (sscanf(line, "%llx %*c %512s", &a, sym) != 2)
				continue;
			if (pass == 0 && !*addr && strcmp(sym, name) == 0)
				*addr = a;
			if (pass == 1 && a > *addr && a < *next)
				*next = a;
		}
	}
}

static void lookup_agrees_with_kallsyms(void **state)
{
	const char *names[] = { "vfs_read", "tcp_v4_connect", "no_such_function_at_all", "",
				"kmem_cache_free" };
	struct err err = { 0 };
	struct ksym found[5];
	uint64_t addr, next;
	unsigned int i;

	(void)state;
	NEED_LOOKUP();
	assert_int_equal(kern_lookup(kern, names, 5, found, &err), 0);
	assert_true(found[0].addr && found[4].addr);
	assert_int_equal(found[2].addr, 0);
	assert_int_equal(found[3].addr, 0);
	for (i = 0; i < 5; i++) {
		if (!*names[i])
			continue;
		from_kallsyms(names[i], &addr, &next);
		assert_int_equal(found[i].addr, addr);
		if (addr)
			assert_int_equal(found[i].size, next - addr);
	}
}

/* without size and module, and the text of an earlier answer does not stay */
static void addresses_alone(void **state)
{
	const char *names[] = { "vfs_read", "no_such_function_at_all", "kmem_cache_free" };
	struct ksym found[3], whole[3];
	struct err err = { 0 };

	(void)state;
	NEED_LOOKUP();
	assert_int_equal(kern_lookup(kern, names, 3, whole, &err), 0);
	assert_int_equal(kern_lookup_addrs(kern, names, 3, found, &err), 0);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(found[i].addr, whole[i].addr);
		assert_int_equal(found[i].size, 0);
		assert_string_equal(found[i].module, "");
	}
	assert_int_equal(kern_lookup(kern, names, 3, found, &err), 0);
	assert_true(found[0].size && found[0].size == whole[0].size);
}

/* taken from the kernel's own list, and looked up one by one: the same */
static void injectable_addresses(void **state)
{
	const struct injectable *list;
	struct err err = { 0 };
	size_t n, step;

	(void)state;
	NEED_LOOKUP();
	if (kern_injectables(kern, true, &list, &n, &err) < 0) {
		print_message("# SKIP %s: %s\n", __func__, err.msg);
		return;
	}
	assert_true(n > 0);
	assert_int_equal(kern_injectable_addrs(kern, &err), 0);
	step = n / 50 + 1;
	for (size_t i = 0; i < n; i++) {
		char name[LIMIT_IDENT + KSYM_MODULE + 2];
		const char *names[] = { name };
		struct ksym found;

		assert_true(list[i].addr != 0);
		if (i % step && !list[i].module)
			continue;
		snprintf(name, sizeof(name), "%s%s%s", list[i].module ? list[i].module : "",
			 list[i].module ? ":" : "", list[i].name);
		assert_int_equal(kern_lookup(kern, names, 1, &found, &err), 0);
		assert_int_equal(found.addr, list[i].addr);
		assert_string_equal(found.module, list[i].module ? list[i].module : "");
	}
}

#define TEST_MODULE "retcon_test"

/* the module of tests/module, where it is loaded: in a guest */
static void module_types(void **state)
{
	const char *names[] = { "rt_mixed", TEST_MODULE ":rt_mixed", TEST_MODULE ":vfs_read",
				"nobody:rt_mixed" };
	const struct kbtf *base, *btf;
	struct err err = { 0 };
	struct kbtf_member m;
	struct kbtf_proto p;
	struct ksym found[4];
	uint32_t id;
	int fd = -1;

	(void)state;
	NEED_LOOKUP();
	if (access("/sys/kernel/btf/" TEST_MODULE, F_OK) < 0) {
		print_message("# SKIP %s: " TEST_MODULE " is not loaded\n", __func__);
		return;
	}
	assert_int_equal(kern_lookup(kern, names, 4, found, &err), 0);
	assert_true(found[0].addr && found[0].addr == found[1].addr);
	assert_string_equal(found[0].module, TEST_MODULE);
	assert_string_equal(found[1].module, TEST_MODULE);
	assert_true(!found[2].addr && !found[3].addr);
	assert_int_equal(kern_btf(kern, &base, &err), 0);
	assert_int_equal(kern_module_btf(kern, TEST_MODULE, &btf, &err), 0);
	assert_int_equal(kbtf_func(base, "rt_mixed", &p), -ENOENT);
	assert_int_equal(kbtf_func(btf, "rt_mixed", &p), 0);
	assert_int_equal(p.n_params, 6);
	assert_int_equal(kbtf_find(btf, BTF_KIND_STRUCT, "rt_object", &id), 0);
	assert_true(id > kbtf_count(base));
	/* a member whose type is the kernel's */
	assert_int_equal(kbtf_member(btf, id, "task", &m), 0);
	assert_int_equal(kbtf_find(base, BTF_KIND_STRUCT, "task_struct", &id), 0);
	assert_int_equal(kbtf_strip(btf, kbtf_type(btf, kbtf_strip(btf, m.type))->type), id);
	assert_int_equal(kern_module_btf_fd(kern, TEST_MODULE, &fd, &err), 0);
	assert_true(fd > 2);
}

static void unknown_module(void **state)
{
	const struct kbtf *btf;
	struct err err = { 0 };

	(void)state;
	if (kern_btf(kern, &btf, &err) < 0) {
		print_message("# SKIP %s: %s\n", __func__, err.msg);
		return;
	}
	assert_int_equal(kern_module_btf(kern, "no_such_module", &btf, &err), -ENOENT);
	assert_string_equal(err.msg, "no module 'no_such_module' is loaded");
}

static void long_names_are_unknown(void **state)
{
	const char *names[1];
	struct err err = { 0 };
	struct ksym found = { 1, 1, "m" };
	char name[600];

	(void)state;
	NEED_LOOKUP();
	memset(name, 'n', sizeof(name));
	name[511] = '\0';
	names[0] = name;
	assert_int_equal(kern_lookup(kern, names, 1, &found, &err), 0);
	assert_int_equal(found.addr, 0);
	name[511] = 'n';
	name[599] = '\0';
	assert_int_equal(kern_lookup(kern, names, 1, &found, &err), 0);
	assert_int_equal(found.addr, 0);
}

static void symbolizes(void **state)
{
	const char *name = "vfs_read";
	char text[4][KSYM_TEXT];
	struct err err = { 0 };
	struct ksym found;
	uint64_t addrs[4];

	(void)state;
	NEED_LOOKUP();
	assert_int_equal(kern_lookup(kern, &name, 1, &found, &err), 0);
	addrs[0] = found.addr + 0x11;
	addrs[1] = 0x1000;
	addrs[2] = found.addr;
	addrs[3] = UINT64_MAX;
	assert_int_equal(kern_symbolize(kern, addrs, 4, text, &err), 0);
	assert_string_equal(text[0], "vfs_read+0x11");
	assert_string_equal(text[1], "0x1000");
	assert_string_equal(text[2], "vfs_read+0x0");
	assert_string_equal(text[3], "0xffffffffffffffff");
}

static void reads_btf(void **state)
{
	const struct kbtf *btf, *again;
	struct kbtf_member m;
	struct kbtf_proto p;
	struct err err = { 0 };
	uint64_t mask;
	uint32_t id;
	int r = kern_btf(kern, &btf, &err);

	(void)state;
	if (r == -ENOENT) {
		print_message("# SKIP %s\n", err.msg);
		return;
	}
	assert_int_equal(r, 0);
	assert_int_equal(kern_btf(kern, &again, &err), 0);
	assert_ptr_equal(btf, again);
	assert_true(kbtf_count(btf) > 1000);
	assert_int_equal(kbtf_func(btf, "vfs_read", &p), 0);
	assert_int_equal(p.n_params, 4);
	assert_string_equal(kbtf_str(btf, p.params[2].name_off), "count");
	assert_int_equal(kbtf_find(btf, BTF_KIND_STRUCT, "task_struct", &id), 0);
	assert_int_equal(kbtf_member(btf, id, "comm", &m), 0);
	assert_int_equal(kern_gfp_nofail(kern, &mask, &err), 0);
	assert_true(mask && !(mask & (mask - 1)));
}

static void runs_maps(void **state)
{
	const struct sys_map m = { .name = "rc_test",
				   .type = BPF_MAP_TYPE_ARRAY,
				   .key_size = 4,
				   .value_size = 8,
				   .max_entries = 1,
				   .btf_fd = -1 };
	_cleanup_close_ int fd = -1;
	uint64_t in = 42, out = 0;
	uint32_t key = 0;

	(void)state;
	NEED_LOOKUP();
	fd = sys_map_create(&m);
	assert_true(fd >= 0);
	assert_int_equal(sys_map_update(fd, &key, &in, 0), 0);
	assert_int_equal(sys_map_lookup(fd, &key, &out), 0);
	assert_int_equal(out, 42);
	key = 1;
	assert_int_equal(sys_map_lookup(fd, &key, &out), -ENOENT);
	assert_int_equal(sys_map_freeze(fd), 0);
	key = 0;
	assert_int_equal(sys_map_update(fd, &key, &in, 0), -EPERM);
}

static void explains_with_words(void **state)
{
	static const int codes[] = { -EPERM, -EINVAL, -ENOENT, -EOPNOTSUPP };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct err err = { 0 };

		why_not_overridable(kern, "vfs_raed", codes[i], &err);
		assert_true(err.code < 0);
		assert_true(err.msg[0] != '\0');
		assert_true(err.tag == ERR_PERMISSION || err.tag == ERR_KERNEL_LACKS ||
			    err.tag == ERR_UNKNOWN_FUNCTION);
		err_clear(&err);
		why_not_traceable(kern, "vfs_raed", codes[i], &err);
		assert_true(err.code < 0);
		assert_true(err.n_notes > 0);
	}
}

/* in a child that is nobody, whoever runs this */
static void precheck_asks_for_root(void **state)
{
	int status = -1;
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		struct err err = { 0 };

		if (geteuid() == 0 && setuid(65534) < 0)
			_exit(2);
		_exit(why_precheck(&err) != -EPERM || err.tag != ERR_PERMISSION || !err.n_notes);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static int config_of(struct kconfig **c, const char *text)
{
	char path[] = "/tmp/retcon-config-XXXXXX";
	int fd = mkstemp(path);
	int r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	r = kconfig_file(c, path);
	unlink(path);
	return r;
}

#define CONFIG_BPF   "CONFIG_BPF_SYSCALL=y\nCONFIG_BPF_EVENTS=y\nCONFIG_BPF_JIT=y\n"
#define CONFIG_PROBE "CONFIG_KPROBES=y\nCONFIG_FUNCTION_ERROR_INJECTION=y\n"
#define CONFIG_OVER  "CONFIG_BPF_KPROBE_OVERRIDE=y\n"
#define CONFIG_DIR   "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS=y\n"
#define CONFIG_BTF   "CONFIG_DEBUG_INFO_BTF=y\n"

static void names_missing_options(void **state)
{
	static const struct {
		const char *text;
		enum why_wish wish;
		const char *lacks; /* NULL: nothing */
	} cases[] = {
		{ CONFIG_BPF CONFIG_PROBE CONFIG_OVER, WHY_OVERRIDE, NULL },
		{ CONFIG_BPF CONFIG_DIR CONFIG_BTF, WHY_TRACE, NULL },
		{ CONFIG_BPF "# CONFIG_KPROBES is not set\n", WHY_OVERRIDE,
		  "CONFIG_KPROBES, CONFIG_FUNCTION_ERROR_INJECTION, CONFIG_BPF_KPROBE_OVERRIDE" },
		{ CONFIG_BPF CONFIG_PROBE "# CONFIG_BPF_KPROBE_OVERRIDE is not set\n", WHY_OVERRIDE,
		  "CONFIG_BPF_KPROBE_OVERRIDE" },
		{ CONFIG_BPF CONFIG_DIR, WHY_TRACE, "CONFIG_DEBUG_INFO_BTF" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_(kconfig_freep) struct kconfig *c = NULL;
		struct err err = { 0 };
		char wanted[256];

		assert_int_equal(config_of(&c, cases[i].text), 0);
		assert_int_equal(why_not_built(c, cases[i].wish, &err), cases[i].lacks != NULL);
		if (!cases[i].lacks) {
			assert_int_equal(err.code, 0);
			continue;
		}
		snprintf(wanted, sizeof(wanted),
			 "this kernel cannot %s functions: it was built without %s",
			 cases[i].wish == WHY_TRACE ? "trace" : "override", cases[i].lacks);
		assert_string_equal(err.msg, wanted);
		assert_int_equal(err.code, -EOPNOTSUPP);
		assert_int_equal(err.tag, ERR_KERNEL_LACKS);
		assert_non_null(strstr(err.note[0].msg, "retcon vm"));
	}
}

static void tells_of_missing_helpers(void **state)
{
	static const struct {
		const char *text, *helper; /* NULL: it is about something else */
	} cases[] = {
		{ "unknown func bpf_override_return#58", "bpf_override_return" },
		{ "program of this type cannot use helper bpf_override_return#58",
		  "bpf_override_return" },
		{ "unknown func bpf_x", "bpf_x" },
		{ "unknown func #7", NULL },
		{ "unknown func ", NULL },
		{ "R1 type=scalar expected=fp", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct str complaint = { cases[i].text, strlen(cases[i].text) };
		struct err err = { 0 };

		assert_int_equal(why_no_helper(complaint, &err), cases[i].helper != NULL);
		if (!cases[i].helper) {
			assert_int_equal(err.code, 0);
			continue;
		}
		assert_int_equal(err.tag, ERR_KERNEL_LACKS);
		assert_non_null(strstr(err.msg, cases[i].helper));
		assert_null(strchr(err.msg, '#'));
		assert_non_null(strstr(err.note[0].msg, "retcon vm"));
	}
}

static int lacks_btf(void *ctx, void **data, size_t *len, bool *unmap, struct err *err)
{
	(void)ctx;
	(void)data;
	(void)len;
	(void)unmap;
	(void)err;
	return -ENOENT;
}

static void tells_of_no_btf(void **state)
{
	static const struct kern_ops ops = { .read_btf = lacks_btf };
	_cleanup_(kern_freep) struct kern *k = NULL;
	const struct kbtf *btf;
	struct err err = { 0 };
	uint64_t mask;

	(void)state;
	assert_int_equal(kern_new(&k, &ops, NULL, &err), 0);
	assert_int_equal(kern_btf(k, &btf, &err), -ENOENT);
	assert_int_equal(err.tag, ERR_KERNEL_LACKS);
	assert_string_equal(err.msg, "this kernel has no BTF: no /sys/kernel/btf/vmlinux");
	assert_non_null(strstr(err.note[0].msg, "CONFIG_DEBUG_INFO_BTF=y"));
	assert_int_equal(kern_gfp_nofail(k, &mask, NULL), -ENOENT);
}

static void configuration(void **state)
{
	static const char text[] = "CONFIG_FIRST=y\n# CONFIG_KPROBES is not set\n"
				   "CONFIG_KPROBES_ON_FTRACE=y\nCONFIG_MODULAR=m\n"
				   "CONFIG_NAME=\"\"\nCONFIG_HZ=250";
	_cleanup_(kconfig_freep) struct kconfig *c = NULL;

	(void)state;
	assert_int_equal(config_of(&c, text), 0);
	assert_int_equal(kconfig_get(c, "FIRST"), KCONFIG_YES);
	assert_int_equal(kconfig_get(c, "KPROBES"), KCONFIG_NO);
	assert_int_equal(kconfig_get(c, "KPROBES_ON_FTRACE"), KCONFIG_YES);
	assert_int_equal(kconfig_get(c, "MODULAR"), KCONFIG_MODULE);
	assert_int_equal(kconfig_get(c, "NAME"), KCONFIG_YES);
	assert_int_equal(kconfig_get(c, "HZ"), KCONFIG_YES);
	assert_int_equal(kconfig_get(c, "H"), KCONFIG_NO);
	kconfig_freep(&c);
	c = NULL;
	assert_int_equal(kconfig_file(&c, "/dev/null"), -EINVAL);
	assert_int_equal(kconfig_file(&c, "/dev/zero"), -E2BIG);
	assert_int_equal(kconfig_file(&c, "/no/such/config"), -ENOENT);
}

/* or it says what is missing: rights, or tracefs */
static void tracepoints(void **state)
{
	struct tracepoint t = { 0 };
	struct err err = { 0 };
	int r = kern_tracepoint(kern, "sched", "sched_process_fork", &t, &err);

	(void)state;
	if (r == 0) {
		assert_non_null(tracepoint_find(&t, "parent_pid"));
		tracepoint_free(&t);
		return;
	}
	assert_true(r == -EACCES || r == -ENODEV);
	assert_int_equal(err.code, r);
	assert_int_equal(err.n_notes, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_btf),
		cmocka_unit_test(lookup_agrees_with_kallsyms),
		cmocka_unit_test(addresses_alone),
		cmocka_unit_test(injectable_addresses),
		cmocka_unit_test(module_types),
		cmocka_unit_test(unknown_module),
		cmocka_unit_test(long_names_are_unknown),
		cmocka_unit_test(symbolizes),
		cmocka_unit_test(runs_maps),
		cmocka_unit_test(explains_with_words),
		cmocka_unit_test(precheck_asks_for_root),
		cmocka_unit_test(configuration),
		cmocka_unit_test(names_missing_options),
		cmocka_unit_test(tells_of_missing_helpers),
		cmocka_unit_test(tells_of_no_btf),
		cmocka_unit_test(tracepoints),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
