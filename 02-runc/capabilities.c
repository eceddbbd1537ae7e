/*
 * capabilities.c - which of the configured capabilities can be had.
 *
 * One that cannot be granted is no reason to fail; it is left out with a warning
 * (`capabilities` in config.md, "Linux Process"): the container then has less, never
 * more, than was asked for. Decided by the runtime, whose log is the one that is read.
 */
#include <string.h>

#include "01-kernel/base/log.h"
#include "process.h"

static void add_names(struct strbuf *names, uint64_t caps)
{
	for (int cap = 0; cap < 64; cap++)
		if (caps >> cap & 1)
			strbuf_addf(names, "%s%s", names->len ? " " : "", kern_caps_name(cap));
}

/* Names that nobody knows, and capabilities that the kernel or we do not have. */
static void leave_out_unavailable(struct runc_process *p, const struct kern_caps *have, bool told)
{
	struct kern_caps *c = &p->caps;
	AUTO_STRBUF struct strbuf names = STRBUF_INIT;

	for (size_t i = 0; i < p->unknown_caps.n; i++)
		strbuf_addf(&names, "%s%s", names.len ? " " : "", p->unknown_caps.v[i]);
	add_names(&names, (c->bounding & ~have->bounding) |
			  ((c->permitted | c->effective | c->inheritable | c->ambient) &
			   ~have->permitted));
	c->bounding &= have->bounding;
	c->permitted &= have->permitted;
	c->effective &= have->permitted;
	c->inheritable &= have->permitted;
	c->ambient &= have->permitted;
	if (names.len && !told)
		log_warn("ignoring unknown or unavailable capabilities: [%s]", names.data);
}

static void confine(uint64_t *set, uint64_t to, const char *kind, const char *outside, bool told)
{
	for (int cap = 0; cap < 64 && !told; cap++)
		if ((*set & ~to) >> cap & 1)
			log_warn("can't raise %s capability %s: it is not %s", kind,
				 kern_caps_name(cap), outside);
	*set &= to;
}

void runc_caps_settle(struct runc_process *p, bool user_namespace, bool told)
{
	uint64_t all = user_namespace ? kern_caps_all() : 0; /* there, init has all that there are */
	const struct kern_caps have = {
		.bounding = user_namespace ? all : kern_caps_bounded(p->caps.bounding),
		.permitted = user_namespace ? all : kern_caps_permitted(),
	};

	leave_out_unavailable(p, &have, told);
	/* capset(2) and PR_CAP_AMBIENT_RAISE insist on these. */
	confine(&p->caps.effective, p->caps.permitted, "effective", "permitted", told);
	confine(&p->caps.inheritable, p->caps.bounding, "inheritable", "in the bounding set", told);
	confine(&p->caps.ambient, p->caps.permitted & p->caps.inheritable, "ambient",
		"both permitted and inheritable", told);
}
