// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>

#include "feature/report.h"
#include "util/cleanup.h"

struct watch {
	struct retcon_session *session;
	struct watch_opts *o;
	struct report_style style;
	int write_error; /* first failure to print, -errno */
	int command_status;
	bool over;
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

int watch_block_signals(void)
{
	sigset_t set;

	watch_signals(&set);
	signal(SIGPIPE, SIG_IGN); /* a closed pipe ends us by its errno, disarmed first */
	return sigprocmask(SIG_BLOCK, &set, NULL) ? EXIT_FAILED : 0;
}

int watch_write(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

static int emit(struct watch *w, struct buf *b)
{
	if (!w->write_error)
		w->write_error =
			buf_err(b) ? buf_err(b) : watch_write(w->o->out, buf_str(b), b->len);
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

static void on_signal(struct watch *w, int fd, struct child *child)
{
	struct signalfd_siginfo si;
	int status;

	if (read(fd, &si, sizeof(si)) != sizeof(si))
		return;
	if (si.ssi_signo == SIGCHLD) {
		if (child->pid > 0 && waitpid(child->pid, &status, WNOHANG) == child->pid) {
			child->pid = -1;
			w->command_status = child_exit_code(status);
			w->o->command_ended = true;
			w->over = true;
		}
		return;
	}
	w->o->interrupted = true;
	/* from a terminal CMD has its own copy; otherwise it would never hear of it */
	if (child->pid > 0) {
		if (si.ssi_code <= 0)
			kill(child->pid, (int)si.ssi_signo);
		return;
	}
	w->over = true;
}

static int open_timer(uint64_t ns)
{
	struct itimerspec t = { .it_value = { (time_t)(ns / 1000000000),
					      (long)(ns % 1000000000) } };
	_cleanup_close_ int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	if (fd < 0 || timerfd_settime(fd, 0, &t, NULL))
		return -1;
	return take_fd(&fd);
}

/* --for ends the rule by the clock; CMD, if there is one, goes on unharmed */
static void on_timer(struct watch *w, struct pollfd *p, struct child *child)
{
	retcon_session_disarm(w->session);
	p->fd = -1;
	if (child->pid <= 0)
		w->over = true;
}

/* nobody hears of injections any more: no more of them; but CMD is still waited for */
static void on_write_error(struct watch *w, struct pollfd *p, struct child *child)
{
	retcon_session_disarm(w->session);
	p->fd = -1;
	if (child->pid <= 0)
		w->over = true;
}

static int loop(struct watch *w, struct child *child)
{
	_cleanup_close_ int timer = w->o->limit_ns ? open_timer(w->o->limit_ns) : -1;
	_cleanup_close_ int sigs = -1;
	sigset_t set;

	watch_signals(&set);
	sigs = signalfd(-1, &set, SFD_CLOEXEC);
	if (sigs < 0 || (w->o->limit_ns && timer < 0))
		return -errno;
	struct pollfd p[] = { { retcon_session_fd(w->session), POLLIN, 0 },
			      { sigs, POLLIN, 0 },
			      { timer, POLLIN, 0 },
			      { w->o->held->epoll, POLLIN, 0 } };

	while (!w->over) {
		if (poll(p, 4, -1) < 0 && errno != EINTR)
			return -errno;
		if (p[0].revents)
			retcon_session_events(w->session, on_event, w);
		if (w->write_error)
			on_write_error(w, &p[0], child);
		if (p[1].revents)
			on_signal(w, sigs, child);
		if (p[2].revents)
			on_timer(w, &p[2], child);
		if (p[3].revents)
			w->over |= held_over(w->o->held);
	}
	return 0;
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

/* what became of each injection; JSON has had the steps */
static void put_paths(struct watch *w, struct buf *b)
{
	const char *text = retcon_session_paths(w->session, columns(w));

	if (!w->style.json && text)
		buf_puts(b, text);
	if (b->len)
		buf_putc(b, '\n');
}

static int finish(struct watch *w, int ret)
{
	struct buf b = { 0 };
	struct pollfd left = { retcon_session_fd(w->session), POLLIN, 0 };

	retcon_session_disarm(w->session);
	while (!w->write_error && poll(&left, 1, 0) > 0)
		if (retcon_session_events(w->session, on_event, w))
			break;
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
		ret = loop(&w, child);
	}
	return finish(&w, ret);
}
