/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The BTF reader on arbitrary bytes, and the compiler on what it reads: no crash, no
 * read outside, no endless loop, no unsound program. Bytes behind a kernel's BTF are a
 * module's, which continues it.
 */
#define BTF_EXERCISE_IDS 32 /* 10 million times */
#include "btf_exercise.h"
#include "comp/comp.h"
#include "comp/ir.h"
#include "lang/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
	const char *func, *spec;
} conditions[] = {
	{ "should_failslab", "should_failslab()(s->object_size > 512 && gfpflags & 0x400)" },
	{ "tcp_v4_connect",
	  "tcp_v4_connect()(((struct sockaddr_in *)uaddr)->sin_port == htons(80))" },
	{ "tcp_v4_connect", "tcp_v4_connect()(sk->__sk_common.skc_num && sizeof(*sk) > addr_len)" },
};

#define CONDITIONS (sizeof(conditions) / sizeof(conditions[0]))

static void compile(const struct kbtf *k)
{
	static struct rule *rules[CONDITIONS];

	for (size_t i = 0; i < CONDITIONS; i++) {
		struct err err = { 0 };
		struct prog p = { 0 };

		if (!rules[i] &&
		    spec_parse(&rules[i], "spec", conditions[i].spec, conditions[i].func, &err) < 0)
			abort();
		if (comp_predicate(k, rules[i]->src, &rules[i]->on_target, conditions[i].func,
				   PROG_SYSCALL, &p, &err) == 0 &&
		    prog_check(&p, &err) < 0)
			abort();
		prog_free(&p);
	}
}

/* of BTF that was read: its header is in order */
static size_t size_said(const uint8_t *data)
{
	struct btf_header h;
	size_t types, strings;

	memcpy(&h, data, sizeof(h));
	types = (size_t)h.type_off + h.type_len;
	strings = (size_t)h.str_off + h.str_len;
	return h.hdr_len + (types > strings ? types : strings);
}

static void module(const struct kbtf *base, const uint8_t *data, size_t size)
{
	void *copy = malloc(size);
	struct kbtf *k;

	btf_exercise_split(base, data, size);
	if (!copy)
		return;
	memcpy(copy, data, size);
	if (kbtf_open_split(&k, base, copy, size, false, NULL) < 0)
		return;
	compile(k);
	kbtf_free(k);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *copy = malloc(size ? size : 1);
	struct kbtf *k;

	btf_exercise(data, size);
	if (!copy)
		return 0;
	memcpy(copy, data, size);
	if (kbtf_open(&k, copy, size, false, NULL) < 0)
		return 0;
	compile(k);
	if (size > size_said(data))
		module(k, data + size_said(data), size - size_said(data));
	kbtf_free(k);
	return 0;
}
