// SPDX-License-Identifier: LGPL-2.1-or-later
#include "feature/follow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "comp/type.h"
#include "util/cleanup.h"

#define STARTS                                                                                     \
	64 /* more processors than that in the middle of an injection: some are not followed */

/* RECORD_PATH, until the RECORD_INJECTED that it goes before */
struct start {
	uint32_t tid;
	uint64_t low, hurt;
	bool used;
};

struct follow {
	struct kern *kern;	 /* borrowed */
	struct session *session; /* borrowed */
	struct path_log *log;
	uint64_t addr[LIMIT_PATH_FUNCS]; /* of each function of the log */
	unsigned int n, learned;	 /* the session knows that many */
	struct start start[STARTS];
	unsigned int next_start;
	bool dry;
};

void follow_known_free(struct follow_known *k)
{
	for (unsigned int i = 0; i < k->n; i++)
		free((char *)k->funcs[i].func.name);
	free(k->funcs);
	*k = (struct follow_known){ 0 };
}

/* of a function that is to be looked for from now on */
static int add_function(struct follow *f, uint64_t addr, struct path_func func)
{
	int number;

	func.can = addr != 0;
	func.since = UINT64_MAX;
	number = path_func_add(f->log, &func);
	if (number >= 0)
		f->addr[f->n++] = addr;
	return number;
}

int follow_new(struct follow **out, const struct injection *in, bool dry,
	       const struct follow_known *known, struct err *err)
{
	struct follow *f = calloc(1, sizeof(*f));

	if (!f || path_log_new(&f->log)) {
		free(f);
		return err_nomem(err);
	}
	f->kern = in->kern;
	f->session = in->session;
	f->dry = dry;
	for (unsigned int i = 0; i < known->n; i++)
		if (add_function(f, known->funcs[i].addr, known->funcs[i].func) < 0)
			break;
	*out = f;
	return 0;
}

static void hand_over(const struct follow *f, struct follow_known *known)
{
	struct follow_known k = { calloc(f->n ? f->n : 1, sizeof(*k.funcs)), 0 };

	for (unsigned int i = 0; k.funcs && i < f->n; i++) {
		struct follow_func *to = &k.funcs[k.n];

		to->addr = f->addr[i];
		to->func = *path_func(f->log, i);
		to->func.name = strdup(to->func.name);
		k.n += to->func.name != NULL;
	}
	follow_known_free(known);
	*known = k;
}

void follow_free(struct follow *f, struct follow_known *known)
{
	if (!f)
		return;
	if (known)
		hand_over(f, known);
	path_log_free(f->log);
	free(f);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* "tcp_v4_connect+0x26b [module]", as kern_symbolize() spells it */
struct symbol {
	char name[KSYM_TEXT], module[KSYM_MODULE];
	uint64_t off;
};

static bool parse_symbol(const char *text, struct symbol *out)
{
	size_t len = strcspn(text, "+ ");
	const char *module = strchr(text, '[');

	*out = (struct symbol){ 0 };
	if (strncmp(text, "0x", 2) == 0 || len >= sizeof(out->name))
		return false;
	memcpy(out->name, text, len);
	if (text[len] == '+')
		out->off = strtoull(text + len + 1, NULL, 16);
	if (module) {
		size_t n = strcspn(module + 1, "]");

		if (n >= sizeof(out->module))
			return false;
		memcpy(out->module, module + 1, n);
	}
	return true;
}

static void set_type(struct path_func *f, const struct kbtf *btf, uint32_t id)
{
	struct type t = type_of_id(btf, id);
	const struct btf_type *raw = kbtf_type(btf, kbtf_strip(btf, id));
	bool is_enum = raw && (BTF_INFO_KIND(raw->info) == BTF_KIND_ENUM ||
			       BTF_INFO_KIND(raw->info) == BTF_KIND_ENUM64);

	f->bytes = t.bytes;
	switch (t.kind) {
	case TYPE_VOID:
		f->type = PATH_VOID;
		break;
	case TYPE_PTR:
		f->type = PATH_PTR;
		break;
	case TYPE_INT:
		f->type = t.is_bool ? PATH_BOOL : t.is_signed && !is_enum ? PATH_INT : PATH_NUMBER;
		break;
	default:
		f->type = PATH_UNKNOWN;
		break;
	}
}

/*
 * What it returns. A clone that the compiler made for constant arguments returns the same;
 * of others (.isra, .part) it may have dropped what nobody looks at.
 */
static void find_type(const struct follow *f, struct path_func *func, const char *module)
{
	const struct kbtf *btf = NULL;
	struct kbtf_proto proto;
	char name[KSYM_TEXT];
	char *clone;

	if (!str_copy(name, sizeof(name), func->name))
		return;
	clone = strstr(name, ".constprop.");
	if (clone)
		*clone = '\0';
	if (module[0] ? kern_module_btf(f->kern, module, &btf, NULL)
		      : kern_btf(f->kern, &btf, NULL))
		return;
	if (kbtf_func(btf, name, &proto) == 0)
		set_type(func, btf, proto.ret);
}

/* the number of the function there, in the log; -E2BIG, -ENOMEM */
static int function_at(struct follow *f, uint64_t addr, const char *name, const char *module)
{
	struct path_func func = { .name = name };

	for (unsigned int i = 0; addr && i < f->n; i++)
		if (f->addr[i] == addr)
			return (int)i;
	for (unsigned int i = 0; !addr && i < f->n; i++)
		if (!f->addr[i] && strcmp(path_func(f->log, i)->name, name) == 0)
			return (int)i;
	find_type(f, &func, module);
	return add_function(f, addr, func);
}

static void remember(struct follow *f, const struct record *r)
{
	f->start[f->next_start++ % STARTS] =
		(struct start){ r->tid, r->at.low, (uint64_t)r->value, true };
}

/* the last of the task, and none of those before it: what they began was dropped */
static bool recall(struct follow *f, uint32_t tid, struct path_start *to)
{
	bool found = false;

	for (unsigned int i = 0; i < STARTS; i++) {
		struct start *s = &f->start[(f->next_start + STARTS - 1 - i) % STARTS];

		if (!s->used || s->tid != tid)
			continue;
		s->used = false;
		if (found)
			continue;
		found = true;
		to->low = s->low;
		to->hurt = s->hurt;
	}
	return found;
}

/*
 * Where the callers begin: a probe's stack starts with the target, and a trampoline's with
 * its program, which need not have a name, and its trampoline. Not every kernel shows the target.
 */
static unsigned int above_target(const char *const *symbols, unsigned int n, const char *target)
{
	struct symbol s;

	for (unsigned int i = 0; i < n; i++)
		if (!parse_symbol(symbols[i], &s) || strncmp(s.name, "bpf_", 4) == 0) {
			if (strcmp(s.name, target) == 0)
				return i + 1;
		} else {
			return strcmp(s.name, target) == 0 ? i + 1 : i;
		}
	return n;
}

uint64_t follow_injected(struct follow *f, const struct record *r, const char *rule,
			 const char *target, const uint64_t *addrs, const char *const *symbols,
			 unsigned int n)
{
	unsigned int stack[LIMIT_STACK_DEPTH];
	struct path_start start = {
		.rule = rule, .tid = r->tid, .time = r->time, .value = r->value, .stack = stack
	};
	int number;

	if (!f)
		return 0;
	if (!f->dry && !recall(f, r->tid, &start)) {
		path_refused(f->log);
		return 0;
	}
	number = function_at(f, 0, target, "");
	if (number < 0) {
		path_refused(f->log);
		return 0;
	}
	start.target = (unsigned int)number;
	for (unsigned int i = above_target(symbols, n, target); i < n && i < LIMIT_STACK_DEPTH;
	     i++) {
		struct symbol s;

		if (!parse_symbol(symbols[i], &s))
			number = function_at(f, 0, symbols[i], "");
		else
			number = function_at(f, addrs[i] - s.off, s.name, s.module);
		if (number < 0)
			break;
		stack[start.n++] = (unsigned int)number;
	}
	if (number < 0)
		path_refused(f->log);
	return f->dry || number < 0 ? 0 : path_injected(f->log, &start);
}

void follow_record(struct follow *f, const struct record *r, struct follow_step *out)
{
	const struct path_func *func;

	*out = (struct follow_step){ .value = r->value };
	if (!f)
		return;
	switch (r->kind) {
	case RECORD_PATH:
		remember(f, r);
		break;
	case RECORD_STEP:
		func = path_func(f->log, r->place);
		if (!func)
			break;
		out->injection = path_step(f->log, r->tid, r->at.low, r->at.sp, r->place, r->value);
		out->function = func->name;
		out->value = path_value(func, r->value);
		str_copy(out->text, sizeof(out->text),
			 path_value_text(func, out->value, out->text));
		break;
	case RECORD_SYSCALL:
		out->injection = path_syscall(f->log, r->tid, r->value);
		break;
	case RECORD_EXIT:
		path_exit(f->log, r->tid, (int)r->value);
		break;
	default:
		break;
	}
}

void follow_learn(struct follow *f)
{
	_cleanup_free_ bool *seen = NULL;
	uint64_t addrs[LIMIT_PATH_FUNCS];
	unsigned int number[LIMIT_PATH_FUNCS];
	unsigned int n = 0;

	if (!f || f->dry)
		return;
	/* a batch is numbered from its first on: what has no address splits it */
	while (f->learned < f->n) {
		unsigned int first = f->learned;

		for (n = 0; f->learned < f->n && f->addr[f->learned]; f->learned++) {
			number[n] = f->learned;
			addrs[n++] = f->addr[f->learned];
		}
		if (n) {
			free(seen);
			seen = calloc(n, sizeof(*seen));
			if (!seen)
				return;
			session_follow(f->session, addrs, n, first, seen);
			for (unsigned int i = 0; i < n; i++)
				path_func_seen(f->log, number[i], seen[i], now());
		}
		while (f->learned < f->n && !f->addr[f->learned])
			f->learned++;
	}
}

void follow_finish(struct follow *f)
{
	if (f)
		path_finish(f->log);
}

void follow_print(const struct follow *f, unsigned int width, struct buf *out)
{
	if (f)
		path_print(f->log, width, out);
}

void follow_json(const struct follow *f, struct buf *out)
{
	if (f)
		path_json(f->log, out);
}
