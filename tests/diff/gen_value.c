/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where all that is random comes from. */
#include "gen.h"

#define COUNT(a) (unsigned int)(sizeof(a) / sizeof((a)[0]))

/* splitmix64 */
uint64_t gen_random(struct gen *g)
{
	uint64_t z = g->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

unsigned int gen_below(struct gen *g, unsigned int n)
{
	return (unsigned int)(gen_random(g) % n);
}

uint64_t gen_value(struct gen *g)
{
	static const uint64_t edges[] = {
		0,	    1,		2,	    5,	       7,	   127,	       128,
		255,	    256,	32767,	    32768,     65535,	   65536,      INT32_MAX,
		1ull << 31, UINT32_MAX, 1ull << 32, INT64_MAX, 1ull << 63, UINT64_MAX,
	};
	uint64_t v = edges[gen_below(g, COUNT(edges))];

	switch (gen_below(g, 4)) {
	case 0:
		return -v;
	case 1:
		return v + gen_below(g, 3) - 1;
	case 2:
		return gen_random(g) >> gen_below(g, 64);
	default:
		return v;
	}
}
