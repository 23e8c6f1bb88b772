/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is read of a kernel to be booted: modules.dep and modules.builtin, and the image's header.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vm/modules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The order lies in the text, each module once. */
static void check_order(const struct module_order *order, const char *dep)
{
	size_t len = strlen(dep);

	if (order->n > LIMIT_VM_MODULES)
		abort();
	for (unsigned int i = 0; i < order->n; i++) {
		const struct module_path *p = &order->path[i];
		size_t name_len;
		const char *name = module_name(p, &name_len);

		if (p->at < dep || p->at + p->len > dep + len || name < p->at ||
		    name + name_len > p->at + p->len)
			abort();
		for (unsigned int j = 0; j < i; j++)
			if (p->len == order->path[j].len &&
			    !memcmp(p->at, order->path[j].at, p->len))
				abort();
	}
}

/* up to an empty line modules.builtin, then modules.dep */
static void modules(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct module_order order;
	char msg[128];
	char *dep;

	if (!text)
		return;
	memcpy(text, data, size);
	text[size] = '\0';
	dep = strstr(text, "\n\n");
	if (dep) {
		*dep = '\0';
		dep += 2;
		msg[0] = '\0';
		if (modules_order(dep, text, &order, msg, sizeof(msg)) == 0)
			check_order(&order, dep);
		else if (!msg[0])
			abort();
	}
	free(text);
}

static void image(const uint8_t *data, size_t size)
{
	char release[RELEASE_MAX];
	/* of its own size: one byte too far is seen */
	char *copy = malloc(size ? size : 1);

	if (!copy)
		return;
	memcpy(copy, data, size);
	if (image_release(copy, size, release) == 0 && (!release[0] || strchr(release, '/')))
		abort();
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	modules(data, size);
	image(data, size);
	return 0;
}
