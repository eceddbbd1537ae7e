/*
 * cgroup_bpf.c - device rules on version 2: a program, not a file.
 *
 * Version 2 has no devices controller. Instead the kernel runs an eBPF program
 * attached to the group whenever a process of it opens or makes a device node,
 * and lets it pass if the program returns 1 (bpf(2), BPF_PROG_TYPE_CGROUP_DEVICE).
 * Its input is a struct of three 32-bit words: access (high half: what is
 * wanted, low half: the type of device), major, minor.
 *
 * The rules are compiled last to first, because the last match wins. R3 holds
 * the accesses not decided yet:
 *
 *     allow rule:  R3 &= ~rule's accesses;    if (!R3) return 1;
 *     deny rule:   if (R3 & rule's accesses)  return 0;
 *     the end:     return what holds for any other device;
 *
 * so that a request for reading and writing may be granted by two rules.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cgroup_private.h"

#define PER_RULE 8 /* the longest that one rule compiles to */
#define MAX_ATTACHED 64

enum { R_RESULT = BPF_REG_0, R_CTX = BPF_REG_1, R_TYPE, R_ACCESS, R_MAJOR, R_MINOR };

struct program {
	struct bpf_insn *v;
	size_t n;
};

static void emit(struct program *p, struct bpf_insn insn)
{
	p->v[p->n++] = insn;
}

static void emit_load(struct program *p, unsigned dst, size_t offset)
{
	emit(p, (struct bpf_insn){ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = dst & 0xf,
				   .src_reg = R_CTX, .off = (int16_t)offset });
}

static void emit_alu(struct program *p, unsigned op, unsigned dst, int32_t imm)
{
	emit(p, (struct bpf_insn){ .code = (uint8_t)(BPF_ALU | op | BPF_K), .dst_reg = dst & 0xf,
				   .imm = imm });
}

/* Jump `skip` instructions ahead if (reg op imm); 32-bit compare: a minor
 * number's top bit must not be taken for a sign. */
static void emit_jump(struct program *p, unsigned op, unsigned reg, int32_t imm, size_t skip)
{
	emit(p, (struct bpf_insn){ .code = (uint8_t)(BPF_JMP32 | op | BPF_K), .dst_reg = reg & 0xf,
				   .imm = imm, .off = (int16_t)skip });
}

static void emit_return(struct program *p, int32_t value)
{
	emit_alu(p, BPF_MOV, R_RESULT, value);
	emit(p, (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT });
}

static void emit_prologue(struct program *p)
{
	emit_load(p, R_TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit(p, (struct bpf_insn){ .code = BPF_ALU | BPF_MOV | BPF_X, .dst_reg = R_ACCESS,
				   .src_reg = R_TYPE });
	emit_alu(p, BPF_AND, R_TYPE, 0xffff);
	emit_alu(p, BPF_RSH, R_ACCESS, 16);
	emit_load(p, R_MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
	emit_load(p, R_MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
}

static int32_t access_bits(const char *access)
{
	int32_t bits = 0;

	for (; *access; access++)
		bits |= *access == 'r' ? BPF_DEVCG_ACC_READ
		      : *access == 'w' ? BPF_DEVCG_ACC_WRITE : BPF_DEVCG_ACC_MKNOD;
	return bits;
}

static void emit_rule(struct program *p, const struct kern_cgroup_device *r)
{
	int32_t bits = access_bits(r->access);
	size_t decision = 4; /* instructions after the comparisons, in both branches */
	size_t by_minor = r->minor >= 0, by_major = r->major >= 0;

	if (r->type != 'a')
		emit_jump(p, BPF_JNE, R_TYPE, r->type == 'b' ? BPF_DEVCG_DEV_BLOCK
							    : BPF_DEVCG_DEV_CHAR,
			  by_major + by_minor + decision);
	if (by_major)
		emit_jump(p, BPF_JNE, R_MAJOR, (int32_t)r->major, by_minor + decision);
	if (by_minor)
		emit_jump(p, BPF_JNE, R_MINOR, (int32_t)r->minor, decision);
	if (r->allow) {
		emit_alu(p, BPF_AND, R_ACCESS, ~bits);
		emit_jump(p, BPF_JNE, R_ACCESS, 0, 2);
	} else {
		/* JSET jumps over the jump: there is no "jump if no bit is set". */
		emit_jump(p, BPF_JSET, R_ACCESS, bits, 1);
		emit(p, (struct bpf_insn){ .code = BPF_JMP | BPF_JA, .off = 2 });
	}
	emit_return(p, r->allow);
}

static int bpf(int cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof *attr);
}

static int load(const struct program *p, struct err *err)
{
	union bpf_attr attr = { 0 };
	int fd;

	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uint64_t)(uintptr_t)p->v;
	attr.insn_cnt = (uint32_t)p->n;
	attr.license = (uint64_t)(uintptr_t)"MIT";
	fd = bpf(BPF_PROG_LOAD, &attr);
	if (fd >= 0)
		return fd;
	if (errno == EINVAL || errno == ENOSYS)
		return err_sys(err, "load the device program (is CONFIG_CGROUP_BPF in this kernel?)");
	return err_sys(err, "load the device program");
}

/* The ids of the programs attached to this very group. */
static int query(int dir, uint32_t ids[MAX_ATTACHED], uint32_t *n, struct err *err)
{
	union bpf_attr attr = { 0 };

	attr.query.target_fd = (uint32_t)dir;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (uint64_t)(uintptr_t)ids;
	attr.query.prog_cnt = MAX_ATTACHED;
	if (bpf(BPF_PROG_QUERY, &attr))
		return err_sys(err, "list the group's device programs");
	*n = attr.query.prog_cnt;
	return 0;
}

static int detach(int dir, uint32_t id, struct err *err)
{
	union bpf_attr attr = { 0 };
	AUTO_CLOSE int prog = -1;

	attr.prog_id = id;
	prog = bpf(BPF_PROG_GET_FD_BY_ID, &attr);
	if (prog < 0)
		return errno == ENOENT ? 0 : err_sys(err, "open device program %u", id);
	attr = (union bpf_attr){ 0 };
	attr.target_fd = (uint32_t)dir;
	attr.attach_bpf_fd = (uint32_t)prog;
	attr.attach_type = BPF_CGROUP_DEVICE;
	if (bpf(BPF_PROG_DETACH, &attr) && errno != ENOENT)
		return err_sys(err, "detach device program %u", id);
	return 0;
}

/* All attached programs must agree, so the new one is attached before the old
 * ones go: meanwhile the group may do less, never more. */
static int replace(int dir, int prog, struct err *err)
{
	uint32_t old[MAX_ATTACHED] = { 0 }, n = 0;
	union bpf_attr attr = { 0 };

	if (query(dir, old, &n, err))
		return -1;
	attr.target_fd = (uint32_t)dir;
	attr.attach_bpf_fd = (uint32_t)prog;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (bpf(BPF_PROG_ATTACH, &attr))
		return err_sys(err, "attach the device program");
	for (uint32_t i = 0; i < n; i++)
		if (detach(dir, old[i], err))
			return -1;
	return 0;
}

int cgroup_bpf_devices(const char *dir, bool allow_others, const struct kern_cgroup_device *rules,
		       size_t n, struct err *err)
{
	AUTO_CLOSE int group = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_FREE struct bpf_insn *code = xcalloc(n * PER_RULE + 8, sizeof *code);
	struct program p = { code, 0 };
	AUTO_CLOSE int prog = -1;

	if (group < 0)
		return err_sys(err, "open %s", dir);
	emit_prologue(&p);
	for (size_t i = n; i-- > 0;)
		emit_rule(&p, &rules[i]);
	emit_return(&p, allow_others);
	prog = load(&p, err);
	return prog < 0 ? -1 : replace(group, prog, err);
}
