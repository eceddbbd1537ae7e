/*
 * cgroup_report.c - see cgroup_report.h. One function per controller, with what
 * the two versions call it side by side.
 */
#include "cgroup_report.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup_private.h"

static void add_number(struct kern_cgroup_numbers *l, uint64_t value)
{
	l->v = xrealloc(l->v, (l->n + 1) * sizeof *l->v);
	l->v[l->n++] = value;
}

/* ---- pressure ---- */

static void parse_pressure(const char *line, struct kern_cgroup_pressure *p)
{
	unsigned long long total = 0;

	if (sscanf(line, "%*s avg10=%lf avg60=%lf avg300=%lf total=%llu", &p->avg10, &p->avg60,
		   &p->avg300, &total) == 4)
		p->total = total;
}

/* Reading says EOPNOTSUPP where the kernel could count but was not told to (psi=1). */
static void read_psi(const char *dir, const char *file, struct kern_cgroup_psi *psi)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct err ignored;
	const char *full;

	if (cgroup_read(dir, file, &sb, &ignored) || !str_starts(sb.data, "some"))
		return;
	psi->present = true;
	parse_pressure(sb.data, &psi->some);
	full = strstr(sb.data, "\nfull");
	if (full)
		parse_pressure(full + 1, &psi->full);
}

/* ---- processor time ---- */

static void add_numbers(const char *dir, const char *file, struct kern_cgroup_numbers *l)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct err ignored;
	char *end;

	if (cgroup_read(dir, file, &sb, &ignored))
		return;
	for (char *p = sb.data; *p; p = end) {
		uint64_t n = strtoull(p, &end, 10);

		if (end == p)
			return;
		add_number(l, n);
		end += strspn(end, " \n");
	}
}

/* A heading, then "cpu user system" for each. */
static void percpu_modes(const char *dir, struct kern_cgroup_report *r)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	unsigned long long user, kernel;
	struct err ignored;

	if (cgroup_read(dir, "cpuacct.usage_all", &sb, &ignored))
		return;
	for (const char *line = strchr(sb.data, '\n'); line; line = strchr(line + 1, '\n'))
		if (sscanf(line, "%*u %llu %llu", &user, &kernel) == 2) {
			add_number(&r->cpu.percpu_user, user);
			add_number(&r->cpu.percpu_kernel, kernel);
		}
}

static void cpu_v1(const char *cpu, const char *acct, struct kern_cgroup_report *r)
{
	AUTO_STRBUF struct strbuf stat = STRBUF_INIT;
	struct err ignored;

	if (acct) {
		r->cpu.total = cgroup_number(acct, "cpuacct.usage");
		r->cpu.user = cgroup_number(acct, "cpuacct.usage_user");
		r->cpu.kernel = cgroup_number(acct, "cpuacct.usage_sys");
		add_numbers(acct, "cpuacct.usage_percpu", &r->cpu.percpu);
		percpu_modes(acct, r);
	}
	if (cpu && !cgroup_read(cpu, "cpu.stat", &stat, &ignored)) {
		r->cpu.periods = cgroup_key_in(stat.data, "nr_periods");
		r->cpu.throttled_periods = cgroup_key_in(stat.data, "nr_throttled");
		r->cpu.throttled_ns = cgroup_key_in(stat.data, "throttled_time");
	}
}

static void cpu_v2(const char *dir, struct kern_cgroup_report *r)
{
	AUTO_STRBUF struct strbuf stat = STRBUF_INIT;
	struct err ignored;

	if (cgroup_read(dir, "cpu.stat", &stat, &ignored))
		return;
	r->cpu.total = cgroup_key_in(stat.data, "usage_usec") * 1000;
	r->cpu.user = cgroup_key_in(stat.data, "user_usec") * 1000;
	r->cpu.kernel = cgroup_key_in(stat.data, "system_usec") * 1000;
	r->cpu.periods = cgroup_key_in(stat.data, "nr_periods");
	r->cpu.throttled_periods = cgroup_key_in(stat.data, "nr_throttled");
	r->cpu.throttled_ns = cgroup_key_in(stat.data, "throttled_usec") * 1000;
	read_psi(dir, "cpu.pressure", &r->cpu.psi);
}

/* ---- cpuset (version 1 only, as everybody prints it) ---- */

/* "0-3,7" */
static void read_list(const char *dir, const char *file, struct kern_cgroup_numbers *l)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct err ignored;

	if (cgroup_read(dir, file, &sb, &ignored))
		return;
	for (char *p = sb.data; *p >= '0' && *p <= '9'; p += *p == ',') {
		uint64_t from = strtoull(p, &p, 10), to = from;

		if (*p == '-')
			to = strtoull(p + 1, &p, 10);
		for (; from <= to && l->n < 65536; from++)
			add_number(l, from);
	}
}

static void cpuset_v1(const char *dir, struct kern_cgroup_report *r)
{
	AUTO_STRBUF struct strbuf level = STRBUF_INIT;
	struct err ignored;
	const struct { const char *file; uint64_t *to; } flags[] = {
		{ "cpuset.cpu_exclusive", &r->cpuset.cpu_exclusive },
		{ "cpuset.mem_hardwall", &r->cpuset.mem_hardwall },
		{ "cpuset.mem_exclusive", &r->cpuset.mem_exclusive },
		{ "cpuset.memory_migrate", &r->cpuset.memory_migrate },
		{ "cpuset.memory_spread_page", &r->cpuset.memory_spread_page },
		{ "cpuset.memory_spread_slab", &r->cpuset.memory_spread_slab },
		{ "cpuset.memory_pressure", &r->cpuset.memory_pressure },
		{ "cpuset.sched_load_balance", &r->cpuset.sched_load_balance },
	};

	read_list(dir, "cpuset.cpus", &r->cpuset.cpus);
	read_list(dir, "cpuset.mems", &r->cpuset.mems);
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		*flags[i].to = cgroup_number(dir, flags[i].file);
	if (!cgroup_read(dir, "cpuset.sched_relax_domain_level", &level, &ignored))
		r->cpuset.sched_relax_domain_level = strtoll(level.data, NULL, 10);
}

/* ---- memory ---- */

static void read_raw(const char *dir, struct kern_cgroup_report *r)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct err ignored;
	char *save = NULL;

	if (cgroup_read(dir, "memory.stat", &sb, &ignored))
		return;
	for (char *line = strtok_r(sb.data, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *space = strchr(line, ' ');

		if (!space)
			continue;
		r->memory.raw = xrealloc(r->memory.raw,
					 (r->memory.n_raw + 1) * sizeof *r->memory.raw);
		r->memory.raw[r->memory.n_raw++] = (struct kern_cgroup_named){
			xstrndup(line, (size_t)(space - line)), strtoull(space + 1, NULL, 10),
		};
	}
}

static uint64_t raw(const struct kern_cgroup_report *r, const char *name)
{
	for (size_t i = 0; i < r->memory.n_raw; i++)
		if (!strcmp(r->memory.raw[i].name, name))
			return r->memory.raw[i].value;
	return 0;
}

/* The kernel's own number here: version 1 says no limit as a very large one. */
static uint64_t plain_number(const char *dir, const char *file)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct err ignored;

	return cgroup_read(dir, file, &sb, &ignored) ? 0 : strtoull(sb.data, NULL, 10);
}

/* `kind` is "memory", "memory.memsw", "memory.kmem" ... */
static void amount_v1(const char *dir, const char *kind, struct kern_cgroup_amount *a)
{
	const struct { const char *name; uint64_t *to; } files[] = {
		{ "usage_in_bytes", &a->usage }, { "max_usage_in_bytes", &a->max_usage },
		{ "failcnt", &a->failcnt }, { "limit_in_bytes", &a->limit },
	};

	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		AUTO_FREE char *file = xasprintf("%s.%s", kind, files[i].name);

		*files[i].to = plain_number(dir, file);
	}
}

static void memory_v1(const char *dir, struct kern_cgroup_report *r)
{
	read_raw(dir, r);
	r->memory.cache = raw(r, "cache");
	amount_v1(dir, "memory", &r->memory.usage);
	amount_v1(dir, "memory.memsw", &r->memory.swap);
	amount_v1(dir, "memory.kmem", &r->memory.kernel);
	amount_v1(dir, "memory.kmem.tcp", &r->memory.kernel_tcp);
}

/* Swap is told with memory, as version 1 counts it; of the peaks of both no sum
 * can be made. */
static void memory_v2(const char *dir, struct kern_cgroup_report *r)
{
	struct kern_cgroup_amount *m = &r->memory.usage, *s = &r->memory.swap;

	read_psi(dir, "memory.pressure", &r->memory.psi);
	read_raw(dir, r);
	if (!r->memory.n_raw)
		return;
	r->memory.cache = raw(r, "file");
	m->usage = cgroup_number(dir, "memory.current");
	m->limit = cgroup_number(dir, "memory.max");
	m->max_usage = cgroup_number(dir, "memory.peak");
	s->usage = m->usage + cgroup_number(dir, "memory.swap.current");
	s->limit = cgroup_number(dir, "memory.swap.max");
	if (s->limit != UINT64_MAX)
		s->limit = m->limit == UINT64_MAX ? UINT64_MAX : s->limit + m->limit;
}

/* ---- processes ---- */

static uint64_t lines_of(const char *dir, const char *file)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct err ignored;
	uint64_t n = 0;

	if (cgroup_read(dir, file, &sb, &ignored))
		return 0;
	for (const char *p = sb.data; (p = strchr(p, '\n')); p++)
		n++;
	return n;
}

static void pids(const char *dir, struct kern_cgroup_report *r)
{
	if (!cgroup_has(dir, "pids.current")) { /* no controller: count them */
		r->pids.current = lines_of(dir, "cgroup.procs");
		return;
	}
	r->pids.current = cgroup_number(dir, "pids.current");
	r->pids.limit = cgroup_number(dir, "pids.max");
	if (r->pids.limit == UINT64_MAX)
		r->pids.limit = 0;
}

/* ---- huge pages ---- */

/* "hugepages-2048kB" to "2MB", which is how the files are called. */
static void name_of_size(char out[24], const char *entry)
{
	unsigned long kb = strtoul(entry + strlen("hugepages-"), NULL, 10);

	if (kb >= 1 << 20)
		snprintf(out, 24, "%luGB", kb >> 20);
	else if (kb >= 1 << 10)
		snprintf(out, 24, "%luMB", kb >> 10);
	else
		snprintf(out, 24, "%luKB", kb);
}

static void hugepages_of(const char *dir, bool v2, const char *reserved,
			 struct kern_cgroup_hugepages *p)
{
	AUTO_FREE char *usage = xasprintf("hugetlb.%s%s.%s", p->size, reserved,
					  v2 ? "current" : "usage_in_bytes");
	AUTO_FREE char *max = xasprintf("hugetlb.%s%s.max_usage_in_bytes", p->size, reserved);
	AUTO_FREE char *failcnt = v2 ? xasprintf("hugetlb.%s.events", p->size)
				     : xasprintf("hugetlb.%s%s.failcnt", p->size, reserved);

	p->usage = cgroup_number(dir, usage);
	p->max_usage = v2 ? 0 : cgroup_number(dir, max);
	p->failcnt = v2 ? cgroup_key(dir, failcnt, "max") : cgroup_number(dir, failcnt);
}

static void hugetlb(const char *dir, bool v2, struct kern_cgroup_report *r)
{
	AUTO_CLOSEDIR DIR *d = opendir("/sys/kernel/mm/hugepages");
	struct dirent *e;

	while (d && (e = readdir(d))) {
		struct kern_cgroup_hugepages p = { .usage = 0 };
		AUTO_FREE char *probe = NULL, *used = NULL;

		if (!str_starts(e->d_name, "hugepages-"))
			continue;
		name_of_size(p.size, e->d_name);
		probe = xasprintf("hugetlb.%s.rsvd.%s", p.size, v2 ? "current" : "usage_in_bytes");
		used = xasprintf("hugetlb.%s.%s", p.size, v2 ? "current" : "usage_in_bytes");
		if (!cgroup_has(dir, used))
			return; /* the controller is not there */
		hugepages_of(dir, v2, cgroup_has(dir, probe) ? ".rsvd" : "", &p);
		r->hugepages = xrealloc(r->hugepages, (r->n_hugepages + 1) * sizeof p);
		r->hugepages[r->n_hugepages++] = p;
	}
}

/* ---- all of it ---- */

int kern_cgroup_report(struct kern_cgroup *cg, struct kern_cgroup_report *r, struct err *err)
{
	const char *v2 = cgroup_v2_dir(cg), *memory = cgroup_dir_of(cg, "memory");
	const char *cpu = cgroup_dir_of(cg, "cpu"), *acct = cgroup_dir_of(cg, "cpuacct");
	const char *cpuset = cgroup_dir_of(cg, "cpuset"), *pids_v1 = cgroup_dir_of(cg, "pids");
	const char *huge = cgroup_dir_of(cg, "hugetlb");

	*r = (struct kern_cgroup_report){ .n_hugepages = 0 };
	if (kern_cgroup_absent(cg) || access(cg->layout.h[0].dir, F_OK))
		return err_set(err, ERR_NOT_FOUND, "there is no cgroup %s", cg->path);
	if (cpu || acct)
		cpu_v1(cpu, acct, r);
	else if (v2)
		cpu_v2(v2, r);
	if (cpuset)
		cpuset_v1(cpuset, r);
	if (memory)
		memory_v1(memory, r);
	else if (v2)
		memory_v2(v2, r);
	if (pids_v1 || v2)
		pids(pids_v1 ? pids_v1 : v2, r);
	if (huge || v2)
		hugetlb(huge ? huge : v2, !huge, r);
	if (v2 && cg->layout.version == KERN_CGROUP_V2)
		read_psi(v2, "io.pressure", &r->io_psi);
	kern_cgroup_report_io(cg, r);
	return 0;
}

void kern_cgroup_report_free(struct kern_cgroup_report *r)
{
	for (size_t i = 0; i < r->memory.n_raw; i++)
		free(r->memory.raw[i].name);
	free(r->memory.raw);
	free(r->cpu.percpu.v);
	free(r->cpu.percpu_kernel.v);
	free(r->cpu.percpu_user.v);
	free(r->cpuset.cpus.v);
	free(r->cpuset.mems.v);
	for (int t = 0; t < KERN_IO_TABLES; t++)
		free(r->io[t].v);
	free(r->hugepages);
	memset(r, 0, sizeof *r);
}
