/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Remembers what was asked of a kernel; who answers is behind struct kern_ops. */
#include "kern/kern.h"

#include <errno.h>
#include <stdlib.h>

#include "util/cleanup.h"

struct kern {
	const struct kern_ops *ops;
	void *ctx;
	struct kbtf *btf;
};

int kern_new(struct kern **out, const struct kern_ops *ops, void *ctx, struct err *err)
{
	struct kern *k = calloc(1, sizeof(*k));

	if (!k) {
		if (ops->close)
			ops->close(ctx);
		return err_nomem(err);
	}
	k->ops = ops;
	k->ctx = ctx;
	*out = k;
	return 0;
}

void kern_free(struct kern *k)
{
	if (!k)
		return;
	if (k->ops->close)
		k->ops->close(k->ctx);
	kbtf_free(k->btf);
	free(k);
}

void kern_freep(struct kern **k)
{
	kern_free(*k);
}

int kern_btf(struct kern *k, const struct kbtf **out, struct err *err)
{
	void *data = NULL;
	size_t len = 0;
	bool unmap = false;
	int r;

	if (!k->btf) {
		r = k->ops->read_btf(k->ctx, &data, &len, &unmap, err);
		if (r < 0)
			return r;
		r = kbtf_open(&k->btf, data, len, unmap, err);
		if (r < 0)
			return r;
	}
	*out = k->btf;
	return 0;
}

int kern_lookup(struct kern *k, const char *const *names, unsigned int n, struct ksym *found,
		struct err *err)
{
	return k->ops->lookup(k->ctx, names, n, found, err);
}

int kern_symbolize(struct kern *k, const uint64_t *addrs, unsigned int n, char (*text)[KSYM_TEXT],
		   struct err *err)
{
	return k->ops->symbolize(k->ctx, addrs, n, text, err);
}

/*
 * The flags were macros, unknown to BTF, until "mm: enumerate all gfp flags" (v6.10)
 * made an enum of bit numbers of them: ___GFP_NOFAIL is 0x8000u in 6.1.
 */
#define GFP_NOFAIL_BEFORE_ENUM 0x8000u

int kern_gfp_nofail(struct kern *k, uint64_t *mask, struct err *err)
{
	const struct kbtf *btf;
	int64_t bit;
	int r = kern_btf(k, &btf, err);

	if (r < 0)
		return r;
	if (kbtf_enum_value(btf, "___GFP_NOFAIL_BIT", &bit) == 0) {
		if (bit < 0 || bit > 63)
			return err_plain(err, -EINVAL, ERR_BTF, "___GFP_NOFAIL_BIT is %lld",
					 (long long)bit);
		*mask = 1ULL << bit;
		return 0;
	}
	/* enumerated, but no longer among them */
	if (kbtf_enum_value(btf, "___GFP_DMA_BIT", &bit) == 0)
		return err_plain(err, -ENOENT, ERR_KERNEL_LACKS,
				 "this kernel's gfp flags have no ___GFP_NOFAIL_BIT");
	*mask = GFP_NOFAIL_BEFORE_ENUM;
	return 0;
}
