/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * modules.dep has a line for each module, "PATH: PATH...", with what it needs;
 * modules.builtin a path for each that is built in: kernel's
 * Documentation/kbuild/kbuild.rst, and depmod(8).
 */
#define _GNU_SOURCE
#include "vm/modules.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Documentation/x86/boot.rst, from the start of the image */
#define HDR_MAGIC   0x202
#define HDR_RELEASE 0x20e /* where the release is, less the boot sector */
#define BOOT_SECTOR 0x200

static const struct needed_module {
	const char *name;
	const char *option;
	bool optional;
} needed[] = {
	{ "virtio_pci", "VIRTIO_PCI", false },
	{ "virtio_console", "VIRTIO_CONSOLE", false },
	{ "9pnet_virtio", "NET_9P_VIRTIO", false },
	{ "9p", "9P_FS", false },
	{ "overlay", "OVERLAY_FS", false },
	/* else the first that asks for random numbers may wait for them */
	{ "virtio_rng", "HW_RANDOM_VIRTIO", true },
};

const char *module_name(const struct module_path *path, size_t *len)
{
	const char *slash = memrchr(path->at, '/', path->len);
	const char *name = slash ? slash + 1 : path->at;
	size_t left = path->len - (size_t)(name - path->at);
	const char *end = memmem(name, left, ".ko", 3);

	*len = end ? (size_t)(end - name) : left;
	return name;
}

/* As modprobe(8) has it: '-' and '_' are the same. */
static bool has_name(const struct module_path *path, const char *name)
{
	size_t len;
	const char *at = module_name(path, &len);

	if (strlen(name) != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (at[i] != name[i] && !(at[i] == '-' && name[i] == '_'))
			return false;
	return true;
}

/* The path at the start of a line: it ends at a colon or with the line. */
static struct module_path line_path(const char *line)
{
	return (struct module_path){ .at = line, .len = strcspn(line, ":\n") };
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line ? line + 1 : line;
}

static bool same_path(const struct module_path *a, const struct module_path *b)
{
	return a->len == b->len && !memcmp(a->at, b->at, a->len);
}

/* The line that begins with the path of a module of this name, or NULL. */
static const char *find_named(const char *text, const char *name)
{
	for (const char *line = text; *line; line = next_line(line)) {
		struct module_path at = line_path(line);

		if (has_name(&at, name))
			return line;
	}
	return NULL;
}

static const char *find_path(const char *text, const struct module_path *path)
{
	for (const char *line = text; *line; line = next_line(line)) {
		struct module_path at = line_path(line);

		if (same_path(&at, path))
			return line;
	}
	return NULL;
}

static bool in_order(const struct module_order *order, const struct module_path *path)
{
	for (unsigned int i = 0; i < order->n; i++)
		if (same_path(&order->path[i], path))
			return true;
	return false;
}

/* After what it needs. A chain longer than all that may be loaded is a circle. */
static int add_module(const char *dep, const char *line, unsigned int depth,
		      struct module_order *order)
{
	struct module_path path = line_path(line);
	const char *at = line + path.len;
	int ret;

	if (in_order(order, &path))
		return 0;
	if (depth == LIMIT_VM_MODULES)
		return -E2BIG;
	at += *at == ':';
	for (;;) {
		struct module_path need = { .at = at + strspn(at, " \t") };
		const char *need_line;

		need.len = strcspn(need.at, " \t\n");
		if (!need.len)
			break;
		at = need.at + need.len;
		need_line = find_path(dep, &need);
		if (!need_line)
			return -ENOENT;
		ret = add_module(dep, need_line, depth + 1, order);
		if (ret)
			return ret;
	}
	if (order->n == LIMIT_VM_MODULES)
		return -E2BIG;
	order->path[order->n++] = path;
	return 0;
}

static int say_broken(const char *name, int err, char *msg, size_t len)
{
	if (err == -E2BIG)
		snprintf(msg, len, "its modules.dep is broken: %s needs itself, or more than %d",
			 name, LIMIT_VM_MODULES);
	else
		snprintf(msg, len,
			 "its modules.dep does not list all that %s needs: depmod makes it anew",
			 name);
	return err;
}

int modules_order(const char *dep, const char *builtin, struct module_order *out, char *msg,
		  size_t len)
{
	struct module_order order = { .n = 0 };

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		const struct needed_module *m = &needed[i];
		const char *line;
		int ret;

		if (find_named(builtin, m->name))
			continue;
		line = find_named(dep, m->name);
		if (!line && m->optional)
			continue;
		if (!line) {
			snprintf(msg, len,
				 "it has %s neither built in nor as a module: take a kernel with "
				 "CONFIG_%s, or run depmod if it has",
				 m->name, m->option);
			return -ENOENT;
		}
		ret = add_module(dep, line, 0, &order);
		if (ret)
			return say_broken(m->name, ret, msg, len);
	}
	*out = order;
	return 0;
}

int image_release(const void *image, size_t len, char out[RELEASE_MAX])
{
	const unsigned char *b = image;
	const char *at;
	size_t start;
	size_t n;

	if (len < HDR_RELEASE + 2 || memcmp(b + HDR_MAGIC, "HdrS", 4))
		return -EINVAL;
	start = BOOT_SECTOR + (b[HDR_RELEASE] | (size_t)b[HDR_RELEASE + 1] << 8);
	at = (const char *)image + start;
	/* It becomes part of a path. */
	for (n = 0; start + n < len && isgraph((unsigned char)at[n]) && at[n] != '/'; n++)
		if (n + 1 == RELEASE_MAX)
			return -EINVAL;
	if (start == BOOT_SECTOR || !n || start + n == len || at[0] == '.')
		return -EINVAL;
	memcpy(out, at, n);
	out[n] = '\0';
	return 0;
}
