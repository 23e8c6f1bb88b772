/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the sanitizers take as given in all targets. Nothing less is looked for: an
 * allocation is remembered with its caller alone, which the input tells again, and
 * freed memory is kept from use for 8 MB, more than one input ever frees.
 */
const char *__asan_default_options(void);

__attribute__((visibility("default"))) const char *__asan_default_options(void)
{
	return "malloc_context_size=1:quarantine_size_mb=8";
}
