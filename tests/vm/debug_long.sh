#!/bin/bash
# What the flavour for debugging is there to find, it finds, and the run fails of it. TAP output. In a long run, for that
# kernel takes long to build.
#
# RETCON is the program to test. The faults are a module's, in a guest.
set -uo pipefail

retcon=$(readlink -f "$(command -v "${RETCON:?set it to the retcon program}")")
build_kernel=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")/../../guest/build-kernel")
kernel=6.12-debug
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

count=0
failed=0

build_module()
{
	local image

	image=$("$build_kernel" "$kernel") || return 1
	cat >"$work/faulty.c" <<-EOF
		#include <linux/module.h>
		#include <linux/slab.h>
		#include <linux/spinlock.h>

		static char *fault = "none";
		module_param(fault, charp, 0);
		static DEFINE_SPINLOCK(a);
		static DEFINE_SPINLOCK(b);
		static void *volatile lost;

		static void use_after_free(void)
		{
			volatile char *p = kmalloc(64, GFP_KERNEL);

			kfree((void *)p);
			p[8] = 1;
		}

		/* as the JIT's code would: what is not instrumented, SLUB has to find */
		static __no_sanitize_address noinline void write_unseen(volatile char *p)
		{
			*p = 1;
		}

		static void beyond_its_end(void)
		{
			volatile char *p = kmalloc(4096, GFP_KERNEL);

			write_unseen(p + 4096);
			kfree((void *)p);
		}

		static void deadlock(void)
		{
			spin_lock(&a);
			spin_lock(&b);
			spin_unlock(&b);
			spin_unlock(&a);
			spin_lock(&b);
			spin_lock(&a);
			spin_unlock(&a);
			spin_unlock(&b);
		}

		static void sleep_in_atomic(void)
		{
			spin_lock(&a);
			might_sleep();
			spin_unlock(&a);
		}

		static void leak(void)
		{
			for (int i = 0; i < 10; i++)
				lost = kmalloc(100, GFP_KERNEL);
			lost = NULL;
		}

		static int __init faulty_init(void)
		{
			if (!strcmp(fault, "use_after_free"))
				use_after_free();
			if (!strcmp(fault, "beyond_its_end"))
				beyond_its_end();
			if (!strcmp(fault, "deadlock"))
				deadlock();
			if (!strcmp(fault, "sleep_in_atomic"))
				sleep_in_atomic();
			if (!strcmp(fault, "leak"))
				leak();
			return 0;
		}
		module_init(faulty_init);

		static void __exit faulty_exit(void)
		{
		}
		module_exit(faulty_exit);
		MODULE_LICENSE("GPL");
	EOF
	echo 'obj-m := faulty.o' >"$work/Makefile"
	make -s -C "${image%/*}/build" M="$work" modules
}

# run FAULT COMMAND: in a guest, with the module inserted for a fault; the status is in $status
run()
{
	status=0
	"$retcon" vm --kernel "$kernel" --timeout 600 --fail-on-warn --append kmemleak=on -- \
		sh -c "insmod $work/faulty.ko fault=$1 && $2" >"$work/out" 2>"$work/err" || status=$?
}

result()
{
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		failed=$((failed + 1))
		echo "not ok $count - $2"
		tail -n 30 "$work/out" "$work/err" | sed 's/^/# /'
	fi
}

# finds FAULT SAID [COMMAND]
finds()
{
	run "$1" "${3:-true}"
	[ "$status" -eq 125 ] && grep -qF -- "$2" "$work/err"
	result $? "$1"
}

build_module >"$work/out" 2>"$work/err"
result $? 'the module is built'
run none true
[ "$status" -eq 0 ] && [ ! -s "$work/err" ]
result $? 'no fault, no report'
finds use_after_free 'BUG: KASAN: slab-use-after-free'
# What is freed waits in KASAN's quarantine, where SLUB has not looked at it yet.
finds beyond_its_end 'BUG kmalloc-4k' 'echo 1 >/sys/kernel/slab/kmalloc-4k/validate'
finds deadlock 'possible circular locking dependency'
finds sleep_in_atomic 'BUG: sleeping function called from invalid context'
# What is young is not reported, nor what has changed since the scan before; tests/guest/run-all asks at its end.
run leak 'sleep 8; for i in 1 2; do echo scan >/sys/kernel/debug/kmemleak; done; cat /sys/kernel/debug/kmemleak'
grep -q 'unreferenced object' "$work/out" && grep -q 'comm "insmod"' "$work/out"
result $? leak
echo "1..$count"
[ "$failed" -eq 0 ]
