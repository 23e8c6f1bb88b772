/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes by number, as /proc tells them. */
#pragma once

#include <sys/types.h>

/* the process that a thread or process is of, itself maybe; 0: there is none such */
pid_t proc_process_of(pid_t id);
