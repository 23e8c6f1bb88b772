/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a kernel says about itself, and files of kernels: a verifier's log, a configuration,
 * plain or packed, a list of functions, a tracepoint's format, BTF by itself or in an ELF file.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/load.h"
#include "kern/config.h"
#include "kern/injectable.h"
#include "kern/kern.h"
#include "kern/listed.h"
#include "kern/tracepoint.h"
#include "util/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void verifier_log(const uint8_t *data, size_t size)
{
	char *log = strndup((const char *)data, size);
	struct verifier_complaint c;

	if (!log)
		return;
	c = verifier_complaint(log);
	/* its text lies in the log, or is the one for none */
	if (!c.text || (c.found && (c.text < log || c.text + c.len > log + strlen(log))))
		abort();
	free(log);
}

static void configuration(const char *path)
{
	struct kconfig *c;

	if (kconfig_file(&c, path) < 0)
		return;
	kconfig_get(c, "KPROBES");
	kconfig_get(c, "X");
	kconfig_get(c, "");
	kconfig_free(c);
}

static void list(const char *path)
{
	char rest[8];

	if (list_find(path, "f", "g", rest, sizeof(rest)) == LIST_HAS &&
	    strnlen(rest, sizeof(rest)) == sizeof(rest))
		abort();
}

/* what is read of it lies in the text, and is found again */
static void injectable(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct injectables l;

	if (!text || injectables_parse(&l, text, NULL) < 0)
		return;
	injectables_sort(&l);
	for (size_t i = 0; i < l.n; i++)
		if (injectables_find(&l, l.entry[i].name, l.entry[i].module) != &l.entry[i] ||
		    l.entry[i].line >= l.lines)
			abort();
	injectables_free(&l);
}

/* what is read is not odd in itself; where it fails there are words for it */
static void tracepoint(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = strndup((const char *)data, size);
	struct tracepoint t;
	struct err err = { 0 };

	if (!text)
		return;
	if (tracepoint_parse(text, &t, &err) < 0) {
		if (!err.msg[0])
			abort();
		return;
	}
	for (unsigned int i = 0; i < t.n_fields; i++) {
		const struct tracepoint_field *f = &t.fields[i];

		if (!f->name[0] || !f->type[0] || !tracepoint_find(&t, f->name) ||
		    (f->count && (!f->is_array || f->size % f->count)))
			abort();
	}
	tracepoint_free(&t);
}

static void types(const char *path)
{
	_cleanup_(kern_freep) struct kern *k = NULL;
	const struct kbtf *btf;
	struct err err = { 0 };
	struct ksym found = { 0 };

	if (kern_file(&k, path, &err) < 0 || kern_btf(k, &btf, &err) < 0)
		return;
	kern_lookup(k, (const char *const[]){ "f" }, 1, &found, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	static char path[64];

	verifier_log(data, size);
	injectable(data, size);
	tracepoint(data, size);
	if (fd < 0) {
		fd = memfd_create("file", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	if (ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
		return 0;
	configuration(path);
	list(path);
	types(path);
	return 0;
}
