/*
 * test_seccomp_program.c - what is compiled, run instruction by instruction
 * (bpf.h): by argument, by age, and as short as it is against the program that
 * libseccomp made.
 */
#include "suite.h"

#include <errno.h>
#include <seccomp.h>
#include <sys/mman.h>

#include "01-kernel/seccomp.h"
#include "01-kernel/seccomp_private.h"
#include "tests/unit/bpf.h"

#define FAIL_WITH(e) (SECCOMP_RET_ERRNO | (e))
#define MAX_PROGRAM 8192

struct program {
	struct sock_filter *bpf;
	size_t n;
};

static struct kern_seccomp *begin(const char *action, int errno_ret)
{
	struct err err = { 0 };
	struct kern_seccomp *s = kern_seccomp_new(action, errno_ret, &err);

	if (!s) {
		fprintf(stderr, "%s\n", err.msg);
		exit(2);
	}
	return s;
}

static void rule(struct kern_seccomp *s, const char *name, const char *action, int errno_ret,
		 const struct kern_seccomp_arg *args, size_t n)
{
	struct err err;

	OK(kern_seccomp_rule(s, name, action, errno_ret, args, n, &err));
}

static struct program end(struct kern_seccomp *s)
{
	struct program p = { NULL, 0 };
	struct err err;

	if (kern_seccomp_compile(s, &p.bpf, &p.n, &err)) {
		fprintf(stderr, "%s\n", err.msg);
		exit(2);
	}
	kern_seccomp_free(s);
	return p;
}

static void verdict(const struct program *p, uint32_t arch, int nr, uint64_t arg0, uint64_t arg1,
		    uint32_t want, int line)
{
	const struct seccomp_data d = { .nr = nr, .arch = arch, .args = { arg0, arg1 } };
	uint32_t got = bpf_run(p->bpf, p->n, &d);

	if (got != want) {
		fprintf(stderr, "\n%s:%d: arch %x, call %x(%llx, %llx): expected %x, got %x\n",
			__FILE__, line, arch, (unsigned)nr, (unsigned long long)arg0,
			(unsigned long long)arg1, want, got);
		CU_FAIL("a verdict");
	}
	CU_ASSERT(true);
}

#define VERDICT(p, arch, nr, arg0, arg1, want) \
	verdict(p, arch, nr, arg0, arg1, want, __LINE__)

static int number(const char *name)
{
	return seccomp_syscall_resolve_name(name);
}

/* ---- by argument: seccomp_rule_add(3), all 64 bits count ---------------------- */

struct comparison {
	const char *op;
	uint64_t value, two;
	uint64_t yes[3], no[3];
};

#define BIG UINT64_C(0x500000000)

static const struct comparison comparisons[] = {
	{ "SCMP_CMP_EQ", BIG + 7, 0, { BIG + 7, BIG + 7, BIG + 7 }, { 7, BIG, BIG * 2 + 7 } },
	{ "SCMP_CMP_NE", BIG + 7, 0, { 7, BIG, BIG * 2 + 7 }, { BIG + 7, BIG + 7, BIG + 7 } },
	{ "SCMP_CMP_LT", BIG + 7, 0, { 0, BIG + 6, 0xffffffff }, { BIG + 7, BIG + 8, UINT64_MAX } },
	{ "SCMP_CMP_LE", BIG + 7, 0, { 0, BIG + 7, 0xffffffff }, { BIG + 8, BIG * 2, UINT64_MAX } },
	{ "SCMP_CMP_GE", BIG + 7, 0, { BIG + 7, BIG * 2, UINT64_MAX }, { BIG + 6, 7, 0xffffffff } },
	{ "SCMP_CMP_GT", BIG + 7, 0, { BIG + 8, BIG * 2, UINT64_MAX }, { BIG + 7, 8, 0xffffffff } },
	/* value is the mask, value_two what must be left under it */
	{ "SCMP_CMP_MASKED_EQ", BIG | 0xf0, BIG | 0x50, { BIG | 0x50, BIG | 0x5f, ~UINT64_C(0xa0) },
	  { 0x50, BIG | 0x60, BIG * 2 | 0x50 } },
	{ "SCMP_CMP_MASKED_EQ", 0, 0, { 0, BIG, UINT64_MAX }, { 0 } },
};

static void operators(void)
{
	for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; i++) {
		const struct comparison *c = &comparisons[i];
		const struct kern_seccomp_arg arg = { 1, c->value, c->two, c->op };
		struct kern_seccomp *s = begin("SCMP_ACT_ALLOW", -1);
		struct program p;

		rule(s, "dup3", "SCMP_ACT_ERRNO", 42, &arg, 1);
		p = end(s);
		for (int v = 0; v < 3; v++) {
			VERDICT(&p, seccomp_arch_native(), number("dup3"), 0, c->yes[v], FAIL_WITH(42));
			if (c->value) /* a mask of nothing excludes nothing */
				VERDICT(&p, seccomp_arch_native(), number("dup3"), 0, c->no[v],
					SECCOMP_RET_ALLOW);
		}
		VERDICT(&p, seccomp_arch_native(), number("dup"), 0, c->yes[0], SECCOMP_RET_ALLOW);
		free(p.bpf);
	}
}

/* Two arguments: both must fit. One of them twice: any may, as in runc. More
 * comparisons than a system call has arguments are fine then. */
static void and_and_or(void)
{
	const struct kern_seccomp_arg both[] = { { 0, 1, 0, "SCMP_CMP_EQ" },
						 { 1, 2, 0, "SCMP_CMP_EQ" } };
	struct kern_seccomp_arg any[10];
	struct kern_seccomp *s = begin("SCMP_ACT_ERRNO", -1);
	uint32_t arch = seccomp_arch_native();
	struct program p;

	for (unsigned i = 0; i < 9; i++)
		any[i] = (struct kern_seccomp_arg){ 0, 100 * i, 0, "SCMP_CMP_EQ" };
	any[9] = (struct kern_seccomp_arg){ 1, 5, 0, "SCMP_CMP_EQ" };
	rule(s, "dup3", "SCMP_ACT_ALLOW", -1, both, 2);
	rule(s, "fcntl", "SCMP_ACT_ALLOW", -1, any, 10);
	p = end(s);
	VERDICT(&p, arch, number("dup3"), 1, 2, SECCOMP_RET_ALLOW);
	VERDICT(&p, arch, number("dup3"), 1, 3, FAIL_WITH(EPERM));
	VERDICT(&p, arch, number("dup3"), 0, 2, FAIL_WITH(EPERM));
	VERDICT(&p, arch, number("fcntl"), 800, 0, SECCOMP_RET_ALLOW);
	VERDICT(&p, arch, number("fcntl"), 801, 5, SECCOMP_RET_ALLOW);
	VERDICT(&p, arch, number("fcntl"), 801, 0, FAIL_WITH(EPERM));
	free(p.bpf);
}

/* ---- by age --------------------------------------------------------------------- */

static struct program list_of(const char *default_action, int errno_ret, bool x32)
{
	struct kern_seccomp *s = begin(default_action, errno_ret);
	struct err err;

	OK(kern_seccomp_arch(s, "SCMP_ARCH_X86_64", &err));
	OK(kern_seccomp_arch(s, "SCMP_ARCH_X86", &err));
	OK(kern_seccomp_arch(s, "SCMP_ARCH_AARCH64", &err));
	if (x32)
		OK(kern_seccomp_arch(s, "SCMP_ARCH_X32", &err));
	rule(s, "read", "SCMP_ACT_ALLOW", -1, NULL, 0);
	/* Names that are no rule of their own count as well: the list knows them. */
	rule(s, "epoll_pwait2", default_action, errno_ret, NULL, 0);
	rule(s, "faccessat2", "SCMP_ACT_ALLOW", -1, NULL, 0);
	rule(s, "no_such_call_at_all", "SCMP_ACT_ALLOW", -1, NULL, 0);
	return end(s);
}

/* epoll_pwait2, the youngest on the list, is 441 everywhere; read is 0 on x86-64, 3 on
 * i386, 63 on arm64 (the kernel's syscall tables). */
static void age(void)
{
	static const struct {
		uint32_t arch;
		int read, x32;
	} abis[] = { { AUDIT_ARCH_X86_64, 0, 0 }, { AUDIT_ARCH_I386, 3, 0 },
		     { AUDIT_ARCH_AARCH64, 63, 0 }, { AUDIT_ARCH_X86_64, 0, 0x40000000 } };
	struct program p = list_of("SCMP_ACT_ERRNO", -1, true);

	for (size_t i = 0; i < sizeof abis / sizeof *abis; i++) {
		uint32_t arch = abis[i].arch;
		int x32 = abis[i].x32;

		VERDICT(&p, arch, abis[i].read | x32, 0, 0, SECCOMP_RET_ALLOW);
		VERDICT(&p, arch, 439 | x32, 0, 0, SECCOMP_RET_ALLOW);
		VERDICT(&p, arch, 440 | x32, 0, 0, FAIL_WITH(EPERM));
		VERDICT(&p, arch, 441 | x32, 0, 0, FAIL_WITH(EPERM));
		VERDICT(&p, arch, 442 | x32, 0, 0, FAIL_WITH(ENOSYS));
		VERDICT(&p, arch, 4000 | x32, 0, 0, FAIL_WITH(ENOSYS));
		VERDICT(&p, arch, 0x3fffffff | x32, 0, 0, FAIL_WITH(ENOSYS));
		VERDICT(&p, arch, (int)(0x80000000u | (unsigned)x32), 0, 0, FAIL_WITH(ENOSYS));
	}
	VERDICT(&p, AUDIT_ARCH_ARM, 3, 0, 0, SECCOMP_RET_KILL_THREAD); /* not in the filter */
	free(p.bpf);
	p = list_of("SCMP_ACT_ERRNO", -1, false);
	VERDICT(&p, AUDIT_ARCH_X86_64, 4000, 0, 0, FAIL_WITH(ENOSYS));
	VERDICT(&p, AUDIT_ARCH_X86_64, 0x40000000 | 4000, 0, 0, SECCOMP_RET_KILL_THREAD);
	free(p.bpf);
}

/* Only a list of what is allowed grows old, and not if somebody is asked or told. */
static void who_answers_enosys(void)
{
	static const struct {
		const char *action;
		int errno_ret;
		uint32_t known, young; /* the verdict on calls 441 and 442 */
	} defaults[] = {
		{ "SCMP_ACT_ALLOW", -1, SECCOMP_RET_ALLOW, SECCOMP_RET_ALLOW },
		{ "SCMP_ACT_LOG", -1, SECCOMP_RET_LOG, SECCOMP_RET_LOG },
		{ "SCMP_ACT_TRACE", 3, SECCOMP_RET_TRACE | 3, SECCOMP_RET_TRACE | 3 },
		{ "SCMP_ACT_TRACE", 60000, SECCOMP_RET_TRACE | 60000, SECCOMP_RET_TRACE | 60000 },
		{ "SCMP_ACT_KILL", -1, SECCOMP_RET_KILL_THREAD, FAIL_WITH(ENOSYS) },
		{ "SCMP_ACT_KILL_PROCESS", -1, SECCOMP_RET_KILL_PROCESS, FAIL_WITH(ENOSYS) },
		{ "SCMP_ACT_TRAP", -1, SECCOMP_RET_TRAP, FAIL_WITH(ENOSYS) },
		{ "SCMP_ACT_ERRNO", 6, FAIL_WITH(6), FAIL_WITH(ENOSYS) },
		{ "SCMP_ACT_ERRNO", 0, FAIL_WITH(0), FAIL_WITH(ENOSYS) },
	};

	for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++) {
		struct program p = list_of(defaults[i].action, defaults[i].errno_ret, false);

		VERDICT(&p, AUDIT_ARCH_X86_64, 441, 0, 0, defaults[i].known);
		VERDICT(&p, AUDIT_ARCH_X86_64, 442, 0, 0, defaults[i].young);
		free(p.bpf);
	}
}

/* An errno of the rule's own, beside a default of another. */
static void own_errno(void)
{
	struct kern_seccomp *s = begin("SCMP_ACT_ERRNO", ENOSYS);
	uint32_t arch = seccomp_arch_native();
	struct program p;

	rule(s, "dup", "SCMP_ACT_ERRNO", -1, NULL, 0);
	rule(s, "dup3", "SCMP_ACT_ERRNO", ENOSYS, NULL, 0);
	p = end(s);
	VERDICT(&p, arch, number("dup"), 0, 0, FAIL_WITH(EPERM));
	VERDICT(&p, arch, number("dup3"), 0, 0, FAIL_WITH(ENOSYS));
	VERDICT(&p, arch, number("read"), 0, 0, FAIL_WITH(ENOSYS));
	free(p.bpf);
}

/* ---- shorter, and the same ---------------------------------------------------------- */

static struct program exported(scmp_filter_ctx ctx)
{
	struct program p = { xcalloc(MAX_PROGRAM, sizeof *p.bpf), 0 };
	AUTO_CLOSE int fd = memfd_create("bpf", MFD_CLOEXEC);

	CU_ASSERT_EQUAL(seccomp_export_bpf(ctx, fd), 0);
	p.n = (size_t)pread(fd, p.bpf, MAX_PROGRAM * sizeof *p.bpf, 0) / sizeof *p.bpf;
	return p;
}

/* About half of all calls, about a tenth of those by argument. The same each time. */
static scmp_filter_ctx random_filter(unsigned *seed, int n_calls)
{
	static const uint32_t actions[] = { SCMP_ACT_ALLOW, SCMP_ACT_ERRNO(1), SCMP_ACT_ERRNO(38),
					    SCMP_ACT_TRAP, SCMP_ACT_LOG, SCMP_ACT_TRACE(7) };
	scmp_filter_ctx ctx = seccomp_init(rand_r(seed) % 2 ? SCMP_ACT_ERRNO(1)
							    : SCMP_ACT_KILL_PROCESS);
	bool tree = rand_r(seed) % 2;

	seccomp_arch_add(ctx, SCMP_ARCH_X86_64);
	seccomp_arch_add(ctx, SCMP_ARCH_X86);
	seccomp_arch_add(ctx, SCMP_ARCH_AARCH64);
	if (rand_r(seed) % 2)
		seccomp_arch_add(ctx, SCMP_ARCH_X32);
	seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, tree && n_calls ? 2 : 1);
	for (int nr = 0; nr < n_calls; nr++) {
		uint32_t action = actions[(unsigned)rand_r(seed) % 6];
		const struct scmp_arg_cmp cmp = {
			(unsigned)rand_r(seed) % 3, (enum scmp_compare)(1 + rand_r(seed) % 7),
			(unsigned)rand_r(seed) % 8 + (rand_r(seed) % 4 ? 0 : BIG), 3,
		};

		if (rand_r(seed) % 2)
			seccomp_rule_add_array(ctx, action, nr, rand_r(seed) % 10 ? 0 : 1, &cmp);
	}
	return ctx;
}

/* Every number that any rule could name, and those around where something changes. */
static void compare(const struct program *a, const struct program *b, unsigned *seed)
{
	static const uint32_t archs[] = { AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64,
					  AUDIT_ARCH_ARM, 0, UINT32_MAX };
	static const uint32_t starts[] = { 0, 0x3ffffff0, 0x7ffffff0, 0xbffffff0, 0xfffffd00 };
	size_t differ = 0;

	for (size_t i = 0; i < sizeof archs / sizeof *archs; i++)
		for (size_t k = 0; k < sizeof starts / sizeof *starts; k++)
			for (uint32_t nr = 0; nr < 768; nr++) {
				struct seccomp_data d = { .nr = (int)(starts[k] + nr),
							  .arch = archs[i] };

				for (int arg = 0; arg < 3; arg++)
					d.args[arg] = (unsigned)rand_r(seed) % 8 +
						      (rand_r(seed) % 4 ? 0 : BIG);
				differ += bpf_run(a->bpf, a->n, &d) != bpf_run(b->bpf, b->n, &d);
			}
	CU_ASSERT_EQUAL(differ, 0);
}

/* Programs of all sizes, up to more than a conditional jump can pass over. With what
 * looks like a long tail of instructions none of them is too short to be written
 * anew. */
static void shrunk(void)
{
	static const uint32_t archs[] = { AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64 };
	unsigned seed = 1;

	for (int n_calls = 0; n_calls <= 450; n_calls += 30) {
		scmp_filter_ctx ctx = random_filter(&seed, n_calls);
		struct program whole = exported(ctx), less = { NULL, 0 };

		for (size_t i = whole.n; i < MAX_PROGRAM; i++)
			whole.bpf[i] = (struct sock_filter){ BPF_RET | BPF_K, 0, 0, 0 };
		less.bpf = kern_seccomp_shrink(whole.bpf, MAX_PROGRAM, archs, 3, &less.n);
		CU_ASSERT_PTR_NOT_NULL_FATAL(less.bpf);
		compare(&whole, &less, &seed);
		free(whole.bpf);
		free(less.bpf);
		seccomp_release(ctx);
	}
}

/* A list in which neighbours are mostly treated alike, as lists are. */
static void much_shorter(void)
{
	static const uint32_t archs[] = { AUDIT_ARCH_X86_64 };
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(1));
	struct program whole, less;
	unsigned seed = 2;

	if (seccomp_arch_native() != SCMP_ARCH_X86_64) {
		seccomp_arch_add(ctx, SCMP_ARCH_X86_64);
		seccomp_arch_remove(ctx, seccomp_arch_native());
	}
	for (int nr = 0; nr < 300; nr++)
		if (nr % 10)
			seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, nr, 0, NULL);
	whole = exported(ctx);
	less.bpf = kern_seccomp_shrink(whole.bpf, whole.n, archs, 1, &less.n);
	CU_ASSERT_PTR_NOT_NULL_FATAL(less.bpf);
	CU_ASSERT(less.n * 3 < whole.n);
	compare(&whole, &less, &seed);
	free(whole.bpf);
	free(less.bpf);
	seccomp_release(ctx);
}

/* What is not a step function of the number, or asks for more than is foreseen. */
static void left_alone(void)
{
	const struct sock_filter load = { BPF_LD | BPF_W | BPF_ABS, 0, 0,
					  offsetof(struct seccomp_data, nr) };
	const struct sock_filter arch = { BPF_LD | BPF_W | BPF_ABS, 0, 0,
					  offsetof(struct seccomp_data, arch) };
	const struct sock_filter ret = { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW };
	const struct sock_filter odd[][3] = {
		{ load, { BPF_JMP | BPF_JSET | BPF_K, 0, 0, 1 }, ret },
		{ load, { BPF_ALU | BPF_AND | BPF_K, 0, 0, 1 }, ret },
		{ load, { BPF_ST, 0, 0, 0 }, ret },
		{ arch, { BPF_JMP | BPF_JGT | BPF_K, 0, 0, 1 }, ret },
		{ arch, { BPF_JMP | BPF_JEQ | BPF_K, 0, 0, AUDIT_ARCH_ARM }, ret },
		{ { BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1 }, load, ret }, /* of nothing */
		{ load, { BPF_JMP | BPF_JA, 0, 0, 1 }, ret },          /* past the end */
	};
	const uint32_t archs[] = { AUDIT_ARCH_X86_64 };

	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		/* Long enough that a tree would be shorter. */
		struct sock_filter program[64];
		size_t n = 0;

		for (; n < 61; n++)
			program[n] = (struct sock_filter){ BPF_JMP | BPF_JA, 0, 0, 0 };
		memcpy(program + 61, odd[i], sizeof odd[i]);
		CU_ASSERT_PTR_NULL(kern_seccomp_shrink(program, 64, archs, 1, &n));
	}
}

const struct test seccomp_program_tests[] = {
	{ "each comparison, in 64 bits", operators },
	{ "several comparisons in a rule", and_and_or },
	{ "calls younger than the list, per architecture", age },
	{ "calls younger than the list, per default action", who_answers_enosys },
	{ "an errno of its own", own_errno },
	{ "shortened programs say the same", shrunk },
	{ "a list is much shorter", much_shorter },
	{ "programs of another kind are not shortened", left_alone },
	{ NULL, NULL },
};
