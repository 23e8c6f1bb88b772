// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a function of the list takes and returns, and which engines that leaves. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "feature/list_internal.h"
#include "util/cleanup.h"
#include "util/limits.h"

/* What a trampoline is made for has so many registers' worth of arguments at most. */
#define TRAMPOLINE_SLOTS LIMIT_PARAMS
#define DECLARED	 256

/* 8-byte slots of a value, 0: what has no size, or goes by memory */
static unsigned int slots(const struct kbtf *btf, uint32_t type)
{
	uint64_t size;

	if (kbtf_size(btf, type, &size) < 0 || !size || size > 16)
		return 0;
	return size > 8 ? 2 : 1;
}

/* btf_distill_func_proto() and the x86 JIT (6.1): arguments in registers, a result in one */
static bool fits_trampoline(const struct kbtf *btf, const struct kbtf_proto *p)
{
	unsigned int sum = 0;

	if (p->varargs || !p->ret || slots(btf, p->ret) != 1)
		return false;
	for (unsigned int i = 0; i < p->n_params; i++) {
		unsigned int n = slots(btf, p->params[i].type);

		if (!n)
			return false;
		sum += n;
	}
	return sum <= TRAMPOLINE_SLOTS;
}

/* as people spell them; BTF has the words in the order of the compiler's */
static void put_type(struct buf *b, const char *text)
{
	static const char *const spellings[][2] = {
		{ "long long unsigned int", "unsigned long long" },
		{ "long unsigned int", "unsigned long" },
		{ "short unsigned int", "unsigned short" },
		{ "long long int", "long long" },
		{ "long int", "long" },
		{ "short int", "short" },
	};
	const char *at;

	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		at = strstr(text, spellings[i][0]);
		if (!at)
			continue;
		buf_add(b, text, (size_t)(at - text));
		buf_puts(b, spellings[i][1]);
		text = at + strlen(spellings[i][0]);
		break;
	}
	buf_puts(b, text);
}

static void put_params(struct buf *b, const struct kbtf *btf, const struct kbtf_proto *p)
{
	char text[DECLARED];

	for (unsigned int i = 0; i < p->n_params; i++) {
		kbtf_declare(btf, p->params[i].type, kbtf_str(btf, p->params[i].name_off), text,
			     sizeof(text));
		buf_puts(b, i ? ", " : "");
		put_type(b, text);
	}
	if (p->varargs)
		buf_puts(b, p->n_params ? ", ..." : "...");
	else if (!p->n_params)
		buf_puts(b, "void");
}

static int keep(struct list *l, struct list_entry *e, const struct buf *b)
{
	if (buf_err(b))
		return -ENOMEM;
	e->prototype = list_dup(l, buf_str(b));
	return e->prototype ? 0 : -ENOMEM;
}

static int describe_proto(struct list *l, struct list_entry *e, const struct kbtf *btf,
			  const struct kbtf_proto *p)
{
	_cleanup_buf_ struct buf b = { 0 };
	char text[DECLARED];

	kbtf_type_name(btf, p->ret, text, sizeof(text));
	put_type(&b, text);
	buf_puts(&b, " (");
	put_params(&b, btf, p);
	buf_putc(&b, ')');
	return keep(l, e, &b);
}

/* "const char * filename", as tracepoints spell it */
static void put_tidy(struct buf *b, const char *params)
{
	for (; *params; params++) {
		buf_putc(b, *params);
		if (*params == '*' && params[1] == ' ')
			params++;
	}
}

static bool takes_registers(const struct kbtf *btf, const struct kbtf_proto *p)
{
	char text[DECLARED];

	if (p->n_params != 1)
		return false;
	kbtf_type_name(btf, p->params[0].type, text, sizeof(text));
	return strcmp(text, "const struct pt_regs *") == 0;
}

/* parameters as SYSCALL_DEFINE has them: of the function inside, if it is one, else its tracepoint
 */
static int describe_syscall(const struct list_ask *a, struct list_entry *e)
{
	_cleanup_buf_ struct buf b = { 0 }, params = { 0 };
	const char *call = strstr(e->function, "sys_") + strlen("sys_");
	char inner[LIMIT_IDENT + 1];
	struct kbtf_proto p;

	snprintf(inner, sizeof(inner), "__do_sys_%.*s", LIMIT_IDENT - 16, call);
	buf_puts(&b, "long (");
	if (a->btf && kbtf_func(a->btf, inner, &p) == 0) {
		if (takes_registers(a->btf, &p)) /* SYSCALL_DEFINE0 */
			buf_puts(&b, "void");
		else
			put_params(&b, a->btf, &p);
	} else if (kern_syscall_params(a->k, call, &params) == 0) {
		put_tidy(&b, buf_str(&params));
	} else {
		return 0;
	}
	buf_putc(&b, ')');
	return keep(a->l, e, &b);
}

static unsigned int engines(const struct list_entry *e, const struct kbtf *btf,
			    const struct kbtf_proto *p)
{
	bool traced = btf && fits_trampoline(btf, p);

	switch (e->kind) {
	case LIST_SECURITY:
		return traced ? LIST_FMOD_RET : 0;
	case LIST_LSM:
		return traced ? LIST_BY_LSM : 0;
	default:
		return LIST_KPROBE_MULTI | LIST_KPROBE | (traced ? LIST_FMOD_RET : 0);
	}
}

int list_describe(const struct list_ask *a, struct list_entry *e)
{
	const struct kbtf *btf = a->btf;
	struct kbtf_proto p;

	if (e->module && (!btf || kern_module_btf(a->k, e->module, &btf, NULL) < 0))
		btf = NULL;
	if (btf && kbtf_own_func(btf, e->function, &p) < 0)
		btf = NULL;
	e->engines = engines(e, btf, &p) & a->may;
	if (e->kind == LIST_SYSCALL)
		return describe_syscall(a, e);
	return btf ? describe_proto(a->l, e, btf, &p) : 0;
}
