/*
 * systemd_devices.c - a container's device rules as systemd takes them.
 *
 * OCI's rules are a list of which the last match wins; systemd has a policy and a
 * list of what is allowed. So the rules are walked once, and what they still allow at
 * the end is collected. Where systemd cannot say it as narrowly:
 *
 *   v2   it is told something wider: our own program for the rules (cgroup_bpf.c in
 *        01-kernel) is attached to the group beside systemd's, and both must agree;
 *   v1   there is one list, and systemd's would replace ours when it writes its own
 *        again: it is told something narrower.
 */
#include <stdio.h>
#include <string.h>

#include "01-kernel/base/log.h"
#include "systemd.h"

/* What is allowed: everything (`all`, less what was denied since), or only these. */
struct allowed {
	bool all, holes;
	struct kern_cgroup_device *v; /* of types b and c */
	size_t n;
};

static bool covers(const struct kern_cgroup_device *rule, const struct kern_cgroup_device *d)
{
	return (rule->type == 'a' || rule->type == d->type) &&
	       (rule->major < 0 || rule->major == d->major) &&
	       (rule->minor < 0 || rule->minor == d->minor);
}

static void remove_access(char from[4], const char *access)
{
	size_t n = 0;

	for (const char *a = from; *a; a++)
		if (!strchr(access, *a))
			from[n++] = *a;
	from[n] = '\0';
}

static void deny(struct allowed *now, const struct kern_cgroup_device *rule)
{
	now->holes = true;
	for (size_t i = 0; i < now->n; i++)
		if (covers(rule, &now->v[i]))
			remove_access(now->v[i].access, rule->access);
}

/* The same device twice: one entry with the accesses of both, in the usual order. */
static void allow(struct allowed *now, const struct kern_cgroup_device *rule, char type)
{
	struct kern_cgroup_device *d = now->v;
	size_t n = 0;

	while (d < now->v + now->n &&
	       (d->type != type || d->major != rule->major || d->minor != rule->minor))
		d++;
	if (d == now->v + now->n) {
		*d = (struct kern_cgroup_device){ .type = type, .major = rule->major,
						  .minor = rule->minor };
		now->n++;
	}
	const struct kern_cgroup_device before = *d;

	for (const char *a = "rwm"; *a; a++)
		if (strchr(before.access, *a) || strchr(rule->access, *a))
			d->access[n++] = *a;
	d->access[n] = '\0';
}

/* `now.v` has room for two entries per rule. */
static void walk(struct allowed *now, const struct kern_cgroup_device *rules, size_t n)
{
	for (const struct kern_cgroup_device *r = rules; r < rules + n; r++) {
		if (r->type == 'a' && r->major < 0 && r->minor < 0 && strlen(r->access) == 3) {
			now->n = 0;
			now->all = r->allow;
			now->holes = false;
		} else if (!r->allow) {
			deny(now, r);
		} else {
			if (r->type != 'c')
				allow(now, r, 'b');
			if (r->type != 'b')
				allow(now, r, 'c');
		}
	}
}

/* "/dev/char/1:3", "char-136" (all of a driver), "char-*". */
static void put_device(struct strbuf *body, const struct kern_cgroup_device *d, bool v2)
{
	const char *type = d->type == 'b' ? "block" : "char";
	char name[64];

	if (!*d->access)
		return;
	if (d->major >= 0 && d->minor >= 0) {
		snprintf(name, sizeof name, "/dev/%s/%lld:%lld", type, (long long)d->major,
			 (long long)d->minor);
	} else if (d->major >= 0) {
		snprintf(name, sizeof name, "%s-%lld", type, (long long)d->major);
	} else if (d->minor < 0 || v2) {
		snprintf(name, sizeof name, "%s-*", type);
	} else {
		log_debug("systemd has no rule for any driver's device %s *:%lld", type,
			  (long long)d->minor);
		return;
	}
	runc_dbus_put_struct(body);
	runc_dbus_put_text(body, 's', name);
	runc_dbus_put_text(body, 's', d->access);
}

static void put_list(struct strbuf *body, const struct allowed *list, bool v2)
{
	struct runc_dbus_array array;

	runc_dbus_put_struct(body);
	runc_dbus_put_text(body, 's', "DeviceAllow");
	runc_dbus_put_text(body, 'g', "a(ss)");
	array = runc_dbus_open_array(body, '(');
	for (size_t i = 0; list && i < list->n; i++)
		put_device(body, &list->v[i], v2);
	runc_dbus_close_array(body, array);
}

void runc_systemd_put_devices(struct strbuf *body, const struct kern_cgroup_device *rules,
			      size_t n, bool v2)
{
	AUTO_FREE struct kern_cgroup_device *room = xcalloc(2 * n + 1, sizeof *room);
	struct allowed now = { .v = room };
	bool everything;

	walk(&now, rules, n);
	everything = now.all && (!now.holes || v2);
	if (now.all && !everything)
		log_warn("systemd cannot deny single devices and allow the rest: when it applies its "
			 "rules again, none will be allowed");
	/* "auto" is no restriction as long as the list is empty. */
	runc_systemd_put_text(body, "DevicePolicy", everything ? "auto" : "strict");
	put_list(body, NULL, v2); /* empty it */
	if (!now.all)
		put_list(body, &now, v2);
}
