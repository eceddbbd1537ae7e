/*
 * seccomp_shrink.c - the same verdicts in fewer instructions.
 *
 * libseccomp asks for one system call number after the other, and the kernel
 * translates, checks and compiles every instruction at each load: for a list of
 * some 400 names and three architectures that is a good part of what starting a
 * container costs. But numbers that are treated alike mostly stand side by side.
 * Per architecture the program is a step function of the number, and a tree of
 * comparisons with the places of its steps, some 300 instructions instead of
 * 1250, says the same.
 *
 * The function is found by running the program. Until it looks at an argument
 * it depends on nothing but architecture and number, and on the number only by
 * comparisons with constants, so it need be run once between any two of those.
 * What it does from the first look at an argument on is copied as it stands:
 *
 *     load arch; for each architecture: equal?  load number, tree
 *     ...the verdict on any other architecture
 *     copied instructions that look at arguments
 *
 * A program that does anything else is left as it is. The new one is written
 * from its end to its beginning, since BPF jumps only forward: a place is known
 * by its distance from the end before anything jumps there.
 */
#include "seccomp_private.h"

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"

#define NEAR 250  /* a conditional jump reaches 255 instructions; some may come in between */
#define MAX_RETS 16

/* What the program says: a verdict, or "look at an argument" and where it does. */
struct outcome {
	bool looks;
	uint32_t value; /* the verdict, or the instruction's index */
};

struct step { /* the numbers from here to the next step */
	uint32_t from;
	struct outcome outcome;
};

struct steps {
	struct step *v;
	size_t n;
};

struct source {
	const struct sock_filter *bpf;
	size_t n;
	const uint32_t *archs; /* and one more that is none of them stands for all others */
	size_t n_archs;
	uint32_t *bounds; /* sorted: between two of them no comparison changes */
	size_t n_bounds;
};

/* ---- reading ------------------------------------------------------------- */

static bool is_jump(const struct sock_filter *f)
{
	return BPF_CLASS(f->code) == BPF_JMP && f->code != (BPF_JMP | BPF_JA);
}

static bool named(const struct source *s, uint32_t arch)
{
	for (size_t i = 0; i < s->n_archs; i++)
		if (s->archs[i] == arch)
			return true;
	return false;
}

/* Is this a comparison that `bounds` (of a number) or `archs` account for? */
static bool foreseen(const struct source *s, const struct sock_filter *f, bool of_arch)
{
	switch (f->code) {
	case BPF_JMP | BPF_JEQ | BPF_K:
		return !of_arch || named(s, f->k);
	case BPF_JMP | BPF_JGT | BPF_K:
	case BPF_JMP | BPF_JGE | BPF_K:
		return !of_arch;
	default:
		return false;
	}
}

static bool holds(const struct sock_filter *f, uint32_t a)
{
	switch (BPF_OP(f->code)) {
	case BPF_JEQ: return a == f->k;
	case BPF_JGT: return a > f->k;
	default: return a >= f->k;
	}
}

/* Run it for one architecture and number. False: it does what we do not know. */
static bool follow(const struct source *s, uint32_t arch, uint32_t nr, struct outcome *out)
{
	bool of_arch = false, loaded = false;
	uint32_t a = 0;

	for (size_t pc = 0; pc < s->n; pc++) {
		const struct sock_filter *f = &s->bpf[pc];

		if (f->code == (BPF_RET | BPF_K)) {
			*out = (struct outcome){ false, f->k };
			return true;
		}
		if (f->code == (BPF_LD | BPF_W | BPF_ABS)) {
			of_arch = f->k == offsetof(struct seccomp_data, arch);
			if (!of_arch && f->k != offsetof(struct seccomp_data, nr)) {
				*out = (struct outcome){ true, (uint32_t)pc };
				return true;
			}
			a = of_arch ? arch : nr;
			loaded = true;
		} else if (f->code == (BPF_JMP | BPF_JA)) {
			pc += f->k;
		} else if (loaded && foreseen(s, f, of_arch)) {
			pc += holds(f, a) ? f->jt : f->jf;
		} else {
			return false;
		}
	}
	return false;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void find_bounds(struct source *s)
{
	size_t n = 0, kept = 0;

	s->bounds = xcalloc(2 * s->n + 1, sizeof *s->bounds);
	s->bounds[n++] = 0;
	for (size_t i = 0; i < s->n; i++)
		if (is_jump(&s->bpf[i])) {
			s->bounds[n++] = s->bpf[i].k;
			s->bounds[n++] = s->bpf[i].k + 1; /* of UINT32_MAX: 0, which is one */
		}
	qsort(s->bounds, n, sizeof *s->bounds, by_value);
	for (size_t i = 0; i < n; i++)
		if (!i || s->bounds[i] != s->bounds[kept - 1])
			s->bounds[kept++] = s->bounds[i];
	s->n_bounds = kept;
}

/* The step function of one architecture. */
static bool find_steps(const struct source *s, uint32_t arch, struct steps *out)
{
	struct outcome now, before = { false, 0 };

	out->v = xcalloc(s->n_bounds, sizeof *out->v);
	for (size_t i = 0; i < s->n_bounds; i++) {
		if (!follow(s, arch, s->bounds[i], &now))
			return false;
		if (!i || now.looks != before.looks || now.value != before.value)
			out->v[out->n++] = (struct step){ s->bounds[i], now };
		before = now;
	}
	return true;
}

/* ---- writing, from the end ------------------------------------------------- */

struct writer {
	struct sock_filter *v; /* backwards: v[0] is the last instruction */
	size_t n, size;
	size_t *copied;        /* where the source's instructions are, for those copied */
	struct { uint32_t verdict; size_t at; } rets[MAX_RETS];
	size_t n_rets;
};

/* The place of the instruction that will come next, minus that of `at`: how far a
 * jump from there leads. */
static size_t distance(const struct writer *w, size_t at)
{
	return w->n - 1 - at;
}

static size_t put(struct writer *w, uint16_t code, size_t jt, size_t jf, uint32_t k)
{
	if (w->n < w->size)
		w->v[w->n] = (struct sock_filter){ code, (uint8_t)jt, (uint8_t)jf, k };
	return w->n++;
}

/* A return of this verdict within reach: an older one, or a new one here. */
static size_t ret(struct writer *w, uint32_t verdict)
{
	size_t i = 0;

	while (i < w->n_rets && w->rets[i].verdict != verdict)
		i++;
	if (i < w->n_rets && distance(w, w->rets[i].at) < NEAR)
		return w->rets[i].at;
	i = i < MAX_RETS ? i : 0;
	w->rets[i].verdict = verdict;
	w->rets[i].at = put(w, BPF_RET | BPF_K, 0, 0, verdict);
	if (i == w->n_rets)
		w->n_rets++;
	return w->rets[i].at;
}

/* `at`, or a long jump to it, within reach. */
static size_t near(struct writer *w, size_t at)
{
	size_t far = distance(w, at);

	return far < NEAR ? at : put(w, BPF_JMP | BPF_JA, 0, 0, (uint32_t)far);
}

static size_t leaf(struct writer *w, struct outcome o)
{
	return o.looks ? near(w, w->copied[o.value]) : ret(w, o.value);
}

/* The tree over n steps; the place of its root. */
static size_t tree(struct writer *w, const struct step *v, size_t n)
{
	size_t half = n / 2, above, below;

	if (n == 1)
		return leaf(w, v->outcome);
	above = tree(w, v + half, n - half);
	below = tree(w, v, half);
	above = near(w, above);
	below = near(w, below);
	return put(w, BPF_JMP | BPF_JGE | BPF_K, distance(w, above), distance(w, below),
		   v[half].from);
}

/* Mark what can be reached from instruction `pc`. */
static void reach(const struct source *s, bool *reached, size_t pc)
{
	for (; pc < s->n && !reached[pc]; pc++) {
		const struct sock_filter *f = &s->bpf[pc];

		reached[pc] = true;
		if (BPF_CLASS(f->code) == BPF_RET)
			return;
		if (f->code == (BPF_JMP | BPF_JA)) {
			pc += f->k;
		} else if (is_jump(f)) {
			reach(s, reached, pc + 1 + f->jt);
			pc += f->jf;
		}
	}
}

/* Copy what looks at arguments. Nothing new stands between two copied ones, so a
 * jump leads at most as far as it did. */
static void copy(struct writer *w, const struct source *s, const struct steps *groups)
{
	AUTO_FREE bool *reached = xcalloc(s->n, sizeof *reached);

	for (size_t g = 0; g <= s->n_archs; g++)
		for (size_t i = 0; i < groups[g].n; i++)
			if (groups[g].v[i].outcome.looks)
				reach(s, reached, groups[g].v[i].outcome.value);
	for (size_t pc = s->n; pc-- > 0; ) {
		struct sock_filter f = s->bpf[pc];

		if (!reached[pc])
			continue;
		if (f.code == (BPF_JMP | BPF_JA)) {
			f.k = (uint32_t)distance(w, w->copied[pc + 1 + f.k]);
		} else if (is_jump(&f)) {
			f.jt = (uint8_t)distance(w, w->copied[pc + 1 + f.jt]);
			f.jf = (uint8_t)distance(w, w->copied[pc + 1 + f.jf]);
		}
		w->copied[pc] = put(w, f.code, f.jt, f.jf, f.k);
	}
}

/* groups[n_archs] is that of all other architectures. */
static void write_all(struct writer *w, const struct source *s, const struct steps *groups)
{
	const uint16_t load = BPF_LD | BPF_W | BPF_ABS;
	size_t next;

	copy(w, s, groups);
	next = tree(w, groups[s->n_archs].v, groups[s->n_archs].n);
	if (groups[s->n_archs].n > 1)
		next = put(w, load, 0, 0, offsetof(struct seccomp_data, nr));
	for (size_t g = s->n_archs; g-- > 0; ) {
		size_t root = tree(w, groups[g].v, groups[g].n);

		if (distance(w, root))
			put(w, BPF_JMP | BPF_JA, 0, 0, (uint32_t)distance(w, root));
		put(w, load, 0, 0, offsetof(struct seccomp_data, nr));
		put(w, BPF_JMP | BPF_JA, 0, 0, (uint32_t)distance(w, next));
		next = put(w, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, s->archs[g]);
	}
	put(w, load, 0, 0, offsetof(struct seccomp_data, arch));
}

static void reverse(struct sock_filter *v, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		struct sock_filter f = v[i];

		v[i] = v[n - 1 - i];
		v[n - 1 - i] = f;
	}
}

struct sock_filter *kern_seccomp_shrink(const struct sock_filter *bpf, size_t n,
					const uint32_t *archs, size_t n_archs, size_t *shorter)
{
	struct source s = { .bpf = bpf, .n = n, .archs = archs, .n_archs = n_archs };
	struct steps *groups = xcalloc(n_archs + 1, sizeof *groups);
	AUTO_FREE size_t *copied = xcalloc(n, sizeof *copied);
	AUTO_FREE struct sock_filter *out = xcalloc(n, sizeof *out);
	struct writer w = { .v = out, .size = n, .copied = copied };
	bool known = true;

	find_bounds(&s);
	for (size_t g = 0; g <= n_archs && known; g++)
		known = find_steps(&s, g < n_archs ? archs[g] : 0, &groups[g]);
	if (known)
		write_all(&w, &s, groups);
	for (size_t g = 0; g <= n_archs; g++)
		free(groups[g].v);
	free(groups);
	free(s.bounds);
	if (!known || w.n >= n)
		return NULL;
	reverse(out, w.n);
	*shorter = w.n;
	return steal_ptr(&out);
}
