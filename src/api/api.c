// SPDX-License-Identifier: LGPL-2.1-or-later
/* retcon.h on top of the features: handles, last error, events with names. */
#include <errno.h>
#include <string.h>

#include "feature/inject.h"
#include "feature/stack.h"
#include "retcon/retcon.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/errno_names.h"

struct retcon {
	struct buf error;
	enum retcon_failure failure;
};

struct retcon_session {
	struct retcon *ctx;
	struct injection in;
	char *spec;
	struct buf listing;
	/* the event being delivered */
	retcon_event_fn fn;
	void *arg;
	char text[LIMIT_STACK_DEPTH][KSYM_TEXT];
	const char *stack[LIMIT_STACK_DEPTH];
};

int retcon_new(struct retcon **out)
{
	struct retcon *ctx = calloc(1, sizeof(*ctx));

	if (!ctx)
		return -ENOMEM;
	*out = ctx;
	return 0;
}

void retcon_free(struct retcon *ctx)
{
	if (!ctx)
		return;
	buf_free(&ctx->error);
	free(ctx);
}

const char *retcon_error(const struct retcon *ctx)
{
	return buf_str(&ctx->error);
}

enum retcon_failure retcon_failure(const struct retcon *ctx)
{
	return ctx->failure;
}

const char *retcon_version(void)
{
	return RETCON_VERSION;
}

static enum retcon_failure failure_of(enum err_tag tag)
{
	switch (tag) {
	case ERR_KERNEL_LACKS:
	case ERR_PERMISSION:
		return RETCON_LACKS;
	case ERR_SYNTAX:
	case ERR_LIMIT:
	case ERR_UNKNOWN_FUNCTION:
	case ERR_UNKNOWN_NAME:
	case ERR_UNKNOWN_TYPE:
	case ERR_UNKNOWN_MEMBER:
	case ERR_TYPE_MISMATCH:
	case ERR_SIGNATURE:
	case ERR_UNSUPPORTED:
	case ERR_NOT_INJECTABLE:
	case ERR_USAGE:
	case ERR_NO_PROCESS:
		return RETCON_USAGE;
	default:
		return RETCON_FAILED;
	}
}

static int report(struct retcon *ctx, int ret, struct err *err)
{
	buf_free(&ctx->error);
	ctx->failure = RETCON_OK;
	if (!ret)
		return 0;
	if (!err->code)
		err_plain(err, ret, ERR_SYSTEM, "%s", strerror(-ret));
	ctx->failure = failure_of(err->tag);
	diag_render(err, "retcon", &ctx->error);
	return ret;
}

/* An option a newer caller sets and we do not know must not be ignored. */
static int opts_take(struct retcon_inject_opts *known, const struct retcon_inject_opts *given)
{
	const unsigned char *bytes = (const unsigned char *)given;

	for (size_t i = sizeof(*known); i < given->sz; i++)
		if (bytes[i])
			return -E2BIG;
	*known = (struct retcon_inject_opts)RETCON_INJECT_OPTS_INIT;
	memcpy(known, given, given->sz < sizeof(*known) ? given->sz : sizeof(*known));
	return 0;
}

static void session_freep_(struct retcon_session **s)
{
	retcon_session_free(*s);
}

int retcon_inject(struct retcon *ctx, const struct retcon_inject_opts *given,
		  struct retcon_session **out)
{
	_cleanup_(session_freep_) struct retcon_session *s = calloc(1, sizeof(*s));
	struct retcon_inject_opts o;
	struct err err = { 0 };
	int ret;

	if (!s)
		return report(ctx, err_nomem(&err), &err);
	s->ctx = ctx;
	ret = opts_take(&o, given);
	if (ret)
		err_plain(&err, ret, ERR_USAGE, "this libretcon does not know all options set");
	if (!ret && (!o.mode || !o.spec))
		ret = err_plain(&err, -EINVAL, ERR_USAGE, "mode and spec are needed");
	if (!ret && !(s->spec = strdup(o.spec)))
		ret = err_nomem(&err);
	if (!ret) {
		const struct inject_opts io = { o.mode, o.spec,	   o.probability, o.count,
						o.pid,	o.command, o.kthreads,	  o.system_wide };

		ret = inject_prepare(&s->in, &io, &err);
	}
	report(ctx, ret, &err);
	if (!ret)
		*out = take_ptr(s);
	return ret;
}

void retcon_session_free(struct retcon_session *s)
{
	if (!s)
		return;
	injection_free(&s->in);
	buf_free(&s->listing);
	free(s->spec);
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

	return report(s->ctx, session_arm(s->in.session, &err), &err);
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
		.rule = s->spec,
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
