/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Remembers what was asked of a kernel; who answers is behind struct kern_ops. */
#include "kern/kern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kern/kern_impl.h"
#include "util/cleanup.h"

/* Stacks repeat: most addresses of an event were named for the one before it. */
#define SYMBOL_SLOTS 256

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
	modules_free(k->modules);
	kbtf_free(k->btf);
	free(k->symbols);
	free(k->tracers);
	injectables_free(&k->injectables);
	free(k);
}

void kern_freep(struct kern **k)
{
	kern_free(*k);
}

bool kern_types_only(const struct kern *k)
{
	return k->ops->types_only;
}

static int no_btf(struct err *err)
{
	err_plain(err, -ENOENT, ERR_KERNEL_LACKS, "this kernel has no BTF: no " KERN_BTF_PATH);
	err_note(err, SPAN_NONE,
		 "it takes a kernel built with CONFIG_DEBUG_INFO_BTF=y, as retcon vm runs");
	return -ENOENT;
}

int kern_btf(struct kern *k, const struct kbtf **out, struct err *err)
{
	void *data = NULL;
	size_t len = 0;
	bool unmap = false;
	int r;

	if (!k->btf) {
		r = k->ops->read_btf(k->ctx, &data, &len, &unmap, err);
		if (r == -ENOENT)
			return no_btf(err);
		if (r < 0)
			return r;
		r = kbtf_open(&k->btf, data, len, unmap, err);
		if (r < 0)
			return r;
		if (k->ops->release)
			kbtf_set_release(k->btf, k->ops->release(k->ctx));
	}
	*out = k->btf;
	return 0;
}

int kern_lookup(struct kern *k, const char *const *names, unsigned int n, struct ksym *found,
		struct err *err)
{
	return k->ops->lookup(k->ctx, names, n, false, found, err);
}

int kern_lookup_addrs(struct kern *k, const char *const *names, unsigned int n, struct ksym *found,
		      struct err *err)
{
	return k->ops->lookup(k->ctx, names, n, true, found, err);
}

int kern_event_format(struct kern *k, const char *category, const char *event, char **text,
		      struct err *err)
{
	return k->ops->event_format ? k->ops->event_format(k->ctx, category, event, text, err)
				    : -ENOENT;
}

int kern_events(struct kern *k, char **text)
{
	return k->ops->events ? k->ops->events(k->ctx, text) : -ENOENT;
}

static int symbolize_one(struct kern *k, uint64_t addr, char text[KSYM_TEXT], struct err *err)
{
	struct symbol *slot = &k->symbols[(addr ^ addr >> 8 ^ addr >> 16) % SYMBOL_SLOTS];
	int r = 0;

	if (slot->addr != addr || !slot->text[0]) {
		slot->addr = addr;
		r = k->ops->symbolize(k->ctx, &addr, 1, &slot->text, err);
	}
	if (r)
		slot->text[0] = '\0';
	memcpy(text, slot->text, KSYM_TEXT);
	return r;
}

int kern_symbolize(struct kern *k, const uint64_t *addrs, unsigned int n, char (*text)[KSYM_TEXT],
		   struct err *err)
{
	int r = 0;

	if (!k->symbols)
		k->symbols = calloc(SYMBOL_SLOTS, sizeof(*k->symbols));
	if (!k->symbols)
		return err_nomem(err);
	for (unsigned int i = 0; i < n && !r; i++)
		r = symbolize_one(k, addrs[i], text[i], err);
	return r;
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
