// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * VALUE against what the target returns: first by its type, then by what the kernel
 * says its callers can take. A wrong value is no error path but a bug of our making:
 * a caller that gets 0 for a pointer it may not get uses it.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "comp/type.h"
#include "plan/internal.h"
#include "util/errno_names.h"

#define ERRNO_MAX 4095 /* MAX_ERRNO, include/linux/err.h */

static bool is_errno(int64_t v)
{
	return v >= -ERRNO_MAX && v <= -1;
}

static bool is_name(const struct expr *e, char *name, size_t size)
{
	if (e->kind != EXPR_NAME || e->name.len >= size)
		return false;
	memcpy(name, e->name.p, e->name.len);
	name[e->name.len] = '\0';
	return true;
}

static int evaluate(const struct plan *p, const struct kbtf *btf, const struct expr *e,
		    struct plan_value *out, struct err *err);

/* ERR_PTR(-E...): the one function a value may call */
static int evaluate_err_ptr(const struct plan *p, const struct kbtf *btf, const struct expr *e,
			    struct plan_value *out, struct err *err)
{
	int ret;

	if (e->n_args != 1)
		return err_set(err, -EINVAL, ERR_TYPE_MISMATCH, p->rule->src, e->at,
			       "ERR_PTR() takes 1 argument, %u given", e->n_args);
	ret = evaluate(p, btf, e->args[0], out, err);
	if (ret)
		return ret;
	if (out->is_pointer || !is_errno(out->v))
		return err_set(err, -EINVAL, ERR_TYPE_MISMATCH, p->rule->src, e->args[0]->at,
			       "ERR_PTR() takes an error code, from -1 to -%d", ERRNO_MAX);
	out->is_pointer = true;
	out->e = e;
	return 0;
}

static int evaluate(const struct plan *p, const struct kbtf *btf, const struct expr *e,
		    struct plan_value *out, struct err *err)
{
	struct comp_constant c;
	char name[32];
	int ret;

	*out = (struct plan_value){ .e = e };
	if (e->kind == EXPR_UNARY && e->op == OP_NEG && is_name(e->a, name, sizeof(name)) &&
	    errno_value(name)) {
		out->v = errno_value(name);
		return 0;
	}
	if (is_name(e, name, sizeof(name)) && errno_value(name)) {
		err_set(err, -EINVAL, ERR_TYPE_MISMATCH, p->rule->src, e->at,
			"errors are returned negative, and %s is %d", name, -errno_value(name));
		err_note(err, SPAN_NONE, "did you mean '-%s'?", name);
		return -EINVAL;
	}
	if (e->kind == EXPR_CALL && str_eq(e->name, "ERR_PTR"))
		return evaluate_err_ptr(p, btf, e, out, err);
	ret = comp_constant(btf, p->rule->src, e, &c, err);
	if (ret)
		return ret;
	out->v = c.value;
	out->is_unsigned = c.is_unsigned;
	out->is_pointer = c.is_pointer;
	return 0;
}

/* into how many bits, and of which sign, it has to go */
static bool fits(const struct plan_value *v, struct type t)
{
	unsigned int bits = 8 * t.bytes;

	if (v->is_unsigned && v->v < 0)
		return !t.is_signed && bits == 64;
	if (t.is_bool)
		return v->v == 0 || v->v == 1;
	if (!t.is_signed)
		return v->v >= 0 && (bits == 64 || v->v >> bits == 0);
	return bits == 64 || (v->v >= -(1ll << (bits - 1)) && v->v < 1ll << (bits - 1));
}

static bool is_of_type(const struct plan_value *v, struct type t)
{
	return t.kind == TYPE_PTR ? v->is_pointer : !v->is_pointer && fits(v, t);
}

/* t: a number or a pointer */
static int check_type(const struct plan *p, const struct plan_site *site, const struct kbtf *btf,
		      const struct plan_value *v, struct type t, struct err *err)
{
	const char *name = site->comp.func.name;
	char text[TYPE_TEXT];

	if (is_of_type(v, t))
		return 0;
	type_text(btf, t, text);
	if (t.kind == TYPE_PTR) {
		err_set(err, -EINVAL, ERR_TYPE_MISMATCH, p->rule->src, v->e->at,
			"%s() returns '%s', and this is a number", name, text);
		if (is_errno(v->v))
			err_note(err, SPAN_NONE, "did you mean ERR_PTR(...)?");
		else
			err_note(err, SPAN_NONE, "write NULL or ERR_PTR(-E...)");
		return -EINVAL;
	}
	if (v->is_pointer)
		return err_set(err, -EINVAL, ERR_TYPE_MISMATCH, p->rule->src, v->e->at,
			       "%s() returns '%s', and this is a pointer", name, text);
	err_set(err, -EINVAL, ERR_TYPE_MISMATCH, p->rule->src, v->e->at,
		v->is_unsigned ? "%" PRIu64 " does not fit '%s', which %s() returns"
			       : "%" PRId64 " does not fit '%s', which %s() returns",
		v->v, text, name);
	if (t.is_bool)
		err_note(err, SPAN_NONE, "write true or false");
	return -EINVAL;
}

/* an error code where those are returned, true where that is: no list has to be read for it */
static bool is_plain(const struct plan_value *v, struct type t)
{
	if (t.kind != TYPE_INT)
		return false;
	return t.is_bool ? v->v == 1 : is_errno(v->v);
}

/* The kernel's own check of these is in fail_function only: adjust_error_retval(), 6.12 */
static int check_error_type(const struct plan *p, struct plan_site *site, struct kern *kern,
			    const struct plan_value *v, struct err *err)
{
	enum kern_error_type type = site->type;
	const char *may = NULL;

	if (type == KERN_ERROR_UNKNOWN)
		type = site->type = kern_error_type(kern, site->comp.func.name, &site->sym);
	if (type == KERN_ERROR_ERRNO && !is_errno(v->v))
		may = "an error code, -1 to -4095";
	else if (type == KERN_ERROR_ERRNO_NULL && !is_errno(v->v) && v->v)
		may = "an error code, -1 to -4095, or NULL";
	else if (type == KERN_ERROR_NULL && v->v)
		may = "NULL";
	else if (type == KERN_ERROR_TRUE && v->v != 1)
		may = "true";
	if (!may)
		return 0;
	err_set(err, -EINVAL, ERR_TYPE_MISMATCH, p->rule->src, v->e->at,
		"the kernel says of %s() that its callers can take %s", site->comp.func.name, may);
	return -EINVAL;
}

/* a hook of the BPF LSM can only refuse: bpf_lsm_get_retval_range(), 6.12 */
static int check_hook(const struct plan *p, const struct plan_value *v, struct err *err)
{
	if (is_errno(v->v))
		return 0;
	err_set(err, -EINVAL, ERR_TYPE_MISMATCH, p->rule->src, v->e->at,
		"a hook can only refuse: its value is an error code, -1 to -4095");
	return -EINVAL;
}

static int check(struct plan *p, struct plan_site *site, struct kern *kern, const struct kbtf *btf,
		 const struct plan_value *v, struct type t, struct err *err)
{
	int ret = check_type(p, site, btf, v, t, err);

	if (ret || p->rule->after)
		return ret;
	if (p->rule->target_kind == TARGET_LSM)
		return check_hook(p, v, err);
	if (is_plain(v, t))
		return 0;
	return check_error_type(p, site, kern, v, err);
}

int value_evaluate(const struct plan *p, const struct kbtf *btf, struct plan_value *out,
		   struct err *err)
{
	return evaluate(p, btf, p->rule->value, out, err);
}

static int refuse(struct plan *p, struct plan_site *site, struct kern *kern, const struct kbtf *btf,
		  const struct plan_value *v, struct type t, struct err *err)
{
	struct err why = { 0 };
	int ret = check(p, site, kern, btf, v, t, &why);

	if (p->opts.force) {
		buf_printf(&p->notes, "forced: %s\n", why.msg);
		return buf_err(&p->notes) ? err_nomem(err) : 0;
	}
	if (why.n_notes == 0)
		err_note(&why, SPAN_NONE, "--force takes it all the same");
	if (err)
		*err = why;
	return ret;
}

int value_check(struct plan *p, struct plan_site *site, struct kern *kern, const struct kbtf *btf,
		const struct plan_value *v, struct err *err)
{
	const struct comp_func *f = &site->comp.func;
	const struct kbtf *types = f->btf ? f->btf : btf;
	struct kbtf_proto proto;
	struct type t;

	if (!f->func_id || kbtf_func_by_id(types, f->func_id, &proto)) {
		buf_printf(&p->notes,
			   "what %s() returns is not in this kernel's BTF: the value is taken as "
			   "it is\n",
			   f->name);
		return buf_err(&p->notes) ? err_nomem(err) : 0;
	}
	t = type_of_id(types, proto.ret);
	if (t.kind != TYPE_INT && t.kind != TYPE_PTR)
		return err_set(err, -EINVAL, ERR_UNSUPPORTED, p->rule->src, p->rule->target_at,
			       t.kind == TYPE_VOID
				       ? "%s() returns nothing: there is nothing to replace"
				       : "%s() returns neither a number nor a pointer",
			       f->name);
	if (check(p, site, kern, types, v, t, NULL) == 0)
		return 0;
	return refuse(p, site, kern, types, v, t, err);
}
