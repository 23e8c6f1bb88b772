// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Functions to override, trace and be asked about in tests: contrived parameters,
 * errors that may be injected, and a device to call them through with any arguments.
 * None reads what its arguments point to; all return 0 unless said otherwise.
 */
#include <linux/error-injection.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "retcon_test.h"

enum rt_color {
	RT_RED,
	RT_GREEN = 5,
	RT_BLUE = 0x80
};

struct rt_bits {
	u32 x : 3;
	s32 y : 5;
	u32 z : 24;
	u64 w : 33;
	s64 v : 20;
	u8 small : 1;
	s32 whole : 32;
	u32 tail : 17;
};

/* like struct qstr */
struct rt_name {
	union {
		struct {
			u32 hash, len;
		};
		u64 hash_len;
	};
	const unsigned char *name;
};

struct rt_inner {
	u8 b;
	s8 sb;
	u16 h;
	s16 sh;
	u32 i;
	s32 si;
	u64 l;
	s64 sl;
	bool flag;
	char text[15];
	unsigned char label[8];
	struct rt_name name;
};

struct rt_object {
	struct rt_inner in;
	struct rt_inner *ptr;
	struct rt_object *next;
	s32 arr[8];
	struct rt_inner many[2];
	union {
		struct {
			u16 low, high;
		};
		u32 both;
	};
	struct rt_bits bits;
	enum rt_color color;
	const char *text;
	int (*fn)(int);
	u16 grid[2][4];
	struct rt_inner **table;
	struct file *file;
	struct task_struct *task;
	void *raw;
	u8 flexible[];
};

struct rt_pair {
	long a, b;
};

/* pointers to them are all there is: keep each a function of its own, with its parameters */
#define RT_FUNC(ret) noinline ret

RT_FUNC(int) rt_nothing(void);
RT_FUNC(int) rt_mixed(u8 b, s16 sh, u32 i, int si, long sl, struct rt_object *obj);
RT_FUNC(long)
rt_wide(s8 sb, u16 h, u64 l, bool flag, struct rt_object *obj, const char *text, int seventh);
RT_FUNC(int) rt_object(struct rt_object *obj);
RT_FUNC(long) rt_inner(const struct rt_inner *in, unsigned long n);
RT_FUNC(int) rt_name(const struct rt_name *name, char c);
RT_FUNC(int) rt_table(struct rt_inner **table, enum rt_color color, void *raw);
RT_FUNC(int) rt_by_value(int first, struct rt_pair pair, int after);
RT_FUNC(int) rt_recurse(unsigned int depth, struct rt_object *obj);
RT_FUNC(int) rt_tail(int a, int b);
RT_FUNC(int) rt_tailed(int a, int b);
RT_FUNC(int) rt_ping(unsigned int depth);
RT_FUNC(int) rt_pong(unsigned int depth);
RT_FUNC(int) rt_interrupts(void);
RT_FUNC(int) rt_gate(void);
notrace RT_FUNC(int) rt_untraced(void);
RT_FUNC(long) rt_outer(struct rt_call *call);

int rt_nothing(void)
{
	barrier();
	return 0;
}
ALLOW_ERROR_INJECTION(rt_nothing, ERRNO);

int rt_mixed(u8 b, s16 sh, u32 i, int si, long sl, struct rt_object *obj)
{
	barrier();
	return 0;
}
ALLOW_ERROR_INJECTION(rt_mixed, ERRNO);

/* the seventh is on the stack */
long rt_wide(s8 sb, u16 h, u64 l, bool flag, struct rt_object *obj, const char *text, int seventh)
{
	barrier();
	return seventh;
}
ALLOW_ERROR_INJECTION(rt_wide, ERRNO);

int rt_object(struct rt_object *obj)
{
	barrier();
	return 0;
}
ALLOW_ERROR_INJECTION(rt_object, ERRNO);

long rt_inner(const struct rt_inner *in, unsigned long n)
{
	barrier();
	return 0;
}
ALLOW_ERROR_INJECTION(rt_inner, ERRNO);

int rt_name(const struct rt_name *name, char c)
{
	barrier();
	return 0;
}
ALLOW_ERROR_INJECTION(rt_name, ERRNO);

int rt_table(struct rt_inner **table, enum rt_color color, void *raw)
{
	barrier();
	return 0;
}
ALLOW_ERROR_INJECTION(rt_table, ERRNO);

int rt_by_value(int first, struct rt_pair pair, int after)
{
	barrier();
	return 0;
}
ALLOW_ERROR_INJECTION(rt_by_value, ERRNO);

/* so many times within itself; what the innermost returned is passed up, one more each time */
/* on the list, and no place for any probe; nobody calls it */
int rt_untraced(void)
{
	return 0;
}
ALLOW_ERROR_INJECTION(rt_untraced, ERRNO);

int rt_recurse(unsigned int depth, struct rt_object *obj)
{
	int ret = 0;

	barrier();
	if (depth)
		ret = rt_recurse(depth - 1, obj) + 1;
	barrier();
	return ret;
}
ALLOW_ERROR_INJECTION(rt_recurse, ERRNO);

int rt_tailed(int a, int b)
{
	barrier();
	return 0;
}
ALLOW_ERROR_INJECTION(rt_tailed, ERRNO);

/* left by a jump: never returned to */
int rt_tail(int a, int b)
{
	barrier();
	return rt_tailed(b, a);
}
ALLOW_ERROR_INJECTION(rt_tail, ERRNO);

/* by turns, so many times within each other; returns as rt_recurse() does */
int rt_ping(unsigned int depth)
{
	int ret = 0;

	barrier();
	if (depth)
		ret = rt_pong(depth - 1) + 1;
	barrier();
	return ret;
}
ALLOW_ERROR_INJECTION(rt_ping, ERRNO);

int rt_pong(unsigned int depth)
{
	int ret = 0;

	barrier();
	if (depth)
		ret = rt_ping(depth - 1) + 1;
	barrier();
	return ret;
}
ALLOW_ERROR_INJECTION(rt_pong, ERRNO);

/* rt_nothing() from interrupts on top of a task */
struct rt_interrupt {
	struct irq_work work;
	struct tasklet_struct tasklet;
	int hard, soft;
};

static void rt_in_hard(struct irq_work *work)
{
	container_of(work, struct rt_interrupt, work)->hard = rt_nothing();
}

static void rt_in_soft(struct tasklet_struct *tasklet)
{
	container_of(tasklet, struct rt_interrupt, tasklet)->soft = rt_nothing();
}

/* which calls of rt_nothing() failed: 1 the task's own, 2 in a hard interrupt, 4 in a soft one */
int rt_interrupts(void)
{
	struct rt_interrupt i = { 0 };
	int own;

	init_irq_work(&i.work, rt_in_hard);
	tasklet_setup(&i.tasklet, rt_in_soft);
	irq_work_queue(&i.work);
	irq_work_sync(&i.work);
	local_bh_disable();
	tasklet_schedule(&i.tasklet);
	local_bh_enable(); /* runs it here */
	tasklet_kill(&i.tasklet);
	own = rt_nothing();
	return (own ? 1 : 0) | (i.hard ? 2 : 0) | (i.soft ? 4 : 0);
}
ALLOW_ERROR_INJECTION(rt_interrupts, ERRNO);

static DECLARE_WAIT_QUEUE_HEAD(rt_queue);
static atomic_t rt_waiting = ATOMIC_INIT(0);
static bool rt_shut;

/* waits while the gate is shut, unless it is killed; then what rt_nothing() says */
int rt_gate(void)
{
	int ret;

	atomic_inc(&rt_waiting);
	ret = wait_event_killable(rt_queue, !READ_ONCE(rt_shut));
	atomic_dec(&rt_waiting);
	return ret ? ret : rt_nothing();
}
ALLOW_ERROR_INJECTION(rt_gate, ERRNO);

static long rt_set_gate(unsigned long arg)
{
	if (arg > 1)
		return atomic_read(&rt_waiting);
	WRITE_ONCE(rt_shut, arg != 0);
	wake_up_all(&rt_queue);
	return 0;
}

#define RT_POINTER(ret, name) [RT_##name] = (void *)name,
static void *const rt_pointers[] = { RT_FUNCS(RT_POINTER) };

#define RT_IS_LONG(ret, name) [RT_##name] = sizeof(ret) == sizeof(long),
static const bool rt_is_long[] = { RT_FUNCS(RT_IS_LONG) };

static noinline long rt_run(struct rt_call *call)
{
	long (*fn)(u64, u64, u64, u64, u64, u64, u64) = rt_pointers[call->func];
	const u64 *a = call->arg;
	long ret;

	/* deeper than this the stack ends */
	if ((call->func == RT_rt_recurse || call->func == RT_rt_ping || call->func == RT_rt_pong) &&
	    (u32)a[0] > 64)
		return -EINVAL;
	ret = fn(a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
	barrier();
	return rt_is_long[call->func] ? ret : (int)ret;
}

long rt_outer(struct rt_call *call)
{
	long ret = rt_run(call);

	barrier();
	return ret;
}

static long rt_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;
	struct rt_call call;

	if (cmd == RT_GATE)
		return rt_set_gate(arg);
	if (cmd != RT_CALL)
		return -ENOTTY;
	if (copy_from_user(&call, user, sizeof(call)))
		return -EFAULT;
	if (call.func >= RT_FUNC_COUNT)
		return -EINVAL;
	call.ret = call.under ? rt_outer(&call) : rt_run(&call);
	return copy_to_user(user, &call, sizeof(call)) ? -EFAULT : 0;
}

static const struct file_operations rt_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = rt_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice rt_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "retcon_test",
	.fops = &rt_fops,
	.mode = 0600,
};

module_misc_device(rt_device);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("functions for retcon's tests");
