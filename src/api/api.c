// SPDX-License-Identifier: LGPL-2.1-or-later
/* retcon.h on top of the features: sessions, events with names. */
#include <errno.h>
#include <string.h>

#include "api/context.h"
#include "api/scope.h"
#include "feature/compile.h"
#include "feature/follow.h"
#include "feature/inject.h"
#include "feature/late.h"
#include "feature/override.h"
#include "feature/stack.h"
#include "retcon/retcon.h"
#include "util/cleanup.h"
#include "util/errno_names.h"

struct retcon_session {
	struct retcon *ctx;
	struct injection in;
	char **rules; /* as they were given */
	size_t n_rules;
	struct buf listing, warnings, paths;
	bool warned;
	bool dry, over;	       /* over: disarmed */
	struct follow *follow; /* NULL: not asked for */
	/* the event being delivered */
	retcon_event_fn fn;
	void *arg;
	char text[LIMIT_STACK_DEPTH][KSYM_TEXT];
	const char *stack[LIMIT_STACK_DEPTH];
};

static void session_freep_(struct retcon_session **s)
{
	retcon_session_free(*s);
}

static int session_begin(struct retcon *ctx, const char *const *rules, size_t n_rules,
			 struct retcon_session **out, struct err *err)
{
	_cleanup_(session_freep_) struct retcon_session *s = calloc(1, sizeof(*s));

	if (!s)
		return err_nomem(err);
	s->ctx = ctx;
	s->rules = calloc(n_rules + 1, sizeof(*s->rules));
	if (!s->rules)
		return err_nomem(err);
	for (; s->n_rules < n_rules; s->n_rules++) {
		s->rules[s->n_rules] = strdup(rules[s->n_rules]);
		if (!s->rules[s->n_rules])
			return err_nomem(err);
	}
	*out = take_ptr(s);
	return 0;
}

static int check_follow(bool dry, bool follow, struct err *err)
{
	if (dry && follow)
		return err_plain(err, -EINVAL, ERR_USAGE,
				 "a dry run injects nothing that could be followed");
	return 0;
}

static int session_prepared(struct retcon_session *s, bool dry, bool follow, struct err *err)
{
	s->dry = dry;
	return follow || dry ? follow_new(&s->follow, &s->in, dry, &s->ctx->known, err) : 0;
}

int retcon_inject(struct retcon *ctx, const struct retcon_inject_opts *given,
		  struct retcon_session **out)
{
	_cleanup_(session_freep_) struct retcon_session *s = NULL;
	struct retcon_inject_opts o = RETCON_INJECT_OPTS_INIT;
	struct scope_opts scope = { 0 };
	struct err err = { 0 };
	int ret = opts_take(&o, sizeof(o), given, &err);

	if (!ret)
		ret = api_scope(&scope, o.scope, &err);
	if (!ret)
		ret = check_follow(o.dry_run, o.follow, &err);
	if (!ret && (!o.mode || !o.spec))
		ret = err_plain(&err, -EINVAL, ERR_USAGE, "mode and spec are needed");
	if (!ret)
		ret = session_begin(ctx, &o.spec, 1, &s, &err);
	if (!ret) {
		const struct inject_opts io = { .mode = o.mode,
						.spec = o.spec,
						.probability = o.probability,
						.count = o.count,
						.dry = o.dry_run,
						.follow = o.follow,
						.engine = o.engine,
						.scope = scope };

		ret = inject_prepare(&s->in, &io, &err);
	}
	if (!ret)
		ret = session_prepared(s, o.dry_run, o.follow, &err);
	context_report(ctx, ret, &err);
	if (!ret)
		*out = take_ptr(s);
	return ret;
}

int retcon_override(struct retcon *ctx, const struct retcon_override_opts *given,
		    struct retcon_session **out)
{
	_cleanup_(session_freep_) struct retcon_session *s = NULL;
	struct retcon_override_opts o = RETCON_OVERRIDE_OPTS_INIT;
	struct scope_opts scope = { 0 };
	struct err err = { 0 };
	int ret = opts_take(&o, sizeof(o), given, &err);

	if (!ret)
		ret = api_scope(&scope, o.scope, &err);
	if (!ret)
		ret = check_follow(o.dry_run, o.follow, &err);
	if (!ret && (!o.rules || !o.n_rules || o.n_rules > LIMIT_RULES))
		ret = err_plain(&err, -EINVAL, ERR_USAGE, "from 1 to %d rules are needed",
				LIMIT_RULES);
	if (!ret)
		ret = session_begin(ctx, o.rules, o.n_rules, &s, &err);
	if (!ret) {
		const struct override_opts oo = { .rules = o.rules,
						  .n_rules = (unsigned int)o.n_rules,
						  .dry = o.dry_run,
						  .follow = o.follow,
						  .engine = o.engine,
						  .scope = scope,
						  .force = o.force,
						  .timed = o.timed };

		ret = override_prepare(&s->in, &oo, &err);
	}
	if (!ret)
		ret = session_prepared(s, o.dry_run, o.follow, &err);
	context_report(ctx, ret, &err);
	if (!ret)
		*out = take_ptr(s);
	return ret;
}

_Static_assert(RETCON_STAGE_RULE == (int)COMPILE_RULE && RETCON_STAGE_TREE == (int)COMPILE_TREE &&
		       RETCON_STAGE_TYPES == (int)COMPILE_TYPES &&
		       RETCON_STAGE_IR == (int)COMPILE_IR &&
		       RETCON_STAGE_INSNS == (int)COMPILE_INSNS,
	       "stages are handed through");

int retcon_compile(struct retcon *ctx, const struct retcon_compile_opts *given, const char **text,
		   const char **notes)
{
	struct retcon_compile_opts o = RETCON_COMPILE_OPTS_INIT;
	struct err err = { 0 };
	int ret = opts_take(&o, sizeof(o), given, &err);

	buf_free(&ctx->text);
	buf_free(&ctx->notes);
	if (!ret && !o.rule)
		ret = err_plain(&err, -EINVAL, ERR_USAGE, "a rule is needed");
	if (!ret) {
		const struct compile_opts co = { .mode = o.mode,
						 .rule = o.rule,
						 .target_btf = o.btf,
						 .stages = o.stages ? o.stages : COMPILE_ALL,
						 .force = o.force,
						 .engine = o.engine };

		ret = compile_text(&co, &ctx->text, &ctx->notes, &err);
	}
	context_report(ctx, ret, &err);
	if (!ret) {
		*text = buf_str(&ctx->text);
		*notes = buf_str(&ctx->notes);
	}
	return ret;
}

void retcon_session_free(struct retcon_session *s)
{
	if (!s)
		return;
	if (s->follow)
		follow_free(s->follow, &s->ctx->known);
	injection_free(&s->in);
	buf_free(&s->listing);
	buf_free(&s->warnings);
	buf_free(&s->paths);
	for (size_t i = 0; i < s->n_rules; i++)
		free(s->rules[i]);
	free(s->rules);
	free(s);
}

const char *retcon_session_notes(const struct retcon_session *s)
{
	return buf_str(&s->in.notes);
}

const char *retcon_session_late_notes(const struct retcon_session *s)
{
	return session_notes(s->in.session);
}

const char *retcon_session_warnings(struct retcon_session *s)
{
	if (!s->warned)
		late_warnings(&s->in, &s->warnings);
	s->warned = true;
	return buf_str(&s->warnings);
}

const char *retcon_session_tried(const struct retcon_session *s)
{
	return session_tried(s->in.session);
}

size_t retcon_session_rules(const struct retcon_session *s)
{
	return s->n_rules;
}

const char *retcon_session_rule(const struct retcon_session *s, size_t rule)
{
	return rule < s->n_rules ? s->rules[rule] : NULL;
}

const char *retcon_session_listing(struct retcon_session *s)
{
	buf_free(&s->listing);
	return session_print(s->in.session, &s->listing) ? NULL : buf_str(&s->listing);
}

int retcon_session_arm(struct retcon_session *s)
{
	struct err err = { 0 };

	int ret = session_arm(s->in.session, &err);

	if (!ret)
		follow_learn(s->follow);
	return context_report(s->ctx, ret, &err);
}

void retcon_session_disarm(struct retcon_session *s)
{
	session_disarm(s->in.session);
	s->over = true;
}

const char *retcon_session_engine(const struct retcon_session *s, size_t rule)
{
	return rule < s->n_rules ? session_engine(s->in.session, (unsigned int)rule) : "";
}

int retcon_session_fd(const struct retcon_session *s)
{
	return session_fd(s->in.session);
}

/* addresses to names; what cannot be named is shown as it is */
static unsigned int name_stack(struct retcon_session *s, const struct record *r, size_t len,
			       uint64_t addrs[static LIMIT_STACK_DEPTH])
{
	size_t bytes = len - offsetof(struct record, stack);
	unsigned int n;

	if (r->stack_bytes <= 0)
		return 0;
	n = (unsigned int)((size_t)r->stack_bytes < bytes ? (size_t)r->stack_bytes : bytes) / 8;
	for (unsigned int i = 0; i < n; i++)
		addrs[i] = r->stack[i];
	if (kern_symbolize(s->in.kern, addrs, n, s->text, NULL))
		return 0;
	for (unsigned int i = 0; i < n; i++)
		s->stack[i] = s->text[i];
	n = stack_tidy(s->stack, n);
	for (unsigned int i = 0; i < n; i++) /* only ever further up */
		addrs[i] = addrs[(s->stack[i] - s->text[0]) / KSYM_TEXT];
	return n;
}

/* a function of the chain */
static const char *caller_name(const struct retcon_session *s, const struct record *r)
{
	const struct plan *plan = &s->in.rules[r->rule].plan;

	return r->place < plan->n_places ? plan->func[plan->places[r->place].func].name : NULL;
}

static void deliver_injected(struct retcon_session *s, const struct record *r, size_t len,
			     struct retcon_event *e)
{
	uint64_t addrs[LIMIT_STACK_DEPTH];

	e->kind = RETCON_EVENT_INJECTED;
	e->dry = s->dry;
	e->function = session_site_name(s->in.session, r->place);
	e->n_stack = name_stack(s, r, len, addrs);
	if (e->function)
		e->injection = follow_injected(s->follow, r, e->rule, e->function, addrs, s->stack,
					       e->n_stack);
}

/* false: there is nothing to tell of it */
static bool deliver_followed(struct retcon_session *s, const struct record *r,
			     struct follow_step *step, struct retcon_event *e)
{
	follow_record(s->follow, r, step);
	if (r->kind == RECORD_PATH || (!step->injection && r->kind != RECORD_EXIT))
		return false;
	e->kind = r->kind == RECORD_STEP      ? RETCON_EVENT_STEP
		  : r->kind == RECORD_SYSCALL ? RETCON_EVENT_SYSCALL
					      : RETCON_EVENT_EXIT;
	e->injection = step->injection;
	e->function = step->function;
	e->text = step->text[0] ? step->text : NULL;
	e->value = step->value;
	e->errno_name = r->kind != RECORD_EXIT && e->value < 0 ? errno_name(e->value) : NULL;
	if (r->kind == RECORD_STEP)
		e->comm = "";
	return true;
}

static int deliver(void *arg, const struct record *r, size_t len)
{
	struct retcon_session *s = arg;
	struct follow_step step;
	char comm[sizeof(r->comm) + 1] = { 0 };
	struct retcon_event e = {
		.sz = sizeof(e),
		.time = r->time,
		.pid = r->pid,
		.tid = r->tid,
		.cpu = r->cpu,
		.comm = comm,
		.value = r->value,
		.errno_name = r->value < 0 ? errno_name(r->value) : NULL,
		.stack = s->stack,
	};

	if (r->rule >= s->n_rules)
		return 0;
	e.rule = s->rules[r->rule];
	memcpy(comm, r->comm, sizeof(r->comm));
	switch (r->kind) {
	case RECORD_INJECTED:
		deliver_injected(s, r, len, &e);
		break;
	case RECORD_RETURN:
		e.kind = RETCON_EVENT_RETURN;
		e.function = caller_name(s, r);
		break;
	default:
		return deliver_followed(s, r, &step, &e) ? s->fn(s->arg, &e) : 0;
	}
	return e.function ? s->fn(s->arg, &e) : 0;
}

int retcon_session_events(struct retcon_session *s, retcon_event_fn fn, void *arg)
{
	int ret;

	s->fn = fn;
	s->arg = arg;
	ret = session_consume(s->in.session, deliver, s);
	follow_learn(s->follow);
	return ret;
}

const char *retcon_session_paths(struct retcon_session *s, unsigned int width)
{
	if (s->over)
		follow_finish(s->follow);
	buf_free(&s->paths);
	follow_print(s->follow, width, &s->paths);
	return buf_err(&s->paths) ? NULL : buf_str(&s->paths);
}

const char *retcon_session_paths_json(struct retcon_session *s)
{
	if (s->over)
		follow_finish(s->follow);
	buf_free(&s->paths);
	follow_json(s->follow, &s->paths);
	return buf_err(&s->paths) ? NULL : buf_str(&s->paths);
}

static int give_stats(struct retcon_stats *out, const struct retcon_stats *full)
{
	size_t sz = out->sz;

	if (sz < sizeof(size_t) || sz > sizeof(*full))
		return -E2BIG;
	memcpy(out, full, sz);
	out->sz = sz;
	return 0;
}

static struct retcon_stats rule_stats(const struct session_rule_stats *r)
{
	return (struct retcon_stats){
		.hits = r->hits,
		.matches = r->matches,
		.injected = r->injected,
		.exempt = r->exempt,
		.nofail = r->nofail,
		.unlucky = r->unlucky,
		.skipped = r->skipped,
		.read_faults = r->read_faults,
		.unconfirmed = r->unconfirmed,
		.unpaired = r->unpaired,
		.callers = r->callers,
		.entered = r->entered,
	};
}

int retcon_session_stats(const struct retcon_session *s, struct retcon_stats *out)
{
	struct session_stats st;
	struct retcon_stats full;

	session_stats(s->in.session, &st);
	full = rule_stats(&st.rules);
	full.drops = st.drops;
	full.lost = st.lost;
	full.misses = st.misses;
	full.exit_misses = st.exit_misses;
	full.untold = st.untold;
	return give_stats(out, &full);
}

int retcon_session_rule_stats(const struct retcon_session *s, size_t rule, struct retcon_stats *out)
{
	struct session_rule_stats st;
	struct retcon_stats full;

	if (rule >= s->n_rules)
		return -ENOENT;
	session_rule_stats(s->in.session, (unsigned int)rule, &st);
	full = rule_stats(&st);
	return give_stats(out, &full);
}
