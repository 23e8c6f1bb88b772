/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A kernel stack as people know it. */
#pragma once

/*
 * Take out, in place, what following a function adds to a stack: the BPF trampoline,
 * and the traced function's second entry behind it ("f+0x9", where it called the
 * trampoline) unless that is the only one, as after a tail call. Symbols as
 * kern_symbolize() spells them. Returns how many are left.
 */
unsigned int stack_tidy(const char **stack, unsigned int n);
