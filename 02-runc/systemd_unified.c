/*
 * systemd_unified.c - `resources.unified`, which are files of cgroup version 2 and
 * what to write to them, as properties of a unit.
 *
 * Only those files that systemd writes itself: to any other it does not come in the
 * way. Their text is read as the kernel does it, with blanks around it.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "systemd.h"

#define BLANKS " \t\n"

/* The first version of systemd that has them, for a scope. */
#define VERSION_IDLE 252
#define VERSION_OOM_POLICY 253

struct kern_cgroup_file *runc_systemd_unified(const struct kern_cgroup_limits *l, const char *name)
{
	for (size_t i = 0; i < l->n_unified; i++)
		if (!strcmp(l->unified[i].name, name))
			return &l->unified[i];
	return NULL;
}

/* ---- text ---------------------------------------------------------------- */

/* A number or "max", and what follows it. */
static bool take_amount(const char **text, uint64_t *out)
{
	const char *p = *text + strspn(*text, BLANKS);
	char *end;

	if (str_starts(p, "max")) {
		*out = UINT64_MAX;
		*text = p + 3;
		return true;
	}
	errno = 0;
	*out = strtoull(p, &end, 10);
	*text = end;
	return isdigit((unsigned char)*p) && !errno;
}

static bool at_end(const char *text)
{
	return !text[strspn(text, BLANKS)];
}

static int invalid(const struct kern_cgroup_file *f, struct err *err)
{
	return err_set(err, ERR_INVALID, "unified resource \"%s\" value invalid: \"%s\"", f->name,
		       f->text);
}

/* ---- one file ------------------------------------------------------------ */

struct context {
	struct strbuf *body;
	const struct kern_cgroup_limits *limits;
	const struct runc_systemd_traits *traits;
	const char *property;
};

static int put_amount(const struct context *c, const struct kern_cgroup_file *f, struct err *err)
{
	const char *text = f->text;
	uint64_t amount;

	if (!take_amount(&text, &amount) || !at_end(text))
		return invalid(f, err);
	runc_systemd_put_number(c->body, c->property, 't', amount);
	return 0;
}

/* "QUOTA PERIOD", or the quota alone. */
static int put_cpu_max(const struct context *c, const struct kern_cgroup_file *f, struct err *err)
{
	struct kern_cgroup_limits l;
	const char *text = f->text;
	uint64_t quota, period = 100000;

	if (!take_amount(&text, &quota) ||
	    (!at_end(text) && (!take_amount(&text, &period) || !at_end(text))))
		return invalid(f, err);
	kern_cgroup_limits_init(&l);
	l.cpu_quota = quota > INT64_MAX ? -1 : (int64_t)quota;
	l.cpu_period = (int64_t)period;
	runc_systemd_put_quota(c->body, &l, c->traits);
	return 0;
}

/* Idle is a weight of 0, for systemd; that idle is over it hears as another weight. */
static int put_idle(const struct context *c, const struct kern_cgroup_file *f, struct err *err)
{
	int idle = atoi(f->text);

	(void)err; /* what else there may be, the kernel judges */
	if (c->traits->version < VERSION_IDLE || (idle != 0 && idle != 1))
		return 0;
	if (idle || !runc_systemd_unified(c->limits, "cpu.weight"))
		runc_systemd_put_number(c->body, c->property, 't', idle ? 0 : UINT64_MAX);
	return 0;
}

static int put_set(const struct context *c, const struct kern_cgroup_file *f, struct err *err)
{
	const char *from = f->text + strspn(f->text, BLANKS);
	AUTO_FREE char *list = xstrndup(from, strcspn(from, BLANKS));

	return runc_systemd_put_set(c->body, c->property, list, c->traits, err);
}

/* ---- all of them --------------------------------------------------------- */

static const struct {
	const char *file, *property;
	int (*put)(const struct context *c, const struct kern_cgroup_file *f, struct err *err);
} files[] = {
	{ "cpu.idle", "CPUWeight", put_idle },
	{ "cpu.max", "CPUQuotaPerSecUSec", put_cpu_max },
	{ "cpu.weight", "CPUWeight", put_amount },
	{ "cpuset.cpus", "AllowedCPUs", put_set },
	{ "cpuset.mems", "AllowedMemoryNodes", put_set },
	{ "memory.high", "MemoryHigh", put_amount },
	{ "memory.low", "MemoryLow", put_amount },
	{ "memory.max", "MemoryMax", put_amount },
	{ "memory.min", "MemoryMin", put_amount },
	{ "memory.swap.max", "MemorySwapMax", put_amount },
	{ "pids.max", "TasksMax", put_amount },
};

int runc_systemd_put_unified(struct strbuf *body, const struct kern_cgroup_limits *l,
			     const struct runc_systemd_traits *traits, struct err *err)
{
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		const struct kern_cgroup_file *f = runc_systemd_unified(l, files[i].file);
		const struct context c = { body, l, traits, files[i].property };

		if (f && files[i].put(&c, f, err))
			return -1;
	}
	return 0;
}

void runc_systemd_put_oom_policy(struct strbuf *body, const struct kern_cgroup_limits *l,
				 const struct runc_systemd_traits *traits)
{
	const struct kern_cgroup_file *f = runc_systemd_unified(l, "memory.oom.group");

	if (f && traits->version >= VERSION_OOM_POLICY)
		runc_systemd_put_text(body, "OOMPolicy", atoi(f->text) ? "kill" : "continue");
}
