/*
 * seccomp.c - see seccomp.h.
 *
 * A filter is a classic BPF program that sees one struct seccomp_data (system
 * call number, architecture, arguments by value) and answers with an action.
 * libseccomp turns rules into that program, for several architectures at once.
 *
 * A filter with a list of what is allowed has a problem that grows with time:
 * system calls younger than the list fall to its default action, mostly EPERM.
 * C libraries try a new call first and take the old one when they get ENOSYS;
 * EPERM they believe. So in front of the program stands a check of ours, per
 * architecture: a number greater than any that the rules name is answered with
 * ENOSYS, as if the kernel were as old as the list.
 */
#include "seccomp.h"

#include <ctype.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/strbuf.h"

#define MAX_ARCHS 24
#define MAX_ARGS 6
/* More than any filter has room for. libseccomp copies all of them for each that is
 * added, so that a hundred thousand would take it hours. */
#define MAX_RULES (2 * BPF_MAXINSNS)
#define X32_BIT 0x40000000

struct kern_seccomp {
	scmp_filter_ctx ctx;
	uint32_t default_action;
	struct {
		uint32_t token; /* as the kernel gives it: AUDIT_ARCH_* */
		int last;       /* the greatest number named by a rule; -1: none */
	} archs[MAX_ARCHS];
	size_t n_archs, n_rules;
};

struct word {
	const char *name;
	uint32_t value;
};

static const struct word actions[] = {
	{ "SCMP_ACT_ALLOW", SCMP_ACT_ALLOW },
	{ "SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0) },
	{ "SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD },
	{ "SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD },
	{ "SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS },
	{ "SCMP_ACT_TRAP", SCMP_ACT_TRAP },
	{ "SCMP_ACT_TRACE", SCMP_ACT_TRACE(0) },
	{ "SCMP_ACT_LOG", SCMP_ACT_LOG },
	{ "SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY },
	{ NULL, 0 },
};

static const struct word comparisons[] = {
	{ "SCMP_CMP_NE", SCMP_CMP_NE }, { "SCMP_CMP_LT", SCMP_CMP_LT },
	{ "SCMP_CMP_LE", SCMP_CMP_LE }, { "SCMP_CMP_EQ", SCMP_CMP_EQ },
	{ "SCMP_CMP_GE", SCMP_CMP_GE }, { "SCMP_CMP_GT", SCMP_CMP_GT },
	{ "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ },
	{ NULL, 0 },
};

static const struct word *find(const struct word *words, const char *name)
{
	for (; words->name; words++)
		if (!strcmp(words->name, name))
			return words;
	return NULL;
}

static int parse_action(const char *name, int errno_ret, uint32_t *action, struct err *err)
{
	const struct word *w = find(actions, name);
	uint32_t data = errno_ret < 0 ? EPERM : (uint32_t)errno_ret;

	if (!w)
		return err_set(err, ERR_INVALID, "seccomp: unknown action '%s'", name);
	if (data > 0xffff)
		return err_set(err, ERR_INVALID, "seccomp: errno %d does not fit", errno_ret);
	*action = w->value;
	if (w->value == SCMP_ACT_ERRNO(0))
		*action = SCMP_ACT_ERRNO(data);
	else if (w->value == SCMP_ACT_TRACE(0))
		*action = SCMP_ACT_TRACE(data);
	return 0;
}

static void note_arch(struct kern_seccomp *s, uint32_t token)
{
	if (s->n_archs < MAX_ARCHS) {
		s->archs[s->n_archs].token = token;
		s->archs[s->n_archs++].last = -1;
	}
}

struct kern_seccomp *kern_seccomp_new(const char *action, int errno_ret, struct err *err)
{
	struct kern_seccomp *s;
	uint32_t act;

	if (parse_action(action, errno_ret, &act, err))
		return NULL;
	s = xcalloc(1, sizeof *s);
	s->default_action = act;
	s->ctx = seccomp_init(act);
	if (!s->ctx) {
		err_set(err, ERR_INVALID, "seccomp: '%s' cannot be the default action", action);
		kern_seccomp_free(s);
		return NULL;
	}
	/* A binary tree by number instead of one comparison after the other. */
	seccomp_attr_set(s->ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	note_arch(s, seccomp_arch_native());
	return s;
}

void kern_seccomp_free(struct kern_seccomp *s)
{
	if (!s)
		return;
	if (s->ctx)
		seccomp_release(s->ctx);
	free(s);
}

int kern_seccomp_arch(struct kern_seccomp *s, const char *arch, struct err *err)
{
	char name[32] = "";
	uint32_t token;
	int r;

	if (!str_starts(arch, "SCMP_ARCH_") || strlen(arch) - 10 >= sizeof name)
		return err_set(err, ERR_INVALID, "seccomp: unknown architecture '%s'", arch);
	for (size_t i = 0; arch[10 + i]; i++)
		name[i] = (char)tolower((unsigned char)arch[10 + i]);
	token = seccomp_arch_resolve_name(name);
	if (!token)
		return err_set(err, ERR_INVALID, "seccomp: unknown architecture '%s'", arch);
	r = seccomp_arch_add(s->ctx, token);
	if (r == -EEXIST)
		return 0;
	if (r)
		return err_errno(err, -r, "seccomp: add the architecture %s", arch);
	note_arch(s, token);
	return 0;
}

static void note_syscall(struct kern_seccomp *s, const char *name)
{
	for (size_t i = 0; i < s->n_archs; i++) {
		int nr = seccomp_syscall_resolve_name_arch(s->archs[i].token, name);

		if (nr > s->archs[i].last)
			s->archs[i].last = nr;
	}
}

static int parse_args(const struct kern_seccomp_arg *args, size_t n, struct scmp_arg_cmp *out,
		      struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct word *op = find(comparisons, args[i].op);

		if (!op)
			return err_set(err, ERR_INVALID, "seccomp: unknown comparison '%s'",
				       args[i].op);
		if (args[i].index >= MAX_ARGS)
			return err_set(err, ERR_INVALID, "seccomp: a system call has no argument %u",
				       args[i].index);
		out[i] = (struct scmp_arg_cmp){ args[i].index, (enum scmp_compare)op->value,
						args[i].value, args[i].value_two };
	}
	return 0;
}

static bool repeats_an_argument(const struct scmp_arg_cmp *cmp, size_t n)
{
	unsigned seen = 0;

	for (size_t i = 0; i < n; i++) {
		if (seen >> cmp[i].arg & 1)
			return true;
		seen |= 1u << cmp[i].arg;
	}
	return false;
}

int kern_seccomp_rule(struct kern_seccomp *s, const char *syscall_name, const char *action,
		      int errno_ret, const struct kern_seccomp_arg *args, size_t n,
		      struct err *err)
{
	int nr = seccomp_syscall_resolve_name(syscall_name), r = 0;
	struct scmp_arg_cmp cmp[32];
	uint32_t act;

	if (parse_action(action, errno_ret, &act, err))
		return -1;
	if (n > sizeof cmp / sizeof cmp[0])
		return err_set(err, ERR_INVALID, "seccomp: too many comparisons in a rule");
	if (parse_args(args, n, cmp, err))
		return -1;
	if (nr == __NR_SCMP_ERROR)
		return 0;
	if (++s->n_rules > MAX_RULES)
		return err_set(err, ERR_INVALID, "seccomp: more than %d rules", MAX_RULES);
	note_syscall(s, syscall_name);
	if (act == s->default_action)
		return 0; /* says nothing, and libseccomp refuses it */
	if (!repeats_an_argument(cmp, n)) {
		r = seccomp_rule_add_array(s->ctx, act, nr, (unsigned)n, cmp);
	} else {
		/* Two comparisons of one argument are alternatives, as runc takes them:
		 * libseccomp cannot say "and" for them. */
		for (size_t i = 0; i < n && !r; i++)
			r = seccomp_rule_add_array(s->ctx, act, nr, 1, &cmp[i]);
	}
	if (r)
		return err_errno(err, -r, "seccomp: rule for %s", syscall_name);
	return 0;
}

static bool answers_enosys(const struct kern_seccomp *s)
{
	uint32_t act = s->default_action;

	return act == SCMP_ACT_KILL_THREAD || act == SCMP_ACT_KILL_PROCESS ||
	       act == SCMP_ACT_TRAP ||
	       ((act & 0xffff0000) == SCMP_ACT_ERRNO(0) && act != SCMP_ACT_ERRNO(ENOSYS));
}

/* At most this many instructions per architecture. */
#define PER_ARCH 6

static void emit(struct sock_filter *out, size_t *n, uint16_t code, uint8_t jt, uint8_t jf,
		 uint32_t k)
{
	out[(*n)++] = (struct sock_filter){ code, jt, jf, k };
}

/* The check in front (see the top); the number of instructions written. */
static size_t emit_prologue(const struct kern_seccomp *s, struct sock_filter *out)
{
	const uint16_t load = BPF_LD | BPF_W | BPF_ABS, jeq = BPF_JMP | BPF_JEQ | BPF_K;
	const uint32_t nr = offsetof(struct seccomp_data, nr);
	size_t n = 0, jumps[MAX_ARCHS], n_jumps = 0;

	emit(out, &n, load, 0, 0, offsetof(struct seccomp_data, arch));
	for (size_t i = 0; i < s->n_archs; i++) {
		/* libseccomp's token for x32 is x86-64's with a class of its own;
		 * the kernel tells the two apart by a bit of the number instead. */
		bool x86_64 = s->archs[i].token == SCMP_ARCH_X86_64;

		if (s->archs[i].last < 0 || s->archs[i].token == SCMP_ARCH_X32)
			continue;
		emit(out, &n, jeq, 0, x86_64 ? 5 : 4, s->archs[i].token);
		emit(out, &n, load, 0, 0, nr);
		if (x86_64)
			emit(out, &n, BPF_JMP | BPF_JGE | BPF_K, 2, 0, X32_BIT);
		emit(out, &n, BPF_JMP | BPF_JGT | BPF_K, 0, 1, (uint32_t)s->archs[i].last);
		emit(out, &n, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOSYS);
		jumps[n_jumps++] = n;
		emit(out, &n, BPF_JMP | BPF_JA, 0, 0, 0);
	}
	for (size_t i = 0; i < n_jumps; i++)
		out[jumps[i]].k = (uint32_t)(n - jumps[i] - 1);
	return n;
}

int kern_seccomp_compile(struct kern_seccomp *s, struct sock_filter **bpf, size_t *n,
			 struct err *err)
{
	AUTO_CLOSE int fd = memfd_create("seccomp", MFD_CLOEXEC);
	AUTO_FREE struct sock_filter *out = NULL;
	size_t front, size;
	struct stat st;
	int r;

	if (fd < 0)
		return err_sys(err, "seccomp: memfd_create");
	r = seccomp_export_bpf(s->ctx, fd);
	if (r)
		return err_errno(err, -r, "seccomp: compile the filter");
	if (fstat(fd, &st) || lseek(fd, 0, SEEK_SET))
		return err_sys(err, "seccomp: read the filter");
	size = (size_t)st.st_size;
	out = xcalloc(1 + s->n_archs * PER_ARCH + size / sizeof *out, sizeof *out);
	front = answers_enosys(s) ? emit_prologue(s, out) : 0;
	if (io_read_full(fd, out + front, size) != (ssize_t)size)
		return err_sys(err, "seccomp: read the filter");
	*n = front + size / sizeof *out;
	if (*n > BPF_MAXINSNS)
		return err_set(err, ERR_INVALID, "seccomp: the filter is longer than %d instructions",
			       BPF_MAXINSNS);
	*bpf = steal_ptr(&out);
	return 0;
}

int kern_seccomp_load(const struct sock_filter *bpf, size_t n, unsigned flags, struct err *err)
{
	struct sock_fprog prog = { .len = (unsigned short)n, .filter = (struct sock_filter *)bpf };
	long r;

	if (n > BPF_MAXINSNS) /* and not its first 65535 instructions */
		return err_set(err, ERR_INVALID, "load the seccomp filter: it is longer than %d "
			       "instructions", BPF_MAXINSNS);
	r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
	if (r < 0 && errno == EACCES)
		return err_sys(err, "load the seccomp filter (without CAP_SYS_ADMIN, no_new_privs must "
			       "be set first)");
	if (r < 0 && errno == EBUSY)
		return err_sys(err, "load the seccomp filter (another one has a listener already)");
	if (r < 0)
		return err_sys(err, "load the seccomp filter");
	if (r > 0 && (flags & SECCOMP_FILTER_FLAG_TSYNC) &&
	    !(flags & SECCOMP_FILTER_FLAG_NEW_LISTENER))
		return err_set(err, ERR_CONFLICT, "load the seccomp filter: thread %ld has another "
			       "filter", r);
	return (int)r;
}
