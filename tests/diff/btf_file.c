/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A module's BTF goes on where its kernel's ends: ids and offsets of strings count on.
 * Types behind types and strings behind strings are one BTF with the same ids.
 */
#include "btf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "util/cleanup.h"

struct blob {
	uint8_t *data;
	size_t len;
};

static void blob_free(struct blob *b)
{
	free(b->data);
}

/* as far as joining goes; the reader looks at the rest */
static bool is_sane(const struct blob *b)
{
	const struct btf_header *h = (const void *)b->data;

	return b->len >= sizeof(*h) && h->hdr_len >= sizeof(*h) &&
	       (uint64_t)h->hdr_len + h->type_off + h->type_len <= b->len &&
	       (uint64_t)h->hdr_len + h->str_off + h->str_len <= b->len;
}

static int blob_read(struct blob *b, const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	b->data = malloc((size_t)st.st_size);
	if (!b->data)
		return -ENOMEM;
	while (b->len < (size_t)st.st_size) {
		ssize_t n = read(fd, b->data + b->len, (size_t)st.st_size - b->len);

		if (n <= 0)
			return n ? -errno : -EIO;
		b->len += (size_t)n;
	}
	return is_sane(b) ? 0 : -EINVAL;
}

static int join(const struct blob *a, const struct blob *b, struct blob *out)
{
	const struct btf_header *x = (const void *)a->data, *y = (const void *)b->data;
	struct btf_header h = *x;

	h.hdr_len = sizeof(h);
	h.type_off = 0;
	h.type_len = x->type_len + y->type_len;
	h.str_off = h.type_len;
	h.str_len = x->str_len + y->str_len;
	out->len = sizeof(h) + h.type_len + h.str_len;
	out->data = malloc(out->len);
	if (!out->data)
		return -ENOMEM;
	memcpy(out->data, &h, sizeof(h));
	out->len = sizeof(h);
#define ADD(from, off, size)                                                                       \
	do {                                                                                       \
		memcpy(out->data + out->len, (from)->data + (off), size);                          \
		out->len += (size);                                                                \
	} while (0)
	ADD(a, x->hdr_len + x->type_off, x->type_len);
	ADD(b, y->hdr_len + y->type_off, y->type_len);
	ADD(a, x->hdr_len + x->str_off, x->str_len);
	ADD(b, y->hdr_len + y->str_off, y->str_len);
	return 0;
}

/* takes what is in the blob */
static int open_blob(struct blob *b, struct kbtf **out)
{
	struct err err = { 0 };
	int ret = kbtf_open(out, b->data, b->len, false, &err);

	if (ret == 0)
		b->data = NULL;
	return ret;
}

int btf_file_open(const char *path, struct kbtf **out)
{
	_cleanup_(blob_free) struct blob b = { 0 };
	int ret = blob_read(&b, path);

	return ret < 0 ? ret : open_blob(&b, out);
}

int btf_file_join(const char *kernel, const char *module, struct kbtf **out)
{
	_cleanup_(blob_free) struct blob k = { 0 }, m = { 0 }, both = { 0 };
	int ret = blob_read(&k, kernel);

	if (ret == 0)
		ret = blob_read(&m, module);
	if (ret == 0)
		ret = join(&k, &m, &both);
	return ret < 0 ? ret : open_blob(&both, out);
}
