/*
 * seccomp_private.h - what the pages behind seccomp.h share.
 */
#ifndef DOCKYARD_SECCOMP_PRIVATE_H
#define DOCKYARD_SECCOMP_PRIVATE_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

/* x32 calls have x86-64's architecture, and this bit in their number. */
#define KERN_SECCOMP_X32_BIT 0x40000000u

struct kern_seccomp_last {
	uint32_t token; /* the architecture, as libseccomp numbers it */
	int last;       /* the greatest system call number that a rule names; -1: none */
};

/* As the kernel numbers it in seccomp_data: AUDIT_ARCH_*. */
uint32_t kern_seccomp_audit_arch(uint32_t token);

/* seccomp_enosys.c: the check in front of a list, at most so many instructions. */
#define KERN_SECCOMP_ENOSYS_MAX(n_archs) (1 + 16 * (n_archs))
size_t kern_seccomp_enosys(const struct kern_seccomp_last *archs, size_t n,
			   struct sock_filter *out);

/* seccomp_shrink.c: the same verdicts in fewer instructions, or NULL if that cannot
 * be. `archs` (AUDIT_ARCH_*) are all that the program asks for. New. */
struct sock_filter *kern_seccomp_shrink(const struct sock_filter *bpf, size_t n,
					const uint32_t *archs, size_t n_archs, size_t *shorter);

#endif
