/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libretcon: change what a kernel function returned, under exact conditions,
 * and hear what came of it. Functions return 0 or a negative errno; the words
 * are in retcon_error(). Nothing here prints, exits, or keeps global state.
 *
 * A session lives as long as its process: links are held by close-on-exec
 * descriptors and pinned nowhere. Needs root, Linux 6.1 or later with
 * CONFIG_BPF_KPROBE_OVERRIDE and BTF (retcon-inject(1)).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RETCON_API __attribute__((visibility("default")))

struct retcon;
struct retcon_session;

/* What kind of failure the last one was: callers map it to an exit code. */
enum retcon_failure {
	RETCON_OK = 0,
	RETCON_FAILED = 1, /* while running: out of memory, a system call */
	RETCON_USAGE = 2,  /* options or rule are wrong; the message has the caret */
	RETCON_LACKS = 3,  /* the kernel or the user lacks something; the message says what */
};

RETCON_API int retcon_new(struct retcon **out); /* -ENOMEM */
RETCON_API void retcon_free(struct retcon *ctx);
/* the last failure in words, several lines, ends with a newline; "" after success */
RETCON_API const char *retcon_error(const struct retcon *ctx);
RETCON_API enum retcon_failure retcon_failure(const struct retcon *ctx);
RETCON_API const char *retcon_version(void);

/*
 * Whose calls count. Values of one kind unite, kinds intersect; a kind without values asks
 * for nothing. Ids are those of the initial namespaces. At most 16 values of a kind.
 */
struct retcon_scope {
	size_t sz; /* sizeof(struct retcon_scope) */
	const pid_t *pids;
	size_t n_pids;
	const pid_t *tids; /* single threads */
	size_t n_tids;
	const char *const *comms; /* as in /proc/PID/comm: 15 bytes are compared */
	size_t n_comms;
	const char *const *users; /* names or ids: the real user id is compared */
	size_t n_users;
	const char *const *cgroups; /* directories of cgroup2, absolute or below its mount */
	size_t n_cgroups;
	const char *const *netns; /* files of network namespaces, ids of processes, or names */
	size_t n_netns;
	pid_t command;	  /* this process and its descendants from now on; 0: none */
	bool kthreads;	  /* kernel threads too */
	bool system_wide; /* a rule that nothing narrows is meant: override takes a bound */
};

#define RETCON_SCOPE_INIT                                                                          \
	{                                                                                          \
		.sz = sizeof(struct retcon_scope)                                                  \
	}

struct retcon_inject_opts {
	size_t sz;	    /* sizeof(struct retcon_inject_opts) */
	const char *mode;   /* "kmalloc", "bio", "alloc_page" */
	const char *spec;   /* bcc's chain spec, callee first: "b() => a()(x == 1)" */
	double probability; /* 0 .. 1, drawn for each entry of the outermost function */
	uint64_t count;	    /* inject at most so often; 0: no limit */
	const struct retcon_scope *scope; /* NULL: whoever's calls */
	const char *engine; /* "kprobe.multi", "fmod_ret", ...; NULL: the first that works */
	/*
	 * Find and count what would be injected, and replace nothing. The callers it meets are
	 * known to sessions of the same context from when this one is freed.
	 */
	bool dry_run;
	/*
	 * Follow each injection up its stack: retcon_session_paths(). Callers are followed that
	 * were known when it happened: from those before it, or from a dry run. Not with dry_run.
	 */
	bool follow;
};

#define RETCON_INJECT_OPTS_INIT                                                                    \
	{                                                                                          \
		.sz = sizeof(struct retcon_inject_opts), .probability = 1                          \
	}

/*
 * The native form: each rule names target, value, conditions and schedule
 * (retcon-override(1)). Of several on one function the first that matches acts.
 */
struct retcon_override_opts {
	size_t sz;		  /* sizeof(struct retcon_override_opts) */
	const char *const *rules; /* "should_failslab = -ENOMEM under tcp_v4_connect times 5" */
	size_t n_rules;
	const struct retcon_scope *scope; /* NULL: whoever's calls */
	bool timed;	      /* the caller sets a bound by disarming after a time; else times N */
	bool force;	      /* a value the function may not return is meant: noted, not refused */
	const char *engine;   /* as in retcon_inject_opts */
	bool dry_run, follow; /* as there */
};

#define RETCON_OVERRIDE_OPTS_INIT                                                                  \
	{                                                                                          \
		.sz = sizeof(struct retcon_override_opts)                                          \
	}

/*
 * Parse, plan and compile; nothing is loaded. -EINVAL: spec, option or type error;
 * -ENOENT: no such function; -EPERM, -EOPNOTSUPP: user or kernel lacks something;
 * -E2BIG: over a limit, or set fields beyond what this version knows.
 */
RETCON_API int retcon_inject(struct retcon *ctx, const struct retcon_inject_opts *opts,
			     struct retcon_session **out);
/* likewise; -EINVAL also for a value that the function may not return */
RETCON_API int retcon_override(struct retcon *ctx, const struct retcon_override_opts *opts,
			       struct retcon_session **out);
/* one line each about the rules on this kernel ("" if none) */
RETCON_API const char *retcon_session_notes(const struct retcon_session *s);
/* the same, of what arming has found out: what was left out of a pattern */
RETCON_API const char *retcon_session_late_notes(const struct retcon_session *s);
/* the same, of engines that were tried before those that it is, and what the kernel said */
RETCON_API const char *retcon_session_tried(const struct retcon_session *s);
/* how many rules there are, and each as it was given; NULL: no such rule */
RETCON_API size_t retcon_session_rules(const struct retcon_session *s);
RETCON_API const char *retcon_session_rule(const struct retcon_session *s, size_t rule);
/* each program as C beside its instructions; NULL when out of memory */
RETCON_API const char *retcon_session_listing(struct retcon_session *s);

/* load and attach everything, or leave nothing behind */
RETCON_API int retcon_session_arm(struct retcon_session *s);
/* stops at once by one store, then detaches; cannot fail */
RETCON_API void retcon_session_disarm(struct retcon_session *s);
RETCON_API void retcon_session_free(struct retcon_session *s);
/* by which a rule's targets are overridden, once armed: "kprobe.multi, fmod_ret"; "" before */
RETCON_API const char *retcon_session_engine(const struct retcon_session *s, size_t rule);

enum retcon_event_kind {
	RETCON_EVENT_INJECTED = 1, /* function's return value was replaced */
	RETCON_EVENT_RETURN = 2,   /* a function of the chain returned after that */
	/* of those that are followed: */
	RETCON_EVENT_STEP = 3,	  /* a caller returned that was active at the injection */
	RETCON_EVENT_SYSCALL = 4, /* the system call returned that it happened in */
	RETCON_EVENT_EXIT = 5,	  /* the task ended; value: as wait(2) has it */
};

struct retcon_event {
	size_t sz;
	enum retcon_event_kind kind;
	uint64_t time; /* CLOCK_MONOTONIC, ns */
	uint32_t pid;  /* process */
	uint32_t tid;  /* thread */
	uint32_t cpu;
	const char *comm;
	const char *rule; /* as it was given */
	const char *function;
	int64_t value;
	const char *errno_name; /* "ENOMEM"; NULL if value is no errno */
	unsigned int n_stack;	/* RETCON_EVENT_INJECTED: callers, nearest first */
	const char *const *stack;
	/* which one of those that are followed, counted from 1; 0: none. 0 too in RETCON_EVENT_EXIT
	 */
	uint64_t injection;
	const char *text; /* RETCON_EVENT_STEP: the value by the function's type: "NULL", "true" */
	bool dry;	  /* RETCON_EVENT_INJECTED: it would have been */
};

/* pollable; readable when events wait */
RETCON_API int retcon_session_fd(const struct retcon_session *s);
/* strings live until the callback returns */
typedef int (*retcon_event_fn)(void *arg, const struct retcon_event *event);
/*
 * At most 256 events, so that a flood does not keep the caller: more leave the descriptor
 * readable. 0, or the first non-zero value the callback returned, which ends the round.
 */
RETCON_API int retcon_session_events(struct retcon_session *s, retcon_event_fn fn, void *arg);

/*
 * What became of all that was followed so far: a tree for each distinct path, of at most
 * `width` columns (0: as wide as it takes). Complete once disarmed and all events are read.
 * Lives until the next call; "" if nothing was followed, NULL when out of memory.
 */
RETCON_API const char *retcon_session_paths(struct retcon_session *s, unsigned int width);
/* The same as JSON, an object a line as retcon-inject(1) has it. Either lives until the next. */
RETCON_API const char *retcon_session_paths_json(struct retcon_session *s);

struct retcon_stats {
	size_t sz;	      /* set by the caller */
	uint64_t hits;	      /* calls of the target in scope */
	uint64_t matches;     /* all conditions held */
	uint64_t injected;    /* value replaced; of a dry run: would have been */
	uint64_t exempt;      /* left alone: kernel threads, retcon, its ancestors, init */
	uint64_t nofail;      /* left alone: the allocation may not fail */
	uint64_t unlucky;     /* let pass by the probability */
	uint64_t drops;	      /* events lost because nobody read them in time */
	uint64_t read_faults; /* conditions false because memory could not be read */
	uint64_t unconfirmed; /* the stack did not show the chain: left alone */
	uint64_t lost;	      /* tasks that could not be followed for want of memory */
	uint64_t misses; /* calls not shown to a program, or not judged: perhaps not injected */
	uint64_t exit_misses; /* exits it did not show: the returned value is not told */
	uint64_t skipped;     /* let pass by `when` or `interval` */
	uint64_t unpaired;    /* `after`: calls whose entry or return was not seen before the end */
	uint64_t untold;      /* 1: this kernel does not count all that probes miss: see misses */
	uint64_t callers;     /* 1: a rule has callers that must be there ... */
	uint64_t entered;     /* ... and so often the outermost of them was entered, in scope */
};
/* of all rules together */
RETCON_API int retcon_session_stats(const struct retcon_session *s, struct retcon_stats *out);
/* of one; 0 in what belongs to no rule: drops, lost, misses, exit_misses. -ENOENT */
RETCON_API int retcon_session_rule_stats(const struct retcon_session *s, size_t rule,
					 struct retcon_stats *out);

/* What a rule goes through before it is loaded, each as text. */
enum retcon_stage {
	RETCON_STAGE_RULE = 1,	 /* the rule, in its canonical form */
	RETCON_STAGE_TREE = 2,	 /* as parsed */
	RETCON_STAGE_TYPES = 4,	 /* conditions, typed by BTF and folded */
	RETCON_STAGE_IR = 8,	 /* three-address code of each program */
	RETCON_STAGE_INSNS = 16, /* instructions, below the C they stand for */
};

struct retcon_compile_opts {
	size_t sz;	  /* sizeof(struct retcon_compile_opts) */
	const char *mode; /* as in retcon_inject_opts: then rule is a spec; NULL: a rule */
	const char *rule; /* rule or spec */
	const char *btf;  /* path of a BTF or ELF file: another kernel's; NULL: the running one's */
	unsigned int stages; /* of RETCON_STAGE_*, each with a heading if more than one; 0: all */
	bool force;	     /* a value the function may not return is meant */
	const char *engine;  /* as in retcon_inject_opts */
};

#define RETCON_COMPILE_OPTS_INIT                                                                   \
	{                                                                                          \
		.sz = sizeof(struct retcon_compile_opts)                                           \
	}

/*
 * Needs no rights and loads nothing. *text is the stages, *notes one line each about the
 * rule on that kernel ("" if none); both live until the next call with ctx. Errors as
 * retcon_inject() has them; what only a running kernel knows is not looked at.
 */
RETCON_API int retcon_compile(struct retcon *ctx, const struct retcon_compile_opts *opts,
			      const char **text, const char **notes);

struct retcon_doctor_opts {
	size_t sz;		  /* sizeof(struct retcon_doctor_opts) */
	bool json;		  /* one object, else a table of 80 columns */
	const char *const *names; /* what *works is about: "lsm", ..., NULL at the end; or NULL */
};

#define RETCON_DOCTOR_OPTS_INIT                                                                    \
	{                                                                                          \
		.sz = sizeof(struct retcon_doctor_opts)                                            \
	}

/*
 * What this kernel and user allow, why not, and what would help. *text lives until the
 * next call with ctx; *works: overriding does, or, given names, all of these do. Loads
 * small programs that do nothing and attaches some for a moment; needs no rights, but
 * tells less without. -EINVAL: there is nothing of that name.
 */
RETCON_API int retcon_doctor(struct retcon *ctx, const struct retcon_doctor_opts *opts,
			     const char **text, bool *works);

struct retcon_list_opts {
	size_t sz;	    /* sizeof(struct retcon_list_opts) */
	const char *glob;   /* of targets, as rules have them, or of kernel functions; NULL: all */
	bool all;	    /* without glob: security hooks, which no list names, as well */
	bool json;	    /* an object a line, else a table */
	unsigned int width; /* columns of the table: longer prototypes are cut; 0: none is */
};

#define RETCON_LIST_OPTS_INIT                                                                      \
	{                                                                                          \
		.sz = sizeof(struct retcon_list_opts)                                              \
	}

/*
 * What can be overridden on this kernel; loads nothing but a look-up of symbols. *text and
 * *notes (about the whole list, one a line, "" if none) live until the next call with ctx.
 * -ENOENT, a failure of RETCON_USAGE: nothing matches glob.
 */
RETCON_API int retcon_list(struct retcon *ctx, const struct retcon_list_opts *opts,
			   const char **text, const char **notes);

/*
 * What may keep calls from the rules, found out while they are armed because it takes a
 * moment: one line each, "" if nothing. Lives as long as the session.
 */
RETCON_API const char *retcon_session_warnings(struct retcon_session *s);

/* What to look at, in bcc trace's words: retcon-trace(1). Nothing is changed. */
struct retcon_trace_opts {
	size_t sz;			  /* sizeof(struct retcon_trace_opts) */
	const char *const *probes;	  /* "r::tcp_v4_connect \"ret: %d\", retval" */
	size_t n_probes;		  /* at most 64 */
	const struct retcon_scope *scope; /* NULL: whoever's calls, but this process's own */
	bool include_self;		  /* its own too */
	bool kernel_stack;		  /* each event has the kernel's stack, ... */
	bool user_stack;		  /* ... the process's */
	bool addresses;			  /* stacks have addresses before names */
	bool bin_cmp;			  /* STRCMP("{0x01, 0x00}", p) compares bytes */
	unsigned int string_size;	  /* bytes kept of a string, with its NUL; 0: 80 */
	unsigned int buffer_pages;	  /* of the event buffer, for each processor; 0: 64 */
};

#define RETCON_TRACE_OPTS_INIT                                                                     \
	{                                                                                          \
		.sz = sizeof(struct retcon_trace_opts)                                             \
	}

struct retcon_trace;

/*
 * Parse, plan and compile; nothing is loaded. -EINVAL: option, probe or type error; -ENOENT:
 * no such function, library, event; -EPERM, -EOPNOTSUPP: user or kernel lacks something;
 * -E2BIG: over a limit.
 */
RETCON_API int retcon_trace(struct retcon *ctx, const struct retcon_trace_opts *opts,
			    struct retcon_trace **out);
/* one line each about the probes on this kernel ("" if none); more once armed */
RETCON_API const char *retcon_trace_notes(const struct retcon_trace *t);
/* each program as C beside its instructions; NULL when out of memory */
RETCON_API const char *retcon_trace_listing(struct retcon_trace *t);
/* do its probes say something, or only that they were hit? */
RETCON_API bool retcon_trace_has_messages(const struct retcon_trace *t);
/* load and attach everything, or leave nothing behind */
RETCON_API int retcon_trace_arm(struct retcon_trace *t);
/* stops at once by one store, then detaches; cannot fail. Events stay readable */
RETCON_API void retcon_trace_disarm(struct retcon_trace *t);
RETCON_API void retcon_trace_free(struct retcon_trace *t);

struct retcon_value {
	bool is_text;	  /* text is set */
	bool faulted;	  /* it could not be read */
	bool is_unsigned; /* number is a uint64_t: of %u, %x, %p, ... */
	int64_t number;	  /* as wide as its conversion has it */
	const char *text;
};

struct retcon_trace_event {
	size_t sz;
	uint64_t time; /* CLOCK_MONOTONIC, ns */
	uint32_t pid, tid, cpu;
	const char *comm;
	const char *probe;    /* as it was given */
	const char *function; /* or tracepoint, or USDT probe */
	const char *message; /* the format with its values; of a return without one "= -2 ENOENT" */
	unsigned int n_values;
	const struct retcon_value *values;
	unsigned int n_kernel_stack, n_user_stack; /* nearest first */
	const char *const *kernel_stack, *const *user_stack;
};

/* pollable; readable when events wait; -1 before arming */
RETCON_API int retcon_trace_fd(const struct retcon_trace *t);
/* strings live until the callback returns */
typedef int (*retcon_trace_fn)(void *arg, const struct retcon_trace_event *event);
/* as retcon_session_events() */
RETCON_API int retcon_trace_events(struct retcon_trace *t, retcon_trace_fn fn, void *arg);

struct retcon_trace_stats {
	size_t sz;	      /* set by the caller */
	uint64_t hits;	      /* probes hit in scope, before their conditions */
	uint64_t events;      /* of these, sent */
	uint64_t drops;	      /* events lost because nobody read them in time */
	uint64_t read_faults; /* conditions false because memory could not be read */
	uint64_t unpaired;    /* returns whose call was not seen, where a probe needs it */
	uint64_t lost;	      /* tasks that could not be followed */
	uint64_t misses;      /* hits that the kernel did not show to a program */
};
RETCON_API int retcon_trace_stats(const struct retcon_trace *t, struct retcon_trace_stats *out);

#ifdef __cplusplus
}
#endif
