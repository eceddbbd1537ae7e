/*
 * seccomp_enosys.c - system calls that are younger than the list.
 *
 * A list of what is allowed has a problem that grows with time: calls that did
 * not exist when it was written fall to its default action, mostly EPERM. C
 * libraries try a new call first and take the old one when they get ENOSYS;
 * EPERM they believe. So in front of such a program stands this check: a number
 * greater than any that the rules name is answered with ENOSYS, as if the kernel
 * were as old as the list. runc does the same.
 */
#include "seccomp_private.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>

struct writer {
	struct sock_filter *out;
	size_t n;
};

static void emit(struct writer *w, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	w->out[w->n++] = (struct sock_filter){ code, jt, jf, k };
}

static void load(struct writer *w, size_t offset)
{
	emit(w, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

uint32_t kern_seccomp_audit_arch(uint32_t token)
{
	return token == SCMP_ARCH_X32 ? AUDIT_ARCH_X86_64 : token;
}

static const struct kern_seccomp_last *find(const struct kern_seccomp_last *archs, size_t n,
					    uint32_t token)
{
	for (size_t i = 0; i < n; i++)
		if (archs[i].token == token)
			return &archs[i];
	return NULL;
}

/* Numbers within from..to are not known. */
static void refuse(struct writer *w, uint32_t from, uint32_t to)
{
	emit(w, BPF_JMP | BPF_JGE | BPF_K, 0, 2, from);
	emit(w, BPF_JMP | BPF_JGT | BPF_K, 1, 0, to);
	emit(w, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOSYS);
}

/* The numbers of one ABI: all above its last whose X32_BIT is as `bit`. */
static void refuse_half(struct writer *w, const struct kern_seccomp_last *abi, uint32_t bit)
{
	const uint32_t top = 0x80000000u, rest = KERN_SECCOMP_X32_BIT - 1;

	if (!abi || abi->last <= 0)
		return; /* no rule names a call of it: nothing is known of the list's age */
	refuse(w, (uint32_t)abi->last + 1, bit | rest);
	refuse(w, top | bit, top | bit | rest);
}

size_t kern_seccomp_enosys(const struct kern_seccomp_last *archs, size_t n,
			   struct sock_filter *out)
{
	struct writer w = { out, 0 };

	load(&w, offsetof(struct seccomp_data, arch));
	for (size_t i = 0; i < n; i++) {
		uint32_t token = archs[i].token, audit = kern_seccomp_audit_arch(token);
		size_t head = w.n;

		if (token == SCMP_ARCH_X32 && find(archs, n, SCMP_ARCH_X86_64))
			continue; /* together with that */
		emit(&w, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, audit);
		load(&w, offsetof(struct seccomp_data, nr));
		if (audit == AUDIT_ARCH_X86_64) {
			refuse_half(&w, find(archs, n, SCMP_ARCH_X86_64), 0);
			refuse_half(&w, find(archs, n, SCMP_ARCH_X32), KERN_SECCOMP_X32_BIT);
		} else if (archs[i].last > 0) {
			refuse(&w, (uint32_t)archs[i].last + 1, UINT32_MAX);
		}
		/* On to the program; or, if this is not the architecture, to the next. */
		emit(&w, BPF_JMP | BPF_JA, 0, 0, 0);
		out[head].jf = (uint8_t)(w.n - head - 1);
	}
	for (size_t i = 0; i < w.n; i++)
		if (out[i].code == (BPF_JMP | BPF_JA))
			out[i].k = (uint32_t)(w.n - i - 1);
	return w.n;
}
