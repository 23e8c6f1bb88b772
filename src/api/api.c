// SPDX-License-Identifier: LGPL-2.1-or-later
/* retcon.h on top of the features: sessions, events with names. */
#include <errno.h>
#include <string.h>

#include "api/context.h"
#include "feature/compile.h"
#include "feature/inject.h"
#include "feature/override.h"
#include "feature/stack.h"
#include "retcon/retcon.h"
#include "util/cleanup.h"
#include "util/errno_names.h"

struct retcon_session {
	struct retcon *ctx;
	struct injection in;
	char *rule; /* as it was given */
	struct buf listing;
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

static int session_begin(struct retcon *ctx, const char *rule, struct retcon_session **out,
			 struct err *err)
{
	struct retcon_session *s = calloc(1, sizeof(*s));

	if (!s || !(s->rule = strdup(rule))) {
		free(s);
		return err_nomem(err);
	}
	s->ctx = ctx;
	*out = s;
	return 0;
}

int retcon_inject(struct retcon *ctx, const struct retcon_inject_opts *given,
		  struct retcon_session **out)
{
	_cleanup_(session_freep_) struct retcon_session *s = NULL;
	struct retcon_inject_opts o = RETCON_INJECT_OPTS_INIT;
	struct err err = { 0 };
	int ret = opts_take(&o, sizeof(o), given, &err);

	if (!ret && (!o.mode || !o.spec))
		ret = err_plain(&err, -EINVAL, ERR_USAGE, "mode and spec are needed");
	if (!ret)
		ret = session_begin(ctx, o.spec, &s, &err);
	if (!ret) {
		const struct inject_opts io = { .mode = o.mode,
						.spec = o.spec,
						.probability = o.probability,
						.count = o.count,
						.scope = { o.pid, o.command, o.kthreads,
							   o.system_wide } };

		ret = inject_prepare(&s->in, &io, &err);
	}
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
	struct err err = { 0 };
	int ret = opts_take(&o, sizeof(o), given, &err);

	if (!ret && !o.rule)
		ret = err_plain(&err, -EINVAL, ERR_USAGE, "a rule is needed");
	if (!ret)
		ret = session_begin(ctx, o.rule, &s, &err);
	if (!ret) {
		const struct override_opts oo = { .rule = o.rule,
						  .scope = { o.pid, o.command, o.kthreads,
							     o.system_wide },
						  .force = o.force,
						  .timed = o.timed };

		ret = override_prepare(&s->in, &oo, &err);
	}
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
						 .force = o.force };

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
	injection_free(&s->in);
	buf_free(&s->listing);
	free(s->rule);
	free(s);
}

const char *retcon_session_notes(const struct retcon_session *s)
{
	return buf_str(&s->in.plan.notes);
}

const char *retcon_session_listing(struct retcon_session *s)
{
	buf_free(&s->listing);
	return session_print(s->in.session, &s->listing) ? NULL : buf_str(&s->listing);
}

int retcon_session_arm(struct retcon_session *s)
{
	struct err err = { 0 };

	return context_report(s->ctx, session_arm(s->in.session, &err), &err);
}

void retcon_session_disarm(struct retcon_session *s)
{
	session_disarm(s->in.session);
}

const char *retcon_session_engine(const struct retcon_session *s)
{
	return session_engine(s->in.session);
}

int retcon_session_fd(const struct retcon_session *s)
{
	return session_fd(s->in.session);
}

/* addresses to names; what cannot be named is shown as it is */
static unsigned int name_stack(struct retcon_session *s, const struct record *r, size_t len)
{
	size_t bytes = len - offsetof(struct record, stack);
	uint64_t addrs[LIMIT_STACK_DEPTH];
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
	return stack_tidy(s->stack, n);
}

static int deliver(void *arg, const struct record *r, size_t len)
{
	struct retcon_session *s = arg;
	const struct plan *plan = &s->in.plan;
	char comm[sizeof(r->comm) + 1] = { 0 };
	struct retcon_event e = {
		.sz = sizeof(e),
		.time = r->time,
		.pid = r->pid,
		.tid = r->tid,
		.cpu = r->cpu,
		.comm = comm,
		.rule = s->rule,
		.value = r->value,
		.errno_name = r->value < 0 ? errno_name(r->value) : NULL,
		.stack = s->stack,
	};

	memcpy(comm, r->comm, sizeof(r->comm));
	switch (r->kind) {
	case RECORD_INJECTED:
		e.kind = RETCON_EVENT_INJECTED;
		e.function = plan->target_name;
		e.n_stack = name_stack(s, r, len);
		break;
	case RECORD_RETURN:
		if (r->place >= plan->n_places)
			return 0;
		e.kind = RETCON_EVENT_RETURN;
		e.function = plan->func[plan->places[r->place].func].name;
		break;
	default:
		return 0;
	}
	return s->fn(s->arg, &e);
}

int retcon_session_events(struct retcon_session *s, retcon_event_fn fn, void *arg)
{
	s->fn = fn;
	s->arg = arg;
	return session_consume(s->in.session, deliver, s);
}

int retcon_session_stats(const struct retcon_session *s, struct retcon_stats *out)
{
	struct session_stats st;
	struct retcon_stats full = { .sz = out->sz };

	if (out->sz < sizeof(size_t) || out->sz > sizeof(full))
		return -E2BIG;
	session_stats(s->in.session, &st);
	full = (struct retcon_stats){
		.sz = out->sz,
		.hits = st.hits,
		.matches = st.matches,
		.injected = st.injected,
		.exempt = st.exempt,
		.nofail = st.nofail,
		.unlucky = st.unlucky,
		.skipped = st.skipped,
		.drops = st.drops,
		.read_faults = st.read_faults,
		.unconfirmed = st.unconfirmed,
		.lost = st.lost,
		.misses = st.misses,
		.exit_misses = st.exit_misses,
	};
	memcpy(out, &full, out->sz);
	return 0;
}
