/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Streaming JSON into a buf; commas and escapes are its business. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/buf.h"

struct json {
	struct buf *out;
	bool need_comma;
};

void json_begin(struct json *j, char open); /* '{' or '[' */
void json_end(struct json *j, char close);
void json_key(struct json *j, const char *key);
void json_str(struct json *j, const char *s); /* invalid UTF-8 becomes U+FFFD */
void json_strn(struct json *j, const char *s, size_t len);
void json_int(struct json *j, int64_t v);
void json_uint(struct json *j, uint64_t v);
void json_bool(struct json *j, bool v);
void json_double(struct json *j, double v);
void json_null(struct json *j);
