/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A marker (USDT) as <sys/sdt.h> leaves it: MARKER(provider, name, semaphore or "0", arguments,
 * operands...) */
#pragma once

#ifdef __LP64__
#define MARKER_WORD ".8byte"
#else
#define MARKER_WORD ".4byte"
#endif

#define MARKER(provider, name, sem, args, ...)                                                     \
	__asm__ volatile("990: nop\n"                                                              \
			 ".pushsection .note.stapsdt,\"?\",\"note\"\n"                             \
			 ".balign 4\n"                                                             \
			 ".4byte 992f-991f, 994f-993f, 3\n"                                        \
			 "991: .asciz \"stapsdt\"\n"                                               \
			 "992: .balign 4\n"                                                        \
			 "993: " MARKER_WORD " 990b\n" MARKER_WORD " _.stapsdt.base\n" MARKER_WORD \
			 " " sem "\n"                                                              \
			 ".asciz \"" provider "\"\n"                                               \
			 ".asciz \"" name "\"\n"                                                   \
			 ".asciz \"" args "\"\n"                                                   \
			 "994: .balign 4\n"                                                        \
			 ".popsection\n"                                                           \
			 ".ifndef _.stapsdt.base\n"                                                \
			 ".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n"   \
			 ".weak _.stapsdt.base\n"                                                  \
			 ".hidden _.stapsdt.base\n"                                                \
			 "_.stapsdt.base: .space 1\n"                                              \
			 ".size _.stapsdt.base, 1\n"                                               \
			 ".popsection\n"                                                           \
			 ".endif\n" ::__VA_ARGS__)
