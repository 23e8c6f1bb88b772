// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "cli/paint.h"
#include "cli/stay.h"
#include "feature/report.h"
#include "util/cleanup.h"

struct watch {
	struct retcon_session *session;
	struct watch_opts *o;
	struct report_style style;
	int write_error; /* first failure to print, -errno */
	int command_status;
};

void watch_signals(sigset_t *set)
{
	struct sigaction hup;

	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	if (sigaction(SIGHUP, NULL, &hup) == 0 && hup.sa_handler != SIG_IGN)
		sigaddset(set, SIGHUP); /* under nohup(1) it stays ignored */
	sigaddset(set, SIGCHLD);
}

int watch_heed_signals(void)
{
	sigset_t set, child;

	watch_signals(&set);
	sigdelset(&set, SIGCHLD);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD); /* CMD may end at any time */
	signal(SIGPIPE, SIG_IGN);   /* a closed pipe ends us by its errno, disarmed first */
	return sigprocmask(SIG_BLOCK, &child, NULL) || sigprocmask(SIG_UNBLOCK, &set, NULL)
		       ? EXIT_FAILED
		       : 0;
}

int watch_block_signals(void)
{
	sigset_t set;

	watch_signals(&set);
	return sigprocmask(SIG_BLOCK, &set, NULL) ? EXIT_FAILED : 0;
}

int watch_write(int fd, const char *text, size_t len)
{
	struct pollfd room = { fd, POLLOUT, 0 };

	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		/* others have made it so for themselves: it is theirs as well */
		if (n < 0 && errno == EAGAIN && poll(&room, 1, -1) >= 0)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

int watch_print(int fd, const char *text, size_t len)
{
	_cleanup_buf_ struct buf painted = { 0 };

	if (!paint_wanted(fd))
		return watch_write(fd, text, len);
	paint(text, len, &painted);
	return buf_err(&painted) ? buf_err(&painted)
				 : watch_write(fd, buf_str(&painted), painted.len);
}

static int emit(struct watch *w, struct buf *b)
{
	int (*put)(int, const char *, size_t) = w->style.json ? watch_write : watch_print;

	if (!w->write_error)
		w->write_error = buf_err(b) ? buf_err(b) : put(w->o->out, buf_str(b), b->len);
	buf_free(b);
	return w->write_error;
}

static int on_event(void *arg, const struct retcon_event *e)
{
	struct watch *w = arg;
	struct buf b = { 0 };

	if (w->o->quiet)
		return 0;
	report_event(&b, &w->style, e);
	return emit(w, &b);
}

uint64_t watch_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* what was armed, in one style */
static void put_armed(struct watch *w, const struct report_style *style, struct buf *b)
{
	for (size_t i = 0; i < retcon_session_rules(w->session); i++)
		report_armed(b, style, w->o->mode, retcon_session_rule(w->session, i),
			     retcon_session_engine(w->session, i));
}

/* people and scripts wait for these lines, wherever the events go */
static int announce(struct watch *w)
{
	struct report_style text = { .start = w->style.start, .dry = w->style.dry };
	struct buf b = { 0 };
	int ret;

	if (w->o->quiet)
		return 0;
	cli_say_notes(retcon_session_late_notes(w->session));
	put_armed(w, &text, &b);
	ret = buf_err(&b) ? buf_err(&b) : watch_write(STDERR_FILENO, buf_str(&b), b.len);
	buf_free(&b);
	if (ret || !w->style.json)
		return ret;
	put_armed(w, &w->style, &b);
	return emit(w, &b);
}

/* nobody hears of injections any more if they cannot be printed */
static int read_events(void *arg)
{
	struct watch *w = arg;

	retcon_session_events(w->session, on_event, w);
	return w->write_error;
}

static void disarm(void *arg)
{
	struct watch *w = arg;

	retcon_session_disarm(w->session);
}

static int stay(struct watch *w, struct child *child)
{
	struct stay s = {
		.fd = retcon_session_fd(w->session),
		.read = read_events,
		.disarm = disarm,
		.arg = w,
		.limit_ns = w->o->limit_ns,
		.held = w->o->held,
		.child = child,
	};
	int ret = stay_with(&s);

	w->command_status = s.command_status;
	w->o->command_ended = s.command_ended;
	w->o->interrupted |= s.interrupted;
	return ret;
}

/* the numbers: of each rule, if there are several, and of all */
static void put_summary(struct watch *w, struct buf *b)
{
	struct retcon_stats all = { .sz = sizeof(all) };
	size_t n = retcon_session_rules(w->session);

	for (size_t i = 0; n > 1 && i < n; i++) {
		struct retcon_stats one = { .sz = sizeof(one) };

		retcon_session_rule_stats(w->session, i, &one);
		report_rule_summary(b, &w->style, retcon_session_rule(w->session, i), i == 0, &one);
	}
	retcon_session_stats(w->session, &all);
	report_summary(b, &w->style, &all);
	if (!all.hits)
		report_perhaps(b, &w->style, retcon_session_warnings(w->session));
}

/* as wide as the terminal, if it is one */
static unsigned int columns(const struct watch *w)
{
	struct winsize size;

	return ioctl(w->o->out, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 100;
}

/* what became of each injection */
static void put_paths(struct watch *w, struct buf *b)
{
	const char *text = w->style.json ? retcon_session_paths_json(w->session)
					 : retcon_session_paths(w->session, columns(w));

	if (text)
		buf_puts(b, text);
	if (b->len && !w->style.json)
		buf_putc(b, '\n');
}

static int finish(struct watch *w, int ret)
{
	struct buf b = { 0 };

	retcon_session_disarm(w->session);
	if (!w->o->quiet) {
		put_paths(w, &b);
		put_summary(w, &b);
		emit(w, &b);
	}
	if (w->write_error)
		fprintf(stderr, "retcon: cannot print events: %s\n", strerror(-w->write_error));
	else if (ret)
		fprintf(stderr, "retcon: cannot wait for events: %s\n", strerror(-ret));
	if (w->o->command_ended)
		return w->command_status;
	return ret || w->write_error ? EXIT_FAILED : EXIT_DONE;
}

int watch_session(struct retcon_session *s, struct watch_opts *o, struct child *child)
{
	struct watch w = { .session = s, .o = o, .style = { o->json, o->start, o->dry } };
	int ret = announce(&w);

	if (!ret && child->pid > 0) {
		int code = child_release(child, o->command);

		if (code) {
			finish(&w, 0);
			return code;
		}
	}
	if (!ret) {
		if (!o->quiet)
			cli_say_notes(retcon_session_warnings(s));
		ret = stay(&w, child);
	}
	return finish(&w, ret);
}
