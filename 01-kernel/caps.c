/*
 * caps.c - see caps.h.
 *
 * A thread has five sets (capabilities(7)). The bounding set is the ceiling of
 * what execve may grant and can only shrink, one capability per prctl. The
 * effective, permitted and inheritable sets are written together by capset(2)
 * in two 32-bit halves. The ambient set, which alone survives execve of an
 * ordinary program by a non-root user, must stay inside permitted and
 * inheritable, so it comes last.
 */
#include "caps.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/trace.h"

static const char *const names[] = {
	"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID",
	"CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW",
	"CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE",
	"CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE",
	"CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ",
	"CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
};

#define N_NAMES ((int)(sizeof names / sizeof names[0]))

int kern_caps_parse(const char *name)
{
	if (!strncasecmp(name, "CAP_", 4))
		name += 4;
	for (int i = 0; i < N_NAMES; i++)
		if (!strcasecmp(names[i] + 4, name))
			return i;
	return -1;
}

const char *kern_caps_name(int cap)
{
	return cap >= 0 && cap < N_NAMES ? names[cap] : NULL;
}

/* Ask the kernel itself (PR_CAPBSET_READ fails with EINVAL past its last one):
 * /proc/sys/kernel/cap_last_cap may not be there to be read in a container. The answer
 * is the same as long as the machine runs. */
uint64_t kern_caps_all(void)
{
	static int known;
	int below = 0, above = 64; /* the first that does not exist is in (below, above] */

	if (!known) {
		while (above - below > 1) {
			int middle = (below + above) / 2;

			*(prctl(PR_CAPBSET_READ, middle, 0, 0, 0) < 0 ? &above : &below) = middle;
		}
		known = above;
	}
	return known == 64 ? UINT64_MAX : (UINT64_C(1) << known) - 1;
}

int kern_caps_bound(const struct kern_caps *caps, struct err *err)
{
	uint64_t drop = kern_caps_all() & ~caps->bounding;

	for (int cap = 0; cap < 64; cap++)
		/* Whoever has no CAP_SETPCAP need not drop what is not there. */
		if ((drop >> cap & 1) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) &&
		    prctl(PR_CAPBSET_READ, cap, 0, 0, 0) != 0)
			return err_errno(err, EPERM, "drop %s from the bounding set",
					 cap < N_NAMES ? names[cap] : "a capability");
	return 0;
}

static int set_ambient(uint64_t ambient, struct err *err)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
		return err_sys(err, "clear the ambient capabilities");
	for (int cap = 0; cap < 64; cap++)
		if (ambient >> cap & 1 &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0))
			return err_sys(err, "raise the ambient %s (it must be permitted and "
				       "inheritable)", cap < N_NAMES ? names[cap] : "capability");
	return 0;
}

static int capset_told(struct __user_cap_header_struct *head,
		       const struct __user_cap_data_struct *data, const struct kern_caps *caps)
{
	struct trace_span span = trace_call_begin();
	int rc = (int)syscall(SYS_capset, head, data);

	trace_call_end(&span, rc, "capset(effective %llx, permitted %llx, inheritable %llx)",
		       (unsigned long long)caps->effective, (unsigned long long)caps->permitted,
		       (unsigned long long)caps->inheritable);
	return rc;
}

int kern_caps_set(const struct kern_caps *caps, struct err *err)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	for (int half = 0; half < 2; half++) {
		data[half].effective = (uint32_t)(caps->effective >> 32 * half);
		data[half].permitted = (uint32_t)(caps->permitted >> 32 * half);
		data[half].inheritable = (uint32_t)(caps->inheritable >> 32 * half);
	}
	if (capset_told(&head, data, caps)) {
		if (errno == EPERM)
			return err_sys(err, "set capabilities (one that is asked for is not held, "
				       "or effective is not a part of permitted)");
		return err_sys(err, "set capabilities");
	}
	return 0;
}

int kern_caps_apply(const struct kern_caps *caps, struct err *err)
{
	uint64_t all = kern_caps_all();
	const struct kern_caps known = { .effective = caps->effective & all,
					 .permitted = caps->permitted & all,
					 .inheritable = caps->inheritable & all };

	return kern_caps_set(&known, err) || set_ambient(caps->ambient & all, err) ? -1 : 0;
}

static uint64_t read_set(int option, int arg)
{
	uint64_t set = 0;

	for (int cap = 0; cap < 64; cap++) {
		int r = option == PR_CAP_AMBIENT ? prctl(option, arg, cap, 0, 0)
						 : prctl(option, cap, 0, 0, 0);

		if (r == 1)
			set |= UINT64_C(1) << cap;
	}
	return set;
}

int kern_caps_get(struct kern_caps *caps, struct err *err)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return err_sys(err, "read capabilities");
	caps->effective = data[0].effective | (uint64_t)data[1].effective << 32;
	caps->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	caps->inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	caps->bounding = read_set(PR_CAPBSET_READ, 0);
	caps->ambient = read_set(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET);
	return 0;
}

uint64_t kern_caps_permitted(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	syscall(SYS_capget, &head, data);
	return data[0].permitted | (uint64_t)data[1].permitted << 32;
}

uint64_t kern_caps_bounded(uint64_t caps)
{
	for (int cap = 0; cap < 64; cap++)
		if (caps >> cap & 1 && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) != 1)
			caps &= ~(UINT64_C(1) << cap);
	return caps;
}

int kern_no_new_privs(struct err *err)
{
	struct trace_span span = trace_call_begin();
	int rc = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);

	trace_call_end(&span, rc, "prctl(PR_SET_NO_NEW_PRIVS, 1)");
	if (rc)
		return err_sys(err, "set no_new_privs");
	return 0;
}
