// SPDX-License-Identifier: LGPL-2.1-or-later
/* The list of injectable functions: read, sorted, looked up, and not to be had. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_kern.h"
#include "kern/injectable.h"
#include "util/cleanup.h"
#include "util/limits.h"

#define MODULE_55 "m23456789_123456789_123456789_123456789_123456789_12345"

static struct injectables parse(const char *text)
{
	struct injectables l;
	struct err err = { 0 };
	char *copy = strdup(text);

	assert_non_null(copy);
	assert_int_equal(injectables_parse(&l, copy, &err), 0);
	injectables_sort(&l);
	return l;
}

static void assert_entry(const struct injectable *e, const char *name, const char *module,
			 enum kern_error_type type)
{
	assert_string_equal(e->name, name);
	assert_int_equal(e->module != NULL, module != NULL);
	if (module)
		assert_string_equal(e->module, module);
	assert_int_equal(e->type, type);
}

static void sorted_and_merged(void **state)
{
	struct injectables l = parse("zulu\tNULL\n"
				     "alpha [mod_b]\tTRUE\n"
				     "alpha\tERRNO\n"
				     "zulu\tNULL\n"
				     "alpha [mod_a]\tERRNO_NULL\n"
				     "alpha [mod_b]\tTRUE\n");

	(void)state;
	assert_int_equal(l.n, 4);
	assert_entry(&l.entry[0], "alpha", NULL, KERN_ERROR_ERRNO);
	assert_entry(&l.entry[1], "alpha", "mod_a", KERN_ERROR_ERRNO_NULL);
	assert_entry(&l.entry[2], "alpha", "mod_b", KERN_ERROR_TRUE);
	assert_entry(&l.entry[3], "zulu", NULL, KERN_ERROR_NULL);
	injectables_free(&l);
}

static void found_by_name_and_module(void **state)
{
	struct injectables l = parse("f [m]\tERRNO\nf\tNULL\ng\tTRUE");

	(void)state;
	assert_int_equal(injectables_find(&l, "f", NULL)->type, KERN_ERROR_NULL);
	assert_int_equal(injectables_find(&l, "f", "m")->type, KERN_ERROR_ERRNO);
	assert_int_equal(injectables_find(&l, "g", NULL)->type, KERN_ERROR_TRUE);
	assert_null(injectables_find(&l, "g", "m"));
	assert_null(injectables_find(&l, "h", NULL));
	injectables_free(&l);
	assert_null(injectables_find(&l, "f", NULL));
}

/* a line that is none of the kernel's is nobody's function; a type yet to come is unknown */
static void other_lines_are_left_out(void **state)
{
	static const char *const lines[] = { "",
					     "\n\n",
					     "f",
					     "f ERRNO",
					     "\tERRNO",
					     " [m]\tERRNO",
					     "f []\tERRNO",
					     "f [m\tERRNO",
					     "f m]\tERRNO",
					     "f [m] x\tERRNO" };
	struct injectables l;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		l = parse(lines[i]);
		assert_int_equal(l.n, 0);
		injectables_free(&l);
	}
	l = parse("f\tLATER\n");
	assert_int_equal(l.n, 1);
	assert_entry(l.entry, "f", NULL, KERN_ERROR_UNKNOWN);
	injectables_free(&l);
}

static void names_as_long_as_names_are(void **state)
{
	char line[LIMIT_IDENT + 16];
	struct injectables l;

	(void)state;
	for (size_t over = 0; over < 2; over++) {
		memset(line, 'n', LIMIT_IDENT + over);
		strcpy(line + LIMIT_IDENT + over, "\tERRNO\n");
		l = parse(line);
		assert_int_equal(l.n, !over);
		injectables_free(&l);
	}
	l = parse("f [" MODULE_55 "]\tERRNO\n");
	assert_int_equal(l.n, 1);
	assert_string_equal(l.entry->module, MODULE_55);
	injectables_free(&l);
	l = parse("f [" MODULE_55 "678901234]\tERRNO\n");
	assert_int_equal(l.n, 0);
	injectables_free(&l);
}

static void lists_as_long_as_lists_may_be(void **state)
{
	struct err err = { 0 };
	struct injectables l;

	(void)state;
	for (size_t over = 0; over < 2; over++) {
		char *text = malloc(LIMIT_LIST_BYTES + over + 1);

		assert_non_null(text);
		memset(text, '\n', LIMIT_LIST_BYTES + over);
		memcpy(text, "f\tNULL", 6);
		text[LIMIT_LIST_BYTES + over] = '\0';
		assert_int_equal(injectables_parse(&l, text, &err), over ? -E2BIG : 0);
		if (!over)
			injectables_free(&l);
	}
	assert_int_equal(err.tag, ERR_LIMIT);
}

static void type_names(void **state)
{
	(void)state;
	assert_string_equal(kern_error_type_name(KERN_ERROR_UNKNOWN), "?");
	assert_string_equal(kern_error_type_name(KERN_ERROR_NULL), "NULL");
	assert_string_equal(kern_error_type_name(KERN_ERROR_ERRNO_NULL), "ERRNO_NULL");
	assert_string_equal(kern_error_type_name(KERN_ERROR_TRUE), "TRUE");
	assert_string_equal(kern_error_type_name((enum kern_error_type)99), "?");
}

static unsigned int reads;

static int count_reads(void *ctx, char **text, struct err *err)
{
	(void)ctx;
	(void)err;
	reads++;
	*text = strdup("f\tERRNO\n");
	return *text ? 0 : -ENOMEM;
}

static void read_once(void **state)
{
	static const struct kern_ops ops = { .injection_list = count_reads };
	_cleanup_(kern_freep) struct kern *k = NULL;
	const struct injectable *list, *again;
	const struct ksym sym = { .addr = 1 };
	struct err err = { 0 };
	size_t n;

	(void)state;
	reads = 0;
	assert_int_equal(kern_new(&k, &ops, NULL, &err), 0);
	assert_int_equal(kern_injectables(k, true, &list, &n, &err), 0);
	assert_int_equal(n, 1);
	assert_int_equal(kern_injectables(k, true, &again, &n, &err), 0);
	assert_ptr_equal(list, again);
	assert_int_equal(kern_error_type(k, "f", &sym), KERN_ERROR_ERRNO);
	assert_int_equal(reads, 1);
}

static int refuse(void *ctx, char **text, struct err *err)
{
	(void)ctx;
	(void)text;
	return err_plain(err, -EACCES, ERR_PERMISSION, "only root");
}

static void no_list_to_be_had(void **state)
{
	static const struct kern_ops none = { .read_btf = NULL };
	static const struct kern_ops refused = { .injection_list = refuse };
	const struct ksym sym = { .addr = 1 };
	const struct injectable *list;
	struct err err = { 0 };
	struct kern *k;
	size_t n;

	(void)state;
	assert_int_equal(kern_new(&k, &none, NULL, &err), 0);
	assert_int_equal(kern_injectables(k, true, &list, &n, &err), -ENOENT);
	assert_int_equal(err.tag, ERR_KERNEL_LACKS);
	kern_free(k);
	err = (struct err){ 0 };
	assert_int_equal(kern_new(&k, &refused, NULL, &err), 0);
	assert_int_equal(kern_injectables(k, true, &list, &n, &err), -EACCES);
	assert_string_equal(err.msg, "only root");
	assert_int_equal(kern_error_type(k, "f", &sym), KERN_ERROR_UNKNOWN);
	kern_free(k);
}

/* by its own name, by the first name of its address, and only in its own module */
static void error_types(void **state)
{
	static const struct {
		const char *name;
		enum kern_error_type type;
	} rows[] = {
		{ "should_failslab", KERN_ERROR_ERRNO },
		{ "should_fail_alloc_page", KERN_ERROR_TRUE },
		{ "d_alloc", KERN_ERROR_ERRNO_NULL },
		{ "six_args", KERN_ERROR_UNKNOWN },
		{ FAKE_MODULE ":six_args", KERN_ERROR_ERRNO },
		{ "mod_alloc", KERN_ERROR_NULL },
		{ FAKE_MODULE ":mod_alloc", KERN_ERROR_NULL },
		{ "vfs_read", KERN_ERROR_UNKNOWN },
		{ "nobody", KERN_ERROR_UNKNOWN },
	};
	_cleanup_(kern_freep) struct kern *k = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(fake_kern(&k, NULL, &err), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ksym sym;

		assert_int_equal(kern_lookup(k, &rows[i].name, 1, &sym, &err), 0);
		assert_int_equal(kern_error_type(k, rows[i].name, &sym), rows[i].type);
	}
}

/* A kernel whose list of addresses can be read, rightly or not. */
struct walked {
	struct kern *types; /* the fixture's */
	const char *text;
	const uint64_t *addrs;
	size_t n;
	unsigned int lookups;
};

static int walked_lookup(void *ctx, const char *const *names, unsigned int n, bool only_addr,
			 struct ksym *found, struct err *err)
{
	struct walked *w = ctx;

	w->lookups += n;
	return only_addr ? kern_lookup_addrs(w->types, names, n, found, err)
			 : kern_lookup(w->types, names, n, found, err);
}

static int walked_symbolize(void *ctx, const uint64_t *addrs, unsigned int n,
			    char (*text)[KSYM_TEXT], struct err *err)
{
	struct walked *w = ctx;

	return kern_symbolize(w->types, addrs, n, text, err);
}

static int walked_list(void *ctx, char **text, struct err *err)
{
	struct walked *w = ctx;

	(void)err;
	*text = strdup(w->text);
	return *text ? 0 : -ENOMEM;
}

static int walked_addrs(void *ctx, uint64_t *addrs, size_t max, size_t *n)
{
	struct walked *w = ctx;

	if (!w->n)
		return -EFAULT;
	if (w->n > max)
		return -E2BIG;
	memcpy(addrs, w->addrs, w->n * sizeof(*addrs));
	*n = w->n;
	return 0;
}

static const struct kern_ops walked_ops = {
	.lookup = walked_lookup,
	.symbolize = walked_symbolize,
	.injection_list = walked_list,
	.injectable_addrs = walked_addrs,
};

/* believed if they are those of the names; looked up by name if not, and gone if not found */
static void addresses(void **state)
{
	static const char text[] = "vfs_read\tERRNO\nsix_args [" FAKE_MODULE "]\tERRNO\n"
				   "six_args\tTRUE\nvfs_read\tERRNO\n";
	static const char *const names[] = { "vfs_read", FAKE_MODULE ":six_args", "six_args" };
	struct walked w = { .text = text };
	const struct injectable *list;
	struct err err = { 0 };
	struct ksym found[3];
	uint64_t addrs[5];
	struct kern *k;
	size_t n;

	(void)state;
	assert_int_equal(fake_kern(&w.types, NULL, &err), 0);
	assert_int_equal(kern_lookup(w.types, names, 3, found, &err), 0);
	w.addrs = addrs;
	for (unsigned int damage = 0; damage < 6; damage++) {
		addrs[0] = addrs[3] = addrs[4] = found[0].addr;
		addrs[1] = found[1].addr + (damage == 1);
		addrs[2] = damage == 2 ? 0 : found[2].addr;
		w.n = damage == 3 ? 3 : damage == 4 ? 5 : damage == 5 ? 0 : 4;
		w.lookups = 0;
		assert_int_equal(kern_new(&k, &walked_ops, &w, &err), 0);
		assert_int_equal(kern_injectables(k, true, &list, &n, &err), 0);
		assert_int_equal(n, 3);
		assert_int_equal(list[0].addr, 0);
		assert_int_equal(kern_injectable_addrs(k, &err), 0);
		assert_int_equal(w.lookups, damage ? 3 : 0);
		assert_int_equal(list[0].addr, found[2].addr);
		assert_int_equal(list[1].addr, found[1].addr);
		assert_int_equal(list[2].addr, found[0].addr);
		assert_int_equal(kern_injectable_addrs(k, &err), 0);
		assert_int_equal(w.lookups, damage ? 3 : 0);
		kern_free(k);
	}
	w.text = "gone\tERRNO\n";
	w.n = 0;
	assert_int_equal(kern_new(&k, &walked_ops, &w, &err), 0);
	assert_int_equal(kern_injectable_addrs(k, &err), 0);
	assert_int_equal(kern_injectables(k, true, &list, &n, &err), 0);
	assert_int_equal(list[0].addr, 0);
	kern_free(k);
	kern_free(w.types);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sorted_and_merged),
		cmocka_unit_test(found_by_name_and_module),
		cmocka_unit_test(other_lines_are_left_out),
		cmocka_unit_test(names_as_long_as_names_are),
		cmocka_unit_test(lists_as_long_as_lists_may_be),
		cmocka_unit_test(type_names),
		cmocka_unit_test(read_once),
		cmocka_unit_test(no_list_to_be_had),
		cmocka_unit_test(error_types),
		cmocka_unit_test(addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
