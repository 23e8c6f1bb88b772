/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * retcon doctor: whether functions can be overridden here, why not, and what to do about
 * it. Looking and judging are apart: what follows from which facts is pure.
 */
#pragma once

#include "kern/feat.h"
#include "kern/host.h"
#include "util/buf.h"

/* behind the features of the kernel, and counted on: what else there is a row about */
enum doctor_row_id {
	ROW_BTF = FEAT_COUNT,
	ROW_LIST,      /* the injection list can be read */
	ROW_ADDRESSES, /* and addresses of symbols */
	ROW_KMALLOC,   /* the modes of inject */
	ROW_BIO,
	ROW_ALLOC_PAGE,
	ROW_COUNT,
};

#define DOCTOR_ENGINES (FEAT_KRETPROBE + 1) /* the first rows are */
#define DOCTOR_MODES   (ROW_COUNT - ROW_KMALLOC)

struct doctor_facts {
	struct host host;
	struct feats feats;
	enum sight mode_func[DOCTOR_MODES]; /* should_failslab, ... */
	char clone[DOCTOR_MODES][64];	    /* what the compiler left of one that is not there */
};

enum doctor_answer {
	DOCTOR_NO,
	DOCTOR_YES,
	DOCTOR_UNKNOWN, /* not tested, and nothing speaks against it */
};

struct doctor_row {
	enum doctor_answer answer;
	char reason[240];	 /* "" where the answer is yes */
	const char *missing[12]; /* options without CONFIG_; NULL at the end */
};

struct doctor_remedy {
	char text[400];
	uint32_t rows; /* what it is for, as bits */
};

#define DOCTOR_REMEDIES 12

enum doctor_verdict {
	DOCTOR_WORKS,
	DOCTOR_HOOKS, /* security hooks alone can be overridden */
	DOCTOR_FAILS,
};

struct doctor {
	const struct doctor_facts *facts; /* borrowed */
	enum doctor_verdict verdict;
	bool untested; /* the verdict is the best that may come of it: this user may not try */
	struct doctor_row row[ROW_COUNT];
	struct doctor_remedy remedy[DOCTOR_REMEDIES];
	unsigned int n_remedies;
};

/* this user may load programs: it has the capabilities, and they count */
bool doctor_may_try(const struct host *h);
void doctor_look(struct kern *k, struct doctor_facts *out);
void doctor_judge(struct doctor *d, const struct doctor_facts *facts);

/* "kprobe.multi", "fmod_ret", ...; ROW_COUNT: there is none of that name */
unsigned int doctor_find(const char *name);
const char *doctor_row_name(unsigned int row);
/* what it is good for, in a few words; NULL: the name says it */
const char *doctor_row_use(unsigned int row);

/*
 * As a table of 80 columns, or as one JSON object. `asked` are rows as bits, 0: none in
 * particular; whether all of them work, or else whether overriding does, is the answer.
 */
bool doctor_works(const struct doctor *d, uint32_t asked);
void doctor_text(const struct doctor *d, uint32_t asked, struct buf *out);
void doctor_json(const struct doctor *d, uint32_t asked, struct buf *out);

struct doctor_opts {
	bool json;
	const char *const *names; /* of rows; NULL at the end, or NULL */
};
int doctor_run(const struct doctor_opts *o, struct buf *out, bool *works, struct err *err);
