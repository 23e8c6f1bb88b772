/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An initramfs, written entry by entry in cpio's "newc" format. */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* A directory, an empty file or a device node; the kernel makes no parents. 0 or -errno. */
int cpio_add_node(FILE *out, const char *path, mode_t mode, dev_t rdev);
int cpio_add_data(FILE *out, const char *path, mode_t mode, const void *data, size_t len);

/* All of an open file, which may not be empty. */
int cpio_add_fd(FILE *out, const char *path, mode_t mode, int fd);

int cpio_finish(FILE *out);
