/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a guest says, on its console and in frames on its port: any bytes, in any pieces. */
#define CONSOLE_KEEP 500 /* many an input has more, and what is old is dropped */
#include "../../src/vm/console.c"
#include "../../src/vm/pump.c"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void console(const uint8_t *data, size_t size)
{
	static struct console con;
	char *(*const words[])(const struct console *) = { console_crash_words, console_warn_words,
							   console_last_words };
	size_t piece = size ? 1 + data[0] : 1;

	con.len = 0;
	con.text[0] = '\0';
	for (size_t at = 0; at < size; at += piece)
		console_add(&con, (const char *)data + at, size - at < piece ? size - at : piece);
	if (con.len > CONSOLE_KEEP || strlen(con.text) != con.len)
		abort();
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		char *text = words[i](&con);

		if (text && !*text)
			abort();
		free(text);
	}
	console_has_panic(&con);
	console_has_warn(&con);
}

/* as pump_run() does, but that outputs take everything at once */
static int frames(struct pump *p)
{
	int ret = parse_frames(p);

	while (ret == 0 && output_fd(p) >= 0) {
		size_t n = p->len - p->at < p->left ? p->len - p->at : p->left;

		p->at += n;
		p->left -= n;
		ret = parse_frames(p);
	}
	return ret;
}

static void port(const uint8_t *data, size_t size)
{
	static struct pump p;
	size_t piece = size ? 1 + data[size - 1] * (size_t)16 : 1;

	p.at = p.len = p.head_len = p.left = p.say_len = 0;
	p.ended = false;
	for (size_t at = 0; at < size && !p.ended; at += p.len) {
		p.at = 0;
		p.len = size - at < piece ? size - at : piece;
		memcpy(p.buf, data + at, p.len);
		if (frames(&p) < 0)
			break;
		/* all was taken, or it has ended */
		if (!p.ended && p.at != p.len)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	console(data, size);
	port(data, size);
	return 0;
}
