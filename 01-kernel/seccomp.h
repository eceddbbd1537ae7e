/*
 * seccomp.h - system call filters (seccomp(2)), built by libseccomp.
 */
#ifndef DOCKYARD_SECCOMP_H
#define DOCKYARD_SECCOMP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct kern_seccomp; /* a filter being built */

/* `action` words are the OCI specification's: SCMP_ACT_ALLOW, SCMP_ACT_ERRNO... ;
 * `errno_ret` counts for ERRNO and TRACE (-1: EPERM). */
struct kern_seccomp *kern_seccomp_new(const char *action, int errno_ret, struct err *err);

/* Add an architecture ("SCMP_ARCH_X86_64"); the native one is always in. */
int kern_seccomp_arch(struct kern_seccomp *s, const char *arch, struct err *err);

struct kern_seccomp_arg {
	unsigned index;
	uint64_t value, value_two;
	const char *op; /* SCMP_CMP_EQ, SCMP_CMP_MASKED_EQ ... */
};

/* One rule. A name that this libseccomp does not know is skipped (as runc does). */
int kern_seccomp_rule(struct kern_seccomp *s, const char *syscall, const char *action,
		      int errno_ret, const struct kern_seccomp_arg *args, size_t n,
		      struct err *err);

/* Compile to BPF: *bpf (the caller frees) holds *n instructions (struct
 * sock_filter). Loading is kern_seccomp_load, so that a compiled filter can be
 * kept and loaded without libseccomp. */
struct sock_filter;
int kern_seccomp_compile(struct kern_seccomp *s, struct sock_filter **bpf, size_t *n,
			 struct err *err);
/* `flags` are SECCOMP_FILTER_FLAG_*; returns 0 or, with FLAG_NEW_LISTENER, the fd. */
int kern_seccomp_load(const struct sock_filter *bpf, size_t n, unsigned flags, struct err *err);
void kern_seccomp_free(struct kern_seccomp *s);

#endif
