/*
 * cgroup_report_json.c - what a group uses, as JSON; see cgroup_report.h.
 *
 * Names, and which members are left out when there is nothing to say, are those
 * of the structs that runc encodes: a reader in Go takes both for zero, a reader of
 * another language may look for what has always been there. Numbers are unsigned
 * and have 64 bits, more than jansson's; so the text is written here by hand.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "cgroup_report.h"

/* ---- a little writer: the comma goes before whatever is not the first ---- */

static void key(struct strbuf *sb, const char *name)
{
	if (sb->len && !strchr("{[", sb->data[sb->len - 1]))
		strbuf_addc(sb, ',');
	if (name)
		strbuf_addf(sb, "\"%s\":", name);
}

static void begin(struct strbuf *sb, const char *name, char bracket)
{
	key(sb, name);
	strbuf_addc(sb, bracket);
}

static void end(struct strbuf *sb, char bracket)
{
	strbuf_addc(sb, bracket);
}

static void number(struct strbuf *sb, const char *name, uint64_t n)
{
	key(sb, name);
	strbuf_addf(sb, "%" PRIu64, n);
}

static void number_if(struct strbuf *sb, const char *name, uint64_t n)
{
	if (n)
		number(sb, name, n);
}

static void numbers_if(struct strbuf *sb, const char *name, const struct kern_cgroup_numbers *l)
{
	if (!l->n)
		return;
	begin(sb, name, '[');
	for (size_t i = 0; i < l->n; i++)
		number(sb, NULL, l->v[i]);
	end(sb, ']');
}

/* The kernel prints two digits after the point; Go no more than are needed. */
static void percent(struct strbuf *sb, const char *name, double n)
{
	key(sb, name);
	strbuf_addf(sb, "%.10g", n);
}

/* ---- the parts ---- */

static void pressure(struct strbuf *sb, const char *name, const struct kern_cgroup_pressure *p)
{
	begin(sb, name, '{');
	percent(sb, "avg10", p->avg10);
	percent(sb, "avg60", p->avg60);
	percent(sb, "avg300", p->avg300);
	number(sb, "total", p->total);
	end(sb, '}');
}

static void psi_if(struct strbuf *sb, const struct kern_cgroup_psi *psi)
{
	if (!psi->present)
		return;
	begin(sb, "psi", '{');
	pressure(sb, "some", &psi->some);
	pressure(sb, "full", &psi->full);
	end(sb, '}');
}

static void cpu(struct strbuf *sb, const struct kern_cgroup_report *r)
{
	begin(sb, "cpu", '{');
	begin(sb, "usage", '{');
	number_if(sb, "total", r->cpu.total);
	numbers_if(sb, "percpu", &r->cpu.percpu);
	numbers_if(sb, "percpu_kernel", &r->cpu.percpu_kernel);
	numbers_if(sb, "percpu_user", &r->cpu.percpu_user);
	number(sb, "kernel", r->cpu.kernel);
	number(sb, "user", r->cpu.user);
	end(sb, '}');
	begin(sb, "throttling", '{');
	number_if(sb, "periods", r->cpu.periods);
	number_if(sb, "throttledPeriods", r->cpu.throttled_periods);
	number_if(sb, "throttledTime", r->cpu.throttled_ns);
	end(sb, '}');
	psi_if(sb, &r->cpu.psi);
	end(sb, '}');
}

static void cpuset(struct strbuf *sb, const struct kern_cgroup_report *r)
{
	begin(sb, "cpuset", '{');
	numbers_if(sb, "cpus", &r->cpuset.cpus);
	number(sb, "cpu_exclusive", r->cpuset.cpu_exclusive);
	numbers_if(sb, "mems", &r->cpuset.mems);
	number(sb, "mem_hardwall", r->cpuset.mem_hardwall);
	number(sb, "mem_exclusive", r->cpuset.mem_exclusive);
	number(sb, "memory_migrate", r->cpuset.memory_migrate);
	number(sb, "memory_spread_page", r->cpuset.memory_spread_page);
	number(sb, "memory_spread_slab", r->cpuset.memory_spread_slab);
	number(sb, "memory_pressure", r->cpuset.memory_pressure);
	number(sb, "sched_load_balance", r->cpuset.sched_load_balance);
	key(sb, "sched_relax_domain_level");
	strbuf_addf(sb, "%" PRId64, r->cpuset.sched_relax_domain_level);
	end(sb, '}');
}

static void amount(struct strbuf *sb, const char *name, const struct kern_cgroup_amount *a)
{
	begin(sb, name, '{');
	number(sb, "limit", a->limit);
	number_if(sb, "usage", a->usage);
	number_if(sb, "max", a->max_usage);
	number(sb, "failcnt", a->failcnt);
	end(sb, '}');
}

static void memory(struct strbuf *sb, const struct kern_cgroup_report *r)
{
	begin(sb, "memory", '{');
	number_if(sb, "cache", r->memory.cache);
	amount(sb, "usage", &r->memory.usage);
	amount(sb, "swap", &r->memory.swap);
	amount(sb, "kernel", &r->memory.kernel);
	amount(sb, "kernelTCP", &r->memory.kernel_tcp);
	if (r->memory.n_raw) {
		begin(sb, "raw", '{');
		for (size_t i = 0; i < r->memory.n_raw; i++)
			number(sb, r->memory.raw[i].name, r->memory.raw[i].value);
		end(sb, '}');
	}
	psi_if(sb, &r->memory.psi);
	end(sb, '}');
}

static void io_entry(struct strbuf *sb, const struct kern_cgroup_io_count *c)
{
	begin(sb, NULL, '{');
	number_if(sb, "major", c->major);
	number_if(sb, "minor", c->minor);
	if (*c->op) {
		key(sb, "op");
		strbuf_addf(sb, "\"%s\"", c->op);
	}
	number_if(sb, "value", c->value);
	end(sb, '}');
}

static void blkio(struct strbuf *sb, const struct kern_cgroup_report *r)
{
	static const char *const names[KERN_IO_TABLES] = {
		[KERN_IO_SERVICE_BYTES] = "ioServiceBytesRecursive",
		[KERN_IO_SERVICED] = "ioServicedRecursive",
		[KERN_IO_QUEUED] = "ioQueueRecursive",
		[KERN_IO_SERVICE_TIME] = "ioServiceTimeRecursive",
		[KERN_IO_WAIT_TIME] = "ioWaitTimeRecursive",
		[KERN_IO_MERGED] = "ioMergedRecursive",
		[KERN_IO_TIME] = "ioTimeRecursive",
		[KERN_IO_SECTORS] = "sectorsRecursive",
	};

	begin(sb, "blkio", '{');
	for (int t = 0; t < KERN_IO_TABLES; t++) {
		if (!r->io[t].n)
			continue;
		begin(sb, names[t], '[');
		for (size_t i = 0; i < r->io[t].n; i++)
			io_entry(sb, &r->io[t].v[i]);
		end(sb, ']');
	}
	psi_if(sb, &r->io_psi);
	end(sb, '}');
}

static void hugetlb(struct strbuf *sb, const struct kern_cgroup_report *r)
{
	begin(sb, "hugetlb", '{');
	for (size_t i = 0; i < r->n_hugepages; i++) {
		const struct kern_cgroup_hugepages *p = &r->hugepages[i];

		begin(sb, p->size, '{');
		number_if(sb, "usage", p->usage);
		number_if(sb, "max", p->max_usage);
		number(sb, "failcnt", p->failcnt);
		end(sb, '}');
	}
	end(sb, '}');
}

void kern_cgroup_report_json(struct strbuf *out, const struct kern_cgroup_report *r)
{
	begin(out, NULL, '{');
	cpu(out, r);
	cpuset(out, r);
	memory(out, r);
	begin(out, "pids", '{');
	number_if(out, "current", r->pids.current);
	number_if(out, "limit", r->pids.limit);
	end(out, '}');
	blkio(out, r);
	hugetlb(out, r);
	end(out, '}');
}
