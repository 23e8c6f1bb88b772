// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kern/host.h"

#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kern/kern.h"
#include "kern/listed.h"
#include "util/cleanup.h"
#include "util/limits.h"
#include "util/str.h"

#define SECURITYFS "/sys/kernel/security"

/* the inode number the kernel gives its first user namespace; UAPI since 6.18 */
#define FIRST_USER_NS 0xEFFFFFFDU

#define SYS_ADMIN 21

/* numbers of our own: headers older than 5.8 lack the newer two */
static const struct {
	const char *name;
	unsigned int bit;
} needed_caps[] = {
	{ "CAP_BPF", 39 },
	{ "CAP_PERFMON", 38 },
	{ "CAP_SYS_ADMIN", SYS_ADMIN },
};

/* the first line of a small file; false if there is none */
static bool first_line(const char *path, char *line, size_t size)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");

	if (!f || !fgets(line, (int)size, f))
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

uint64_t host_caps(void)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = { { 0 } };

	if (syscall(SYS_capget, &h, d) < 0)
		return geteuid() == 0 ? 1ULL << SYS_ADMIN : 0;
	return (uint64_t)d[1].effective << 32 | d[0].effective;
}

bool host_missing_caps(uint64_t caps, char text[64])
{
	size_t len = 0;

	text[0] = '\0';
	if (caps >> SYS_ADMIN & 1)
		return false;
	for (size_t i = 0; i < sizeof(needed_caps) / sizeof(needed_caps[0]); i++)
		if (!(caps >> needed_caps[i].bit & 1))
			len += (size_t)snprintf(text + len, 64 - len, "%s%s", len ? ", " : "",
						needed_caps[i].name);
	return len > 0;
}

bool host_user_ns(void)
{
	struct stat st;

	return stat("/proc/self/ns/user", &st) == 0 && st.st_ino != FIRST_USER_NS;
}

bool host_list_has(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = list; *at;) {
		size_t n = strcspn(at, ",");

		if (n == len && strncmp(at, name, n) == 0)
			return true;
		at += n + (at[n] == ',');
	}
	return false;
}

/*
 * The level is there to be read whether or not the module that enforces it was started:
 * with lsm=bpf on the command line nothing keeps to it.
 */
enum lockdown host_parse_lockdown(const char *line, const char *lsms)
{
	if (*lsms && !host_list_has(lsms, "lockdown"))
		return LOCKDOWN_NONE;
	if (strstr(line, "[none]"))
		return LOCKDOWN_NONE;
	if (strstr(line, "[integrity]"))
		return LOCKDOWN_INTEGRITY;
	if (strstr(line, "[confidentiality]"))
		return LOCKDOWN_CONFIDENTIALITY;
	return LOCKDOWN_UNKNOWN;
}

enum lockdown host_lockdown(void)
{
	char line[128], lsms[sizeof(((struct host *)NULL)->lsms)] = "";

	first_line(SECURITYFS "/lsm", lsms, sizeof(lsms));
	if (first_line(SECURITYFS "/lockdown", line, sizeof(line)))
		return host_parse_lockdown(line, lsms);
	return *lsms ? LOCKDOWN_NONE : LOCKDOWN_UNKNOWN;
}

/* the last one counts */
static const char *boot_parameter(const char *cmdline, const char *name)
{
	size_t len = strlen(name);
	const char *found = NULL;

	for (const char *at = cmdline; (at = strstr(at, name)); at += len)
		if ((at == cmdline || at[-1] == ' ') && at[len] == '=')
			found = at + len + 1;
	return found;
}

bool host_guess_lsms(const char *cmdline, const struct kconfig *c, char *out, unsigned int size)
{
	const char *given = boot_parameter(cmdline, "lsm");

	if (given)
		return snprintf(out, size, "%.*s", (int)strcspn(given, " \n"), given) < (int)size;
	return c && kconfig_string(c, "LSM", out, size);
}

static void read_lsms(struct host *m)
{
	char cmdline[4096] = "";

	if (first_line(SECURITYFS "/lsm", m->lsms, sizeof(m->lsms)))
		return;
	m->no_securityfs = true;
	if (!first_line("/proc/cmdline", cmdline, sizeof(cmdline)) ||
	    !host_guess_lsms(cmdline, m->config, m->lsms, sizeof(m->lsms)))
		m->lsms[0] = '\0';
}

void host_absent(struct host_absent *out)
{
	*out = (struct host_absent){
		.kprobes = access("/sys/bus/event_source/devices/software", F_OK) == 0 &&
			   access("/sys/bus/event_source/devices/kprobe", F_OK) != 0,
		.error_injection = access(DEBUGFS "/bdi", F_OK) == 0 &&
				   access(DEBUGFS "/error_injection", F_OK) != 0,
		.btf = access("/sys/kernel", F_OK) == 0 && access("/sys/kernel/btf", F_OK) != 0,
	};
}

bool host_lacks(const struct host *m, const char *option)
{
	if (m->config)
		return kconfig_get(m->config, option) == KCONFIG_NO;
	return (m->absent.kprobes && strcmp(option, "KPROBES") == 0) ||
	       (m->absent.error_injection && strcmp(option, "FUNCTION_ERROR_INJECTION") == 0) ||
	       (m->absent.btf && strcmp(option, "DEBUG_INFO_BTF") == 0);
}

bool host_too_old(const char *release)
{
	unsigned int major = 0, minor = 0;

	if (sscanf(release, "%u.%u", &major, &minor) != 2)
		return false;
	return major < 6 || (major == 6 && minor < 1);
}

static bool is_zero(const char *path)
{
	char line[16];

	return first_line(path, line, sizeof(line)) && strcmp(line, "0") == 0;
}

bool host_ftrace_off(void)
{
	return is_zero("/proc/sys/kernel/ftrace_enabled");
}

bool host_in_container(void)
{
	return access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0 ||
	       access("/run/systemd/container", F_OK) == 0 || getenv("container");
}

static bool is_filtered(void)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	unsigned int mode;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Seccomp: %u", &mode) == 1)
			return mode != 0;
	return false;
}

/* debugfs holds the directory of its own users from boot on; root alone may look inside */
static bool is_empty_mount_point(const char *path)
{
	struct stat here, above;

	return stat(path, &here) == 0 && stat("/sys", &above) == 0 && here.st_dev == above.st_dev;
}

/* the list may be there and empty: nothing was built that is injectable */
static enum sight look_at_list(const struct host *m)
{
	char line[256];

	if (first_line(INJECTION_LIST, line, sizeof(line)))
		return SIGHT_THERE;
	return m->absent.error_injection ? SIGHT_ABSENT : SIGHT_NONE;
}

/* every symbol is at 0 for those they are hidden from; the first per-CPU ones for everybody */
static enum sight look_at_addresses(void)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/kallsyms", "re");
	char line[LIMIT_IDENT + 128];
	unsigned int n = 0;

	while (f && n < 32 && fgets(line, sizeof(line), f)) {
		if (line[strspn(line, "0")] != ' ')
			return SIGHT_THERE;
		n++;
	}
	return n ? SIGHT_ABSENT : SIGHT_NONE;
}

static void read_switches(struct host *m)
{
	char line[16];
	uint64_t n;

	m->kptr_restrict = -1;
	if (first_line("/proc/sys/kernel/kptr_restrict", line, sizeof(line)) &&
	    str_to_u64(line, &n) == 0)
		m->kptr_restrict = (int)n;
	m->ftrace_off = host_ftrace_off();
	m->kprobes_off = is_zero(DEBUGFS "/kprobes/enabled");
}

void host_read(struct host *m)
{
	struct utsname u = { 0 };
	struct stat st;

	*m = (struct host){ .uid = geteuid() };
	(void)uname(&u);
	str_copy(m->release, sizeof(m->release), u.release);
	str_copy(m->arch, sizeof(m->arch), u.machine);
	if (kconfig_running(&m->config, m->config_path, sizeof(m->config_path)) < 0)
		m->config = NULL;
	m->caps = host_caps();
	m->user_ns = host_user_ns();
	m->container = host_in_container();
	m->seccomp = is_filtered();
	m->lockdown = host_lockdown();
	read_lsms(m);
	read_switches(m);
	m->no_debugfs = is_empty_mount_point(DEBUGFS);
	host_absent(&m->absent);
	if (stat(KERN_BTF_PATH, &st) == 0 && st.st_size > 0)
		m->btf_bytes = (uint64_t)st.st_size;
	m->list = look_at_list(m);
	m->addresses = look_at_addresses();
}

void host_free(struct host *m)
{
	kconfig_freep(&m->config);
	m->config = NULL;
}
