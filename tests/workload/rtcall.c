/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One call of a function of the test module, and what it returned: rtcall [-u] FUNC [ARG...] */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "../module/retcon_test.h"

#define NAME(ret, name) #name,
static const char *const names[] = { RT_FUNCS(NAME) };

int main(int argc, char **argv)
{
	struct rt_call call = { .func = RT_FUNC_COUNT };
	int fd = open(RT_DEVICE, O_RDWR | O_CLOEXEC), at = 1;

	if (argc > at && strcmp(argv[at], "-u") == 0) {
		call.under = 1;
		at++;
	}
	for (unsigned int i = 0; argc > at && i < RT_FUNC_COUNT; i++)
		if (strcmp(argv[at], names[i]) == 0)
			call.func = i;
	for (int i = 0; i < RT_ARGS && at + 1 + i < argc; i++)
		call.arg[i] = strtoull(argv[at + 1 + i], NULL, 0);
	if (fd < 0 || ioctl(fd, RT_CALL, &call)) {
		fprintf(stderr, "rtcall: %s\n", strerror(errno));
		return 1;
	}
	printf("%s %lld\n", argv[at], (long long)call.ret);
	return 0;
}
