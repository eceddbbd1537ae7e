/*
 * bpf.h - run a seccomp filter as the kernel would (bpf(4) of the BSDs describes the
 * machine, seccomp(2) what it sees), so that a test can ask for the verdict on any
 * architecture, number and arguments. Only what filters are made of; anything
 * else ends the test program.
 */
#ifndef DOCKYARD_TEST_BPF_H
#define DOCKYARD_TEST_BPF_H

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline int bpf_holds(const struct sock_filter *f, uint32_t a)
{
	switch (f->code) {
	case BPF_JMP | BPF_JEQ | BPF_K: return a == f->k;
	case BPF_JMP | BPF_JGT | BPF_K: return a > f->k;
	case BPF_JMP | BPF_JGE | BPF_K: return a >= f->k;
	case BPF_JMP | BPF_JSET | BPF_K: return (a & f->k) != 0;
	}
	fprintf(stderr, "bpf.h: instruction 0x%x\n", f->code);
	exit(2);
}

static inline uint32_t bpf_run(const struct sock_filter *bpf, size_t n,
			       const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < n; pc++) {
		const struct sock_filter *f = &bpf[pc];

		if (f->code == (BPF_RET | BPF_K))
			return f->k;
		if (f->code == (BPF_LD | BPF_W | BPF_ABS) && f->k <= sizeof *data - sizeof a)
			memcpy(&a, (const char *)data + f->k, sizeof a);
		else if (f->code == (BPF_ALU | BPF_AND | BPF_K))
			a &= f->k;
		else if (f->code == (BPF_JMP | BPF_JA))
			pc += f->k;
		else
			pc += bpf_holds(f, a) ? f->jt : f->jf;
	}
	fprintf(stderr, "bpf.h: no verdict\n");
	exit(2);
}

#endif
