/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Is it JSON (RFC 8259)? For tests of what writes it. */
#pragma once

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "util/utf8.h"

/* each takes what it reads off *s; false: that is not there */
static inline bool json_check_value(const char **s, unsigned int depth);

static inline void json_check_blank(const char **s)
{
	*s += strspn(*s, " \t\r\n");
}

static inline bool json_check_string(const char **s)
{
	uint32_t code;

	if (*(*s)++ != '"')
		return false;
	while (**s != '"') {
		if ((unsigned char)**s < 0x20)
			return false;
		if (**s != '\\') {
			*s += utf8_decode(*s, strlen(*s), &code);
			if (code == UTF8_INVALID)
				return false;
		} else if ((*s)[1] == 'u') {
			for (unsigned int i = 2; i < 6; i++)
				if (!isxdigit((unsigned char)(*s)[i]))
					return false;
			*s += 6;
		} else if ((*s)[1] && strchr("\"\\/bfnrt", (*s)[1])) {
			*s += 2;
		} else {
			return false;
		}
	}
	++*s;
	return true;
}

static inline bool json_check_number(const char **s)
{
	const char *from;

	*s += **s == '-';
	from = *s;
	*s += strspn(*s, "0123456789");
	if (*s == from || (*from == '0' && *s - from > 1))
		return false;
	if (**s == '.') {
		from = ++*s;
		*s += strspn(*s, "0123456789");
		if (*s == from)
			return false;
	}
	if (**s == 'e' || **s == 'E') {
		++*s;
		*s += **s == '-' || **s == '+';
		from = *s;
		*s += strspn(*s, "0123456789");
		if (*s == from)
			return false;
	}
	return true;
}

/* object or array */
static inline bool json_check_list(const char **s, char close, unsigned int depth)
{
	++*s;
	json_check_blank(s);
	if (**s == close)
		return (*s)++;
	for (;;) {
		json_check_blank(s);
		if (close == '}') {
			if (!json_check_string(s))
				return false;
			json_check_blank(s);
			if (*(*s)++ != ':')
				return false;
		}
		if (!json_check_value(s, depth + 1))
			return false;
		if (**s == close)
			return (*s)++;
		if (*(*s)++ != ',')
			return false;
	}
}

static inline bool json_check_value(const char **s, unsigned int depth)
{
	static const char *const words[] = { "true", "false", "null" };
	bool ok = false;

	json_check_blank(s);
	if (depth > 16)
		return false;
	if (**s == '{' || **s == '[') {
		ok = json_check_list(s, **s == '{' ? '}' : ']', depth);
	} else if (**s == '"') {
		ok = json_check_string(s);
	} else if (**s == '-' || isdigit((unsigned char)**s)) {
		ok = json_check_number(s);
	} else {
		for (unsigned int i = 0; i < 3 && !ok; i++)
			if (!strncmp(*s, words[i], strlen(words[i]))) {
				*s += strlen(words[i]);
				ok = true;
			}
	}
	json_check_blank(s);
	return ok;
}

/* one value and nothing else */
static inline bool json_check(const char *text)
{
	return json_check_value(&text, 0) && !*text;
}
