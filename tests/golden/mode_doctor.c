/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * %mode doctor: what `retcon doctor` makes of facts that are made up. All is well but for:
 *
 *	is: WORD...	uid=N, capless, userns, container, seccomp, ftrace-off, kprobes-off, hidden,
 *			kptr=N, no-btf, no-list, no-debugfs, no-securityfs, no-config
 *	kernel: RELEASE
 *	lacks: OPTION...	it was built without
 *	lockdown: LEVEL, or unknown
 *	lsm: LIST	active security modules; nothing: not known
 *	says: NAME=ERRNO[+]...	the kernel refuses the program, or (+) to attach it
 *	gone: FUNCTION...	the kernel has no such function
 *	cloned: FUNCTION...	but what the compiler left of it
 *	asks: NAME...	what the command was asked for
 *	json: yes
 *
 * Empty lines are left out, as they end a block; the exit code comes last.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feature/doctor.h"
#include "feature/inject.h"
#include "golden.h"
#include "util/cleanup.h"
#include "util/errno_names.h"
#include "util/str.h"

/* whether the words of `list` have it */
static bool has(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; at && (at = strstr(at, word)); at += len)
		if ((at == list || at[-1] == ' ') && (!at[len] || at[len] == ' '))
			return true;
	return false;
}

/* N of a word name=N; other if there is none */
static unsigned int number(const char *list, const char *name, unsigned int other)
{
	const char *at = list ? strstr(list, name) : NULL;

	return at ? (unsigned int)strtoul(at + strlen(name), NULL, 10) : other;
}

static void put_option(struct buf *config, const char *lacks, const char *option)
{
	if (!has(lacks, option))
		buf_printf(config, "CONFIG_%s=y\n", option);
}

static struct kconfig *make_config(const char *lacks)
{
	static const char *const others[] = { "FAILSLAB", "FAIL_PAGE_ALLOC", "BLOCK" };
	_cleanup_buf_ struct buf config = { 0 };
	struct kconfig *c = NULL;

	for (unsigned int i = 0; i < FEAT_COUNT; i++)
		for (const char *const *o = feat_needs((enum feat)i); *o; o++)
			put_option(&config, lacks, *o);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		put_option(&config, lacks, others[i]);
	return kconfig_text(&c, buf_str(&config)) ? NULL : c;
}

static enum lockdown lockdown_of(const char *word)
{
	if (!word || !strcmp(word, "none"))
		return LOCKDOWN_NONE;
	if (!strcmp(word, "integrity"))
		return LOCKDOWN_INTEGRITY;
	return !strcmp(word, "confidentiality") ? LOCKDOWN_CONFIDENTIALITY : LOCKDOWN_UNKNOWN;
}

static void make_host(const struct golden_input *in, struct host *m)
{
	const char *is = golden_get(in, "is"), *kernel = golden_get(in, "kernel");
	const char *lsm = golden_get(in, "lsm"), *lacks = golden_get(in, "lacks");

	*m = (struct host){
		.arch = "x86_64",
		.uid = number(is, "uid=", 0),
		.caps = has(is, "capless") ? 0 : UINT64_MAX,
		.user_ns = has(is, "userns"),
		.container = has(is, "container"),
		.seccomp = has(is, "seccomp"),
		.lockdown = lockdown_of(golden_get(in, "lockdown")),
		.kptr_restrict = (int)number(is, "kptr=", 0),
		.ftrace_off = has(is, "ftrace-off"),
		.kprobes_off = has(is, "kprobes-off"),
		.no_debugfs = has(is, "no-debugfs"),
		.no_securityfs = has(is, "no-securityfs"),
		.btf_bytes = has(is, "no-btf") ? 0 : 3 << 20,
		.list = has(is, "no-list") ? SIGHT_NONE : SIGHT_THERE,
		.addresses = has(is, "hidden") ? SIGHT_ABSENT : SIGHT_THERE,
	};
	str_copy(m->release, sizeof(m->release), kernel ? kernel : "6.12.0");
	str_copy(m->lsms, sizeof(m->lsms), lsm ? lsm : "lockdown,bpf");
	if (!has(is, "no-config")) {
		m->config = make_config(lacks);
		str_copy(m->config_path, sizeof(m->config_path), "/proc/config.gz");
	}
}

/* "lsm=EPERM+" */
static void take_saying(struct doctor_facts *f, const char *word)
{
	const char *equals = strchr(word, '=');
	char name[64], code[64];
	unsigned int row;

	if (!equals)
		return;
	snprintf(name, sizeof(name), "%.*s", (int)(equals - word), word);
	snprintf(code, sizeof(code), "%.*s", (int)strcspn(equals + 1, " +"), equals + 1);
	row = doctor_find(name);
	for (int i = 1; row < FEAT_COUNT && i < 200; i++)
		if (errno_name(-i) && !strcmp(errno_name(-i), code))
			f->feats.of[row] = (struct feat_result){ FEAT_NO, -i,
								 equals[1 + strlen(code)] == '+' };
}

static void make_facts(const struct golden_input *in, struct doctor_facts *f)
{
	const char *says = golden_get(in, "says");

	make_host(in, &f->host);
	for (unsigned int i = 0; i < FEAT_COUNT; i++)
		f->feats.of[i].answer = FEAT_YES;
	while (says && *says) {
		take_saying(f, says);
		says += strcspn(says, " ");
		says += strspn(says, " ");
	}
	for (unsigned int i = 0; i < DOCTOR_MODES; i++) {
		const char *mode = doctor_row_name(ROW_KMALLOC + i);
		const char *func = inject_mode(mode, NULL)->target;
		bool cloned = has(golden_get(in, "cloned"), func);
		bool gone = cloned || has(golden_get(in, "gone"), func);

		f->mode_func[i] = gone ? SIGHT_ABSENT : SIGHT_THERE;
		if (cloned)
			snprintf(f->clone[i], sizeof(f->clone[i]), "%s.constprop.0", func);
	}
}

static uint32_t asked_for(const char *names)
{
	uint32_t bits = 0;

	for (unsigned int i = 0; names && i < ROW_COUNT; i++)
		if (has(names, doctor_row_name(i)))
			bits |= 1U << i;
	return bits;
}

void golden_doctor(const struct golden_input *in, struct buf *out)
{
	uint32_t asked = asked_for(golden_get(in, "asks"));
	_cleanup_buf_ struct buf text = { 0 };
	struct doctor_facts facts = { 0 };
	struct doctor d;

	make_facts(in, &facts);
	doctor_judge(&d, &facts);
	if (golden_get(in, "json"))
		doctor_json(&d, asked, &text);
	else
		doctor_text(&d, asked, &text);
	for (const char *at = buf_str(&text); *at;) {
		size_t len = strcspn(at, "\n") + 1;

		if (len > 1)
			buf_add(out, at, len);
		at += len;
	}
	buf_printf(out, "exit %d\n", doctor_works(&d, asked) ? 0 : 3);
	host_free(&facts.host);
}
