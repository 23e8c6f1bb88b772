// SPDX-License-Identifier: LGPL-2.1-or-later
/* What holds whatever the facts are; the texts themselves are in tests/golden/doctor. */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "feature/doctor.h"
#include "tests/lib/json_check.h"
#include "util/cleanup.h"

#define ROUNDS 3000

static uint32_t seed = 1;

static unsigned int any(unsigned int n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static struct kconfig *any_config(void)
{
	_cleanup_buf_ struct buf text = { 0 };
	struct kconfig *c = NULL;

	buf_puts(&text, "CONFIG_BPF_SYSCALL=y\n");
	for (unsigned int i = 0; i < FEAT_COUNT; i++)
		for (const char *const *o = feat_needs((enum feat)i); *o; o++)
			if (any(8))
				buf_printf(&text, "CONFIG_%s=y\n", *o);
	assert_int_equal(kconfig_text(&c, buf_str(&text)), 0);
	return c;
}

static void any_facts(struct doctor_facts *f)
{
	static const int codes[] = { -EPERM, -EACCES, -EINVAL, -ENOENT, -EOPNOTSUPP, -ENOMEM };
	static const char *const releases[] = { "6.12.0", "6.1.0-38-amd64", "5.10.0", "" };
	static const char *const lsms[] = { "", "bpf", "lockdown,capability,landlock,yama" };
	struct host *h = &f->host;

	*f = (struct doctor_facts){ 0 };
	snprintf(h->release, sizeof(h->release), "%s", releases[any(4)]);
	snprintf(h->arch, sizeof(h->arch), "x86_64");
	snprintf(h->lsms, sizeof(h->lsms), "%s", lsms[any(3)]);
	h->uid = any(2) * 4294967295U;
	h->caps = any(3) ? UINT64_MAX : any(2) * (1ULL << 39);
	h->user_ns = !any(5);
	h->container = any(2);
	h->seccomp = any(2);
	h->lockdown = (enum lockdown)any(4);
	h->kptr_restrict = (int)any(4) - 1;
	h->ftrace_off = !any(8);
	h->kprobes_off = !any(8);
	h->no_debugfs = any(2);
	h->no_securityfs = any(2);
	h->btf_bytes = any(4) ? UINT64_MAX : 0;
	h->list = (enum sight)any(3);
	h->addresses = any(2) ? SIGHT_THERE : (enum sight)any(3);
	h->absent = (struct host_absent){ !any(4), !any(4), !any(4) };
	h->config = any(3) ? any_config() : NULL;
	if (h->config)
		memset(h->config_path, 'x', sizeof(h->config_path) - 1);
	for (unsigned int i = 0; i < FEAT_COUNT; i++) {
		f->feats.of[i].answer = (enum feat_answer)(any(3) ? FEAT_YES : any(3));
		f->feats.of[i].code = codes[any(6)];
		f->feats.of[i].attaching = any(2);
	}
	for (unsigned int i = 0; i < DOCTOR_MODES; i++)
		f->mode_func[i] = (enum sight)any(3);
}

/* words longer than a line are whole all the same */
static void fits(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (len > 80)
			assert_non_null(memmem(text, len, "xxxxxxxx", 8));
		assert_true(len == 0 || text[len - 1] != ' ');
		text += len + 1;
	}
}

static void check_rows(const struct doctor *d)
{
	for (unsigned int i = 0; i < ROW_COUNT; i++) {
		const struct doctor_row *r = &d->row[i];

		/* what does not work has its reason, what works needs none */
		assert_int_equal(r->reason[0] == '\0', r->answer == DOCTOR_YES);
		assert_true(strlen(r->reason) + 1 < sizeof(r->reason));
		if (r->missing[0])
			assert_int_equal(r->answer, DOCTOR_NO);
		/* nothing is claimed that the kernel was not heard to say */
		if (i < FEAT_COUNT && r->answer == DOCTOR_YES)
			assert_int_equal(d->facts->feats.of[i].answer, FEAT_YES);
	}
}

static void check(const struct doctor *d)
{
	_cleanup_buf_ struct buf text = { 0 }, json = { 0 };
	bool works = doctor_works(d, 0);

	doctor_text(d, 0, &text);
	doctor_json(d, 0, &json);
	fits(buf_str(&text));
	assert_true(json_check(buf_str(&json)));
	assert_non_null(strstr(buf_str(&json), works ? "{\"works\":true," : "{\"works\":false,"));
	check_rows(d);
	assert_true(d->n_remedies <= DOCTOR_REMEDIES);
	if (works) {
		assert_true(d->row[FEAT_KPROBE_MULTI].answer == DOCTOR_YES ||
			    d->row[FEAT_KPROBE].answer == DOCTOR_YES ||
			    d->row[FEAT_FMOD_RET].answer == DOCTOR_YES);
		assert_int_equal(d->row[ROW_BTF].answer, DOCTOR_YES);
		assert_false(host_too_old(d->facts->host.release));
	} else {
		assert_true(d->n_remedies > 0);
		assert_non_null(strstr(d->remedy[d->n_remedies - 1].text, "retcon vm"));
	}
}

static void holds_for_any_facts(void **state)
{
	unsigned int n_works = 0;

	(void)state;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		struct doctor_facts f;
		struct doctor d;

		any_facts(&f);
		doctor_judge(&d, &f);
		check(&d);
		n_works += doctor_works(&d, 0);
		host_free(&f.host);
	}
	assert_in_range(n_works, ROUNDS / 20, ROUNDS - ROUNDS / 20);
}

static void names_are_found(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ROW_COUNT; i++) {
		assert_int_equal(doctor_find(doctor_row_name(i)), i);
		assert_int_equal(doctor_row_use(i) != NULL, i < DOCTOR_ENGINES);
	}
	assert_int_equal(doctor_find("kprobe.mult"), ROW_COUNT);
	assert_int_equal(doctor_find(""), ROW_COUNT);
}

static void unknown_names_are_refused(void **state)
{
	const char *const names[] = { "lsm", "kmaloc", NULL };
	const struct doctor_opts o = { .names = names };
	_cleanup_buf_ struct buf text = { 0 };
	struct err err = { 0 };
	bool works;

	(void)state;
	assert_int_equal(doctor_run(&o, &text, &works, &err), -EINVAL);
	assert_int_equal(err.tag, ERR_USAGE);
	assert_non_null(strstr(err.msg, "'kmaloc'"));
	assert_int_equal(text.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_for_any_facts),
		cmocka_unit_test(names_are_found),
		cmocka_unit_test(unknown_names_are_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
