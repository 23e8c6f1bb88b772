// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdlib.h>

#include "comp/comp.h"
#include "comp/ir.h"

void prog_set_free(struct prog_set *s)
{
	for (unsigned int i = 0; s->progs && i < s->n_progs; i++)
		prog_free(&s->progs[i]);
	free(s->progs);
	*s = (struct prog_set){ 0 };
}

void prog_set_print(const struct prog_set *s, struct buf *out)
{
	for (unsigned int i = 0; i < s->n_progs; i++) {
		const struct prog *p = &s->progs[i];

		buf_printf(out, "%s%s%s%s:\n", out->len ? "\n" : "", p->name,
			   p->func[0] ? " on " : "", p->func);
		prog_print(p, out);
	}
}
