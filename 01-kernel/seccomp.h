/*
 * seccomp.h - system call filters (seccomp(2)), built by libseccomp.
 *
 * Rules in, a program out: kern_seccomp_new, _arch, _rule, _compile. What is
 * compiled can be kept and loaded later without libseccomp: kern_seccomp_load.
 */
#ifndef DOCKYARD_SECCOMP_H
#define DOCKYARD_SECCOMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Not in the headers of Linux 5.18 and before. */
#define KERN_SECCOMP_WAIT_KILLABLE_RECV (1u << 5)

/* ---- seccomp_words.c: the words of the OCI specification ("Seccomp" in
 * config-linux.md). Each list is sorted and ends with a row of NULL. */
struct kern_seccomp_word {
	const char *name;
	uint32_t value;
};
extern const struct kern_seccomp_word kern_seccomp_actions[]; /* SCMP_ACT_*, without errno */
extern const struct kern_seccomp_word kern_seccomp_ops[];     /* SCMP_CMP_* */
extern const struct kern_seccomp_word kern_seccomp_flags[];   /* bits for kern_seccomp_load */
extern const char *const kern_seccomp_archs[];                /* SCMP_ARCH_* */

const struct kern_seccomp_word *kern_seccomp_word(const struct kern_seccomp_word *list,
						  const char *name); /* or NULL */
/* The architecture's number in libseccomp, 0 if this libseccomp is older than it. */
uint32_t kern_seccomp_arch_token(const char *arch);
/* Does this kernel know the flag? (0, which TSYNC is here: yes.) */
bool kern_seccomp_flag_known(unsigned flag);

/* ---- seccomp.c: a filter being built */
struct kern_seccomp;

/* `errno_ret` (-1: EPERM) belongs to SCMP_ACT_ERRNO and SCMP_ACT_TRACE; any other
 * action refuses one. */
struct kern_seccomp *kern_seccomp_new(const char *action, int errno_ret, struct err *err);

/* Add an architecture, before the rules; the native one is always in. */
int kern_seccomp_arch(struct kern_seccomp *s, const char *arch, struct err *err);

struct kern_seccomp_arg {
	unsigned index;
	uint64_t value, value_two;
	const char *op; /* SCMP_CMP_* */
};

/* One rule. All comparisons must hold, but if two of them are of one argument
 * any of them may (libseccomp cannot say "and" for those, and so runc takes
 * them). A name that this libseccomp does not know is skipped. */
int kern_seccomp_rule(struct kern_seccomp *s, const char *syscall, const char *action,
		      int errno_ret, const struct kern_seccomp_arg *args, size_t n,
		      struct err *err);

/* Compile to BPF: *bpf (the caller frees) holds *n instructions. */
struct sock_filter;
int kern_seccomp_compile(struct kern_seccomp *s, struct sock_filter **bpf, size_t *n,
			 struct err *err);
void kern_seccomp_free(struct kern_seccomp *s);

/* ---- seccomp_load.c */

/* Bind the calling thread and its children to come. `flags` are
 * SECCOMP_FILTER_FLAG_*; with NEW_LISTENER the listener's descriptor (O_CLOEXEC)
 * is returned, else 0. Needs no_new_privs or CAP_SYS_ADMIN. */
int kern_seccomp_load(const struct sock_filter *bpf, size_t n, unsigned flags, struct err *err);

#endif
