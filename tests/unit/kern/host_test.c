// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is read about this machine and user; and features where there is nothing to ask. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kern/feat.h"
#include "kern/host.h"
#include "util/cleanup.h"

static void lockdown_is_read(void **state)
{
	static const struct {
		const char *line, *lsms;
		enum lockdown want;
	} cases[] = {
		{ "[none] integrity confidentiality", "lockdown,bpf", LOCKDOWN_NONE },
		{ "none [integrity] confidentiality", "lockdown,bpf", LOCKDOWN_INTEGRITY },
		{ "none integrity [confidentiality]", "bpf,lockdown", LOCKDOWN_CONFIDENTIALITY },
		{ "none integrity [confidentiality]", "", LOCKDOWN_CONFIDENTIALITY },
		/* set, and nobody there to enforce it */
		{ "none integrity [confidentiality]", "bpf", LOCKDOWN_NONE },
		{ "none integrity [confidentiality]", "lockdowns", LOCKDOWN_NONE },
		{ "none integrity confidentiality", "lockdown", LOCKDOWN_UNKNOWN },
		{ "", "lockdown", LOCKDOWN_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(host_parse_lockdown(cases[i].line, cases[i].lsms), cases[i].want);
}

static void lists_have_whole_words(void **state)
{
	(void)state;
	assert_true(host_list_has("lockdown,yama,bpf", "bpf"));
	assert_true(host_list_has("bpf", "bpf"));
	assert_true(host_list_has("bpf,yama", "bpf"));
	assert_false(host_list_has("ebpf,bpfs,yama", "bpf"));
	assert_false(host_list_has("", "bpf"));
	assert_false(host_list_has(",,", "bpf"));
}

static void modules_are_guessed(void **state)
{
	static const char config[] = "CONFIG_LSM=\"landlock,yama,bpf\"\n";
	static const struct {
		const char *cmdline, *want; /* NULL: cannot be told */
		bool configured;
	} cases[] = {
		{ "quiet", "landlock,yama,bpf", true },
		{ "", NULL, false },
		{ "lsm=yama quiet", "yama", true },
		{ "quiet lsm=yama,bpf", "yama,bpf", false },
		{ "lsm=a lsm=b", "b", true },
		{ "xlsm=a lsm.debug lsm=", "", true },
		{ "rd.lsm=a", "landlock,yama,bpf", true },
		{ "lsm=12345678901234567890123456789012", NULL, true },
	};
	_cleanup_(kconfig_freep) struct kconfig *c = NULL;

	(void)state;
	assert_int_equal(kconfig_text(&c, config), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char got[32];
		bool found = host_guess_lsms(cases[i].cmdline, cases[i].configured ? c : NULL, got,
					     sizeof(got));

		assert_int_equal(found, cases[i].want != NULL);
		if (cases[i].want)
			assert_string_equal(got, cases[i].want);
	}
}

static void strings_of_the_configuration(void **state)
{
	static const char text[] =
		"CONFIG_A=\"one,two\"\nCONFIG_B=y\nCONFIG_C=\"\"\nCONFIG_D=\"cut";
	_cleanup_(kconfig_freep) struct kconfig *c = NULL;
	char got[8];

	(void)state;
	assert_int_equal(kconfig_text(&c, text), 0);
	assert_true(kconfig_string(c, "A", got, sizeof(got)));
	assert_string_equal(got, "one,two");
	assert_false(kconfig_string(c, "A", got, sizeof(got) - 1));
	assert_false(kconfig_string(c, "B", got, sizeof(got)));
	assert_true(kconfig_string(c, "C", got, sizeof(got)));
	assert_string_equal(got, "");
	assert_true(kconfig_string(c, "D", got, sizeof(got)));
	assert_string_equal(got, "cut");
	assert_false(kconfig_string(c, "E", got, sizeof(got)));
}

static void old_kernels(void **state)
{
	(void)state;
	assert_true(host_too_old("6.0.19"));
	assert_true(host_too_old("5.10.0-34-amd64"));
	assert_false(host_too_old("6.1.0-rc1"));
	assert_false(host_too_old("6.12.117"));
	assert_false(host_too_old("10.0"));
	assert_false(host_too_old("mainline"));
}

static void missing_capabilities(void **state)
{
	char text[64];

	(void)state;
	assert_false(host_missing_caps(UINT64_MAX, text));
	assert_string_equal(text, "");
	assert_true(host_missing_caps(0, text));
	assert_string_equal(text, "CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN");
	/* the others are in this one */
	assert_false(host_missing_caps(1ULL << 21, text));
	assert_true(host_missing_caps(~(1ULL << 38 | 1ULL << 21), text));
	assert_string_equal(text, "CAP_PERFMON, CAP_SYS_ADMIN");
	/* enough for everything but finding the kernel's BTF */
	assert_true(host_missing_caps(1ULL << 38 | 1ULL << 39, text));
	assert_string_equal(text, "CAP_SYS_ADMIN");
}

static void absence_is_proof_without_a_configuration(void **state)
{
	struct host h = { .absent = { .kprobes = true, .btf = true } };

	(void)state;
	assert_true(host_lacks(&h, "KPROBES"));
	assert_true(host_lacks(&h, "DEBUG_INFO_BTF"));
	assert_false(host_lacks(&h, "FUNCTION_ERROR_INJECTION"));
	assert_false(host_lacks(&h, "FPROBE"));
	assert_int_equal(kconfig_text(&h.config, "CONFIG_KPROBES=y\nCONFIG_FPROBE=n\n"), 0);
	assert_false(host_lacks(&h, "KPROBES"));
	assert_true(host_lacks(&h, "FPROBE"));
	host_free(&h);
	host_free(&h);
}

static void this_one_can_be_read(void **state)
{
	struct host h;

	(void)state;
	host_read(&h);
	assert_true(h.release[0] != '\0');
	assert_true(h.arch[0] != '\0');
	assert_int_equal(h.caps, host_caps());
	assert_int_equal(h.config != NULL, h.config_path[0] != '\0');
	host_free(&h);
}

static unsigned int reads;

static int no_btf(void *ctx, void **data, size_t *len, bool *unmap, struct err *err)
{
	(void)ctx, (void)data, (void)len, (void)unmap, (void)err;
	reads++;
	return -ENOENT;
}

/* only features that take BTF are asked about: the others would ask the kernel this runs on */
static void answers_are_remembered(void **state)
{
	static const enum feat take_btf[] = { FEAT_FMOD_RET,	     FEAT_FMOD_RET_SECURITY,
					      FEAT_FMOD_RET_SYSCALL, FEAT_LSM,
					      FEAT_FENTRY,	     FEAT_TASK_NEWTASK };
	static const struct kern_ops ops = { .read_btf = no_btf };
	_cleanup_(kern_freep) struct kern *k = NULL;
	struct feats f = { 0 };

	(void)state;
	assert_int_equal(kern_new(&k, &ops, NULL, NULL), 0);
	for (size_t i = 0; i < sizeof(take_btf) / sizeof(take_btf[0]); i++) {
		const struct feat_result *r = feat_ask(&f, k, take_btf[i]);
		unsigned int before = reads;

		assert_int_equal(r->answer, FEAT_NO);
		assert_int_equal(r->code, -ENOENT);
		assert_false(r->attaching);
		assert_false(feat_has(&f, k, take_btf[i]));
		assert_int_equal(reads, before);
	}
}

static void features_need_options(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < FEAT_COUNT; i++) {
		const char *const *o = feat_needs((enum feat)i);

		assert_string_equal(o[0], "BPF_SYSCALL");
		while (*o)
			assert_memory_not_equal(*o++, "CONFIG_", 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lockdown_is_read),
		cmocka_unit_test(lists_have_whole_words),
		cmocka_unit_test(modules_are_guessed),
		cmocka_unit_test(strings_of_the_configuration),
		cmocka_unit_test(old_kernels),
		cmocka_unit_test(missing_capabilities),
		cmocka_unit_test(absence_is_proof_without_a_configuration),
		cmocka_unit_test(this_one_can_be_read),
		cmocka_unit_test(answers_are_remembered),
		cmocka_unit_test(features_need_options),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
