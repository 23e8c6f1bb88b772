/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/prog.h"

#include <stdlib.h>

void prog_free(struct prog *p)
{
	if (!p)
		return;
	for (uint32_t i = 0; p->notes && i < p->n_notes; i++)
		free(p->notes[i].text);
	free(p->notes);
	free(p->lines);
	free(p->relocs);
	free(p->insns);
	*p = (struct prog){ 0 };
}
