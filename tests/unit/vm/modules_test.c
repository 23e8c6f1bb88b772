/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "util/buf.h"
#include "vm/modules.h"

/* as a Debian 6.1 has them */
static const char dep_61[] =
	"kernel/drivers/virtio/virtio.ko:\n"
	"kernel/drivers/virtio/virtio_ring.ko: kernel/drivers/virtio/virtio.ko\n"
	"kernel/drivers/virtio/virtio_pci_modern_dev.ko:\n"
	"kernel/drivers/virtio/virtio_pci.ko: kernel/drivers/virtio/virtio_pci_modern_dev.ko "
	"kernel/drivers/virtio/virtio_ring.ko kernel/drivers/virtio/virtio.ko\n"
	"kernel/drivers/char/virtio_console.ko: kernel/drivers/virtio/virtio_ring.ko\n"
	"kernel/drivers/char/hw_random/virtio-rng.ko: kernel/drivers/virtio/virtio_ring.ko\n"
	"kernel/net/9p/9pnet.ko:\n"
	"kernel/net/9p/9pnet_virtio.ko: kernel/net/9p/9pnet.ko kernel/drivers/virtio/virtio_ring.ko\n"
	"kernel/fs/9p/9p.ko: kernel/net/9p/9pnet.ko kernel/fs/netfs/netfs.ko\n"
	"kernel/fs/netfs/netfs.ko:\n"
	"kernel/fs/overlayfs/overlay.ko:\n";

static const char all_builtin[] = "kernel/drivers/virtio/virtio_pci.ko\n"
				  "kernel/drivers/char/virtio_console.ko\n"
				  "kernel/net/9p/9pnet_virtio.ko\n"
				  "kernel/fs/9p/9p.ko\n"
				  "kernel/fs/overlayfs/overlay.ko\n"
				  "kernel/drivers/char/hw_random/virtio-rng.ko\n";

/* The names in order, or what was said. */
static const char *order_of(const char *dep, const char *builtin)
{
	static char text[1024];
	struct module_order order;
	size_t at = 0;

	text[0] = '\0';
	if (modules_order(dep, builtin, &order, text, sizeof(text)))
		return text;
	for (unsigned int i = 0; i < order.n; i++) {
		size_t len;
		const char *name = module_name(&order.path[i], &len);

		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%.*s", i ? " " : "",
				       (int)len, name);
	}
	return text;
}

static void needs_come_first(void **state)
{
	(void)state;
	assert_string_equal(order_of(dep_61, ""),
			    "virtio_pci_modern_dev virtio virtio_ring virtio_pci virtio_console "
			    "9pnet 9pnet_virtio netfs 9p overlay virtio-rng");
}

static void builtin_is_left_out(void **state)
{
	static const char dep[] = "kernel/fs/9p/9p.ko.xz: kernel/net/9p/9pnet.ko.xz\n"
				  "kernel/net/9p/9pnet.ko.xz:\n"
				  "kernel/net/9p/9pnet_virtio.ko.xz: kernel/net/9p/9pnet.ko.xz\n"
				  "kernel/fs/overlayfs/overlay.ko.xz:";

	(void)state;
	assert_string_equal(order_of("", all_builtin), "");
	assert_string_equal(order_of(dep_61, all_builtin), "");
	/* compressed, and the last line without its end; without virtio_rng it works too */
	assert_string_equal(order_of(dep, "kernel/drivers/virtio/virtio_pci.ko\n"
					  "kernel/drivers/char/virtio_console.ko"),
			    "9pnet 9pnet_virtio 9p overlay");
}

static void missing_is_named(void **state)
{
	(void)state;
	assert_non_null(strstr(order_of("", ""), "it has virtio_pci neither built in nor"));
	assert_non_null(strstr(order_of("", ""), "CONFIG_VIRTIO_PCI"));
	/* what is like it in name is not it */
	assert_non_null(strstr(order_of("a/virtio_pci_modern_dev.ko:\na/xvirtio_pci.ko:\n", ""),
			       "it has virtio_pci neither"));
	assert_non_null(strstr(order_of("a/virtio_pci.ko: a/no.ko\n", ""),
			       "does not list all that virtio_pci needs"));
}

static void circle_is_found(void **state)
{
	(void)state;
	assert_non_null(strstr(order_of("virtio_pci.ko: virtio_pci.ko\n", ""), "needs itself"));
	assert_non_null(strstr(order_of("virtio_pci.ko: b.ko b.ko\nb.ko: virtio_pci.ko b.ko\n", ""),
			       "virtio_pci needs itself"));
}

/* so many modules that the first needs, side by side or each the next */
static int order_many(unsigned int n, bool chain)
{
	_cleanup_buf_ struct buf dep = { 0 };
	struct module_order order;
	char msg[256];
	int ret;

	buf_puts(&dep, "virtio_pci.ko:");
	for (unsigned int i = 1; i < n; i++)
		buf_printf(&dep, chain ? " m%u.ko\nm%u.ko:" : " m%u.ko", i, i);
	for (unsigned int i = 1; i < n && !chain; i++)
		buf_printf(&dep, "\nm%u.ko:", i);
	ret = modules_order(buf_str(&dep), strchr(all_builtin, '\n'), &order, msg, sizeof(msg));
	if (!ret)
		assert_int_equal(order.n, n);
	return ret;
}

static void modules_limit(void **state)
{
	(void)state;
	for (int chain = 0; chain < 2; chain++) {
		assert_int_equal(order_many(LIMIT_VM_MODULES, chain), 0);
		assert_int_equal(order_many(LIMIT_VM_MODULES + 1, chain), -E2BIG);
	}
}

static size_t make_image(unsigned char *image, size_t size, uint16_t at, const char *release)
{
	memset(image, 0, size);
	memcpy(image + 0x202, "HdrS", 4);
	image[0x20e] = (unsigned char)(at & 0xff);
	image[0x20f] = (unsigned char)(at >> 8);
	memcpy(image + 0x200 + at, release, strlen(release) + 1);
	return 0x200 + at + strlen(release) + 1;
}

static void release_of_image(void **state)
{
	static unsigned char image[0x10400];
	char release[RELEASE_MAX];
	char longest[RELEASE_MAX + 1];
	size_t len;

	(void)state;
	len = make_image(image, sizeof(image), 0x3000, "6.1.0-56-amd64 (who@where) #1 SMP");
	assert_int_equal(image_release(image, len, release), 0);
	assert_string_equal(release, "6.1.0-56-amd64");
	len = make_image(image, sizeof(image), 0xffff, "6.12.1+x");
	assert_int_equal(image_release(image, len, release), 0);
	assert_string_equal(release, "6.12.1+x");
	/* cut short: in the release, before it, in the header */
	assert_int_equal(image_release(image, len - 1, release), -EINVAL);
	assert_int_equal(image_release(image, 0x400, release), -EINVAL);
	assert_int_equal(image_release(image, 0x20f, release), -EINVAL);
	assert_int_equal(image_release(image, 0, release), -EINVAL);

	memset(longest, 'x', sizeof(longest));
	longest[RELEASE_MAX - 1] = '\0';
	len = make_image(image, sizeof(image), 0x100, longest);
	assert_int_equal(image_release(image, len, release), 0);
	assert_string_equal(release, longest);
	longest[RELEASE_MAX - 1] = 'x';
	longest[RELEASE_MAX] = '\0';
	len = make_image(image, sizeof(image), 0x100, longest);
	assert_int_equal(image_release(image, len, release), -EINVAL);
}

static void release_that_is_none(void **state)
{
	static const char *const bad[] = { "", " 6.1", "../../etc", ".", "6.1/x" };
	static unsigned char image[0x1000];
	char release[RELEASE_MAX];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		len = make_image(image, sizeof(image), 0x400, bad[i]);
		if (image_release(image, len, release) == 0)
			assert_string_equal(release, "6.1"); /* up to the slash */
	}
	/* no pointer to it */
	len = make_image(image, sizeof(image), 0x400, "6.1");
	image[0x20f] = 0;
	assert_int_equal(image_release(image, len, release), -EINVAL);
	/* another file */
	memcpy(image, "\177ELF", 4);
	memset(image + 0x202, 0, 4);
	assert_int_equal(image_release(image, sizeof(image), release), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(needs_come_first),	cmocka_unit_test(builtin_is_left_out),
		cmocka_unit_test(missing_is_named),	cmocka_unit_test(circle_is_found),
		cmocka_unit_test(modules_limit),	cmocka_unit_test(release_of_image),
		cmocka_unit_test(release_that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
