/*
 * seccomp.c - see seccomp.h.
 *
 * A filter is a classic BPF program that sees one struct seccomp_data (system
 * call number, architecture, arguments by value) and answers with an action.
 * libseccomp turns rules into that program, for several architectures at once;
 * seccomp_enosys.c puts something in front of it, seccomp_shrink.c makes it short.
 */
#include "seccomp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "seccomp_private.h"

#define MAX_ARCHS 24
#define MAX_ARGS 6
#define MAX_ERRNO 4095    /* of the kernel: a greater one would become this */
#define MAX_DATA 0xffff   /* what a tracer can be told */
#define NOTIFY_API 5      /* libseccomp's level of a kernel with listeners */
#define MANY_RULES 32
/* More than any filter has room for. libseccomp copies all of them for each that is
 * added, so that a hundred thousand would take it hours. */
#define MAX_RULES (2 * BPF_MAXINSNS)

struct kern_seccomp {
	scmp_filter_ctx ctx;
	uint32_t default_action;
	size_t n_rules;
	struct kern_seccomp_last archs[MAX_ARCHS];
	size_t n_archs;
};

static int with_errno(uint32_t *action, const char *name, int errno_ret, struct err *err)
{
	bool tells_errno = *action == SCMP_ACT_ERRNO(0), tells_tracer = *action == SCMP_ACT_TRACE(0);

	if (!tells_errno && !tells_tracer)
		return errno_ret < 0 ? 0 : err_set(err, ERR_INVALID, "seccomp: %s takes no errno",
						   name);
	if (errno_ret > (tells_errno ? MAX_ERRNO : MAX_DATA))
		return err_set(err, ERR_INVALID, "seccomp: errno %d does not fit", errno_ret);
	*action |= errno_ret < 0 ? EPERM : (uint32_t)errno_ret;
	return 0;
}

static int parse_action(const char *name, int errno_ret, uint32_t *action, struct err *err)
{
	const struct kern_seccomp_word *w = kern_seccomp_word(kern_seccomp_actions, name);

	if (!w)
		return err_set(err, ERR_INVALID, "seccomp: unknown action '%s'", name);
	if (w->value == SCMP_ACT_NOTIFY && seccomp_api_get() < NOTIFY_API)
		return err_set(err, ERR_UNSUPPORTED, "seccomp notify unsupported: it takes Linux 5.0 "
			       "and libseccomp 2.5, the API level is %u", seccomp_api_get());
	*action = w->value;
	return with_errno(action, name, errno_ret, err);
}

static void note_arch(struct kern_seccomp *s, uint32_t token)
{
	if (s->n_archs < MAX_ARCHS)
		s->archs[s->n_archs++] = (struct kern_seccomp_last){ token, -1 };
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

static bool is_arch(const char *name)
{
	for (const char *const *a = kern_seccomp_archs; *a; a++)
		if (!strcmp(*a, name))
			return true;
	return false;
}

int kern_seccomp_arch(struct kern_seccomp *s, const char *arch, struct err *err)
{
	uint32_t token = is_arch(arch) ? kern_seccomp_arch_token(arch) : 0;
	int r;

	if (!is_arch(arch))
		return err_set(err, ERR_INVALID, "seccomp: unknown architecture '%s'", arch);
	if (!token)
		return err_set(err, ERR_UNSUPPORTED, "seccomp: the architecture %s is not known to "
			       "libseccomp %u.%u.%u", arch, seccomp_version()->major,
			       seccomp_version()->minor, seccomp_version()->micro);
	r = seccomp_arch_add(s->ctx, token);
	if (r == -EEXIST)
		return 0;
	if (r == -EDOM)
		return err_set(err, ERR_INVALID, "seccomp: %s has another byte order than this "
			       "machine", arch);
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

static int parse_arg(const struct kern_seccomp_arg *arg, struct scmp_arg_cmp *out, struct err *err)
{
	const struct kern_seccomp_word *op = kern_seccomp_word(kern_seccomp_ops, arg->op);

	if (!op)
		return err_set(err, ERR_INVALID, "seccomp: unknown comparison '%s'", arg->op);
	if (arg->index >= MAX_ARGS)
		return err_set(err, ERR_INVALID, "seccomp: a system call has no argument %u",
			       arg->index);
	*out = (struct scmp_arg_cmp){ arg->index, (enum scmp_compare)op->value, arg->value,
				      arg->value_two };
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

static int add_rule(struct kern_seccomp *s, uint32_t action, int nr,
		    const struct scmp_arg_cmp *cmp, size_t n)
{
	int r = 0;

	if (!repeats_an_argument(cmp, n))
		return seccomp_rule_add_array(s->ctx, action, nr, (unsigned)n, cmp);
	for (size_t i = 0; i < n && !r; i++)
		r = seccomp_rule_add_array(s->ctx, action, nr, 1, &cmp[i]);
	return r;
}

int kern_seccomp_rule(struct kern_seccomp *s, const char *syscall_name, const char *action,
		      int errno_ret, const struct kern_seccomp_arg *args, size_t n,
		      struct err *err)
{
	AUTO_FREE struct scmp_arg_cmp *cmp = xcalloc(n + 1, sizeof *cmp);
	int nr = seccomp_syscall_resolve_name(syscall_name), r;
	uint32_t act;

	if (parse_action(action, errno_ret, &act, err))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (parse_arg(&args[i], &cmp[i], err))
			return -1;
	if (++s->n_rules > MAX_RULES)
		return err_set(err, ERR_INVALID, "seccomp: more than %d rules", MAX_RULES);
	if (nr == __NR_SCMP_ERROR)
		return 0;
	note_syscall(s, syscall_name);
	if (act == s->default_action)
		return 0; /* says nothing, and libseccomp refuses it */
	r = add_rule(s, act, nr, cmp, n);
	return r ? err_errno(err, -r, "seccomp: rule for %s", syscall_name) : 0;
}

/* Whoever is asked about every call, or allows it, can deal with a new one. */
static bool answers_enosys(const struct kern_seccomp *s)
{
	return s->default_action != SCMP_ACT_ALLOW && s->default_action != SCMP_ACT_LOG &&
	       (s->default_action & SECCOMP_RET_ACTION_FULL) != SCMP_ACT_TRACE(0);
}

/* libseccomp's program, with room for `front` instructions before it. */
static int export(const struct kern_seccomp *s, size_t front, struct sock_filter **bpf, size_t *n,
		  struct err *err)
{
	AUTO_CLOSE int fd = memfd_create("seccomp", MFD_CLOEXEC);
	AUTO_FREE struct sock_filter *out = NULL;
	struct stat st;
	size_t size;
	int r;

	if (fd < 0)
		return err_sys(err, "seccomp: memfd_create");
	r = seccomp_export_bpf(s->ctx, fd);
	if (r)
		return err_errno(err, -r, "seccomp: compile the filter");
	if (fstat(fd, &st) || lseek(fd, 0, SEEK_SET))
		return err_sys(err, "seccomp: read the filter");
	size = (size_t)st.st_size;
	out = xcalloc(front + size / sizeof *out, sizeof *out);
	if (io_read_full(fd, out + front, size) != (ssize_t)size)
		return err_sys(err, "seccomp: read the filter");
	*n = front + size / sizeof *out;
	*bpf = steal_ptr(&out);
	return 0;
}

static struct sock_filter *shrink(const struct kern_seccomp *s, const struct sock_filter *bpf,
				  size_t *n)
{
	uint32_t archs[MAX_ARCHS];
	size_t n_archs = 0;

	for (size_t i = 0; i < s->n_archs; i++) {
		uint32_t arch = kern_seccomp_audit_arch(s->archs[i].token);
		size_t known = 0;

		while (known < n_archs && archs[known] != arch)
			known++;
		archs[known] = arch;
		n_archs += known == n_archs;
	}
	return kern_seccomp_shrink(bpf, *n, archs, n_archs, n);
}

int kern_seccomp_compile(struct kern_seccomp *s, struct sock_filter **bpf, size_t *n,
			 struct err *err)
{
	struct sock_filter enosys[KERN_SECCOMP_ENOSYS_MAX(MAX_ARCHS)];
	size_t front = answers_enosys(s) ? kern_seccomp_enosys(s->archs, s->n_archs, enosys) : 0;
	AUTO_FREE struct sock_filter *out = NULL;
	struct sock_filter *shorter;

	/* A binary tree by number instead of one comparison after the other. (Without
	 * any rule libseccomp 2.5 makes a broken program of it.) */
	if (s->n_rules > MANY_RULES)
		seccomp_attr_set(s->ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (export(s, front, &out, n, err))
		return -1;
	memcpy(out, enosys, front * sizeof *out);
	shorter = shrink(s, out, n);
	if (shorter) {
		free(out);
		out = shorter;
	}
	if (*n > BPF_MAXINSNS)
		return err_set(err, ERR_INVALID, "seccomp: the filter is longer than %d instructions",
			       BPF_MAXINSNS);
	*bpf = steal_ptr(&out);
	return 0;
}
