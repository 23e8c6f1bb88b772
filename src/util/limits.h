/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every cap of the program, each with a test at its edge. */
#pragma once

#define LIMIT_RULE_TEXT	   65536     /* bytes of one rule or spec */
#define LIMIT_EXPR_DEPTH   64	     /* nesting of one expression */
#define LIMIT_NODES	   4096	     /* tree nodes of one rule */
#define LIMIT_IDENT	   511	     /* KSYM_NAME_LEN is 512 since 6.1 */
#define LIMIT_STRING	   255	     /* bytes of one string literal */
#define LIMIT_GLOB	   128	     /* bytes of a string searched for what is between two stars */
#define LIMIT_FRAMES	   32	     /* frames of all chains of one rule */
#define LIMIT_CHAINS	   8	     /* chains of one rule */
#define LIMIT_COUNT	   INT64_MAX /* numbers of times, when and interval */
#define LIMIT_DECIMALS	   7	     /* of a percentage: about 2^-32 */
#define LIMIT_NOTES	   8	     /* notes on one rule */
#define LIMIT_ARGS	   8	     /* arguments of one call in a condition */
#define LIMIT_PARAM_LIST   32	     /* parameters written for one function */
#define LIMIT_PARAMS	   6	     /* parameters that arrive in registers */
#define LIMIT_IR	   16384     /* IR operations of one program */
#define LIMIT_INSNS	   4096	     /* instructions of one program */
#define LIMIT_JUMP	   32767     /* distance of one jump */
#define LIMIT_SITES	   4096	     /* functions that one target names */
#define LIMIT_RULES	   64	     /* rules of one session */
#define LIMIT_PROBES	   64	     /* probes of one trace */
#define LIMIT_VALUES	   16	     /* values that one probe prints */
#define LIMIT_TRACE_STACK  127	     /* return addresses of one stack that a probe sends */
#define LIMIT_TRACE_STRING 4096	     /* bytes kept of one string that a probe prints */
#define LIMIT_WIDTH	   255	     /* width and precision of a conversion */
#define LIMIT_AFTER_CALLS  8	     /* nested calls that one task has in an `after` target */
#define LIMIT_CALLBACKS	   16	     /* functions beside the main one of one program */
#define LIMIT_STACK_BYTES  512	     /* stack of one program */
#define LIMIT_SCOPE	   16	     /* values of one kind that make the scope: -p, --uid, ... */
#define LIMIT_EXEMPT	   32	     /* ancestors of retcon left alone */
#define LIMIT_STACK_DEPTH  64	     /* return addresses kept of one kernel stack */
#define LIMIT_PATH_FUNCS   1024	     /* functions that injections are followed through */
#define LIMIT_PATH_OPEN	   1024	     /* injections followed at a time, and tasks that had some */
#define LIMIT_PATHS	   256	     /* distinct paths that are told apart */
#define LIMIT_CPUS	   1024	     /* slots of per-CPU counters */
#define LIMIT_BTF_BYTES	   (256 << 20) /* size of a BTF blob we are willing to read */
#define LIMIT_LIST_BYTES   (4 << 20)   /* of the error injection list; some 10^5 functions */
#define LIMIT_FIELDS	   128	       /* fields of one tracepoint */
#define LIMIT_USDT_ARGS	   12	       /* arguments of a marker: <sys/sdt.h> has no more */
#define LIMIT_ELF_TABLE	   (128 << 20) /* bytes of one table of a program file */
#define LIMIT_MAPS_BYTES   (4 << 20)   /* of the list of what a process has mapped */
#define LIMIT_PROCS	   64	       /* processes of which is kept what they have mapped */
#define LIMIT_EXES	   64	       /* files whose symbols are kept */
#define LIMIT_PROC_MAPS	   4096	       /* mappings that run of one process */
#define LIMIT_BTF_DEPTH	   32	       /* typedefs, modifiers, anonymous members in a row */
#define LIMIT_VM_MODULES   64	       /* modules a guest loads before it has a root */
