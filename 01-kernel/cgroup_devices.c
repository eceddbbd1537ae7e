/*
 * cgroup_devices.c - which device nodes may be opened or made.
 *
 * The configuration is a list in which the last match wins. Both versions want
 * something shorter: what happens to any other device, and the exceptions from
 * that. A rule for everything starts such a list anew; a rule that an earlier one
 * says already adds nothing. (Docker repeats what the runtime allows anyway; each
 * rule less is a write less here, or a few instructions less in each open(2).)
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "calls.h"
#include "cgroup_private.h"

struct rule_list {
	bool allow_others;
	struct kern_cgroup_device *v;
	size_t n;
};

static bool same_devices(const struct kern_cgroup_device *a, const struct kern_cgroup_device *b)
{
	return a->type == b->type && a->major == b->major && a->minor == b->minor;
}

static bool is_everything(const struct kern_cgroup_device *r)
{
	return r->type == 'a' && r->major < 0 && r->minor < 0 && strlen(r->access) == 3;
}

/* Does the list decide so already? An opposite rule in between may have changed it. */
static bool is_known(const struct rule_list *l, const struct kern_cgroup_device *r)
{
	for (size_t i = l->n; i-- > 0;) {
		if (l->v[i].allow != r->allow)
			return false;
		if (same_devices(&l->v[i], r) &&
		    strspn(r->access, l->v[i].access) == strlen(r->access))
			return true;
	}
	return l->allow_others == r->allow;
}

static void reduce(struct rule_list *l, const struct kern_cgroup_device *rules, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (is_everything(&rules[i])) {
			l->allow_others = rules[i].allow;
			l->n = 0;
		} else if (!is_known(l, &rules[i])) {
			l->v[l->n++] = rules[i];
		}
	}
}

/* ---- version 1: two files, a rule in each write ---- */

/* Version 1 keeps a default and a set of exceptions, not an ordered list. To take
 * a part of a broader exception back is silently without effect there, so it is
 * refused here. */
static int check_hole(const struct rule_list *l, size_t i, struct err *err)
{
	const struct kern_cgroup_device *r = &l->v[i];

	if (r->allow != l->allow_others)
		return 0;
	for (size_t k = 0; k < i; k++) {
		const struct kern_cgroup_device *e = &l->v[k];
		bool covers = (e->major < 0 || e->major == r->major) &&
			      (e->minor < 0 || e->minor == r->minor) && !same_devices(e, r);

		bool kind = e->type == r->type || e->type == 'a' || r->type == 'a';

		if (e->allow != r->allow && covers && kind && strpbrk(e->access, r->access))
			return err_set(err, ERR_UNSUPPORTED, "cgroup v1 cannot %s one device of those "
				       "that an earlier rule %ss (cannot punch hole in existing wildcard "
				       "rule)", r->allow ? "allow" : "deny", e->allow ? "allow" : "denie");
	}
	return 0;
}

static void add_number(struct strbuf *sb, int64_t n)
{
	if (n < 0)
		strbuf_addc(sb, '*');
	else
		strbuf_addf(sb, "%lld", (long long)n);
}

static int write_rule(int fd, const struct kern_cgroup_device *r, char type, struct err *err)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;

	strbuf_addf(&sb, "%c ", type);
	add_number(&sb, r->major);
	strbuf_addc(&sb, ':');
	add_number(&sb, r->minor);
	strbuf_addf(&sb, " %s", r->access);
	if (kern_call_write(fd, NULL, sb.data))
		return err_sys(err, "%s device '%s'", r->allow ? "allow" : "deny", sb.data);
	return 0;
}

/* 'a' with anything but everything is not what it seems: the kernel reads no
 * further than the letter. Such a rule stands for one of each kind. */
static int write_exception(int fd, const struct kern_cgroup_device *r, struct err *err)
{
	if (r->type != 'a')
		return write_rule(fd, r, r->type, err);
	return write_rule(fd, r, 'b', err) || write_rule(fd, r, 'c', err) ? -1 : 0;
}

static int open_rules(const char *dir, const char *file, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", dir, file);
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? err_sys(err, "open %s", path) : fd;
}

static int devices_v1(const char *dir, const struct rule_list *l, struct err *err)
{
	const struct kern_cgroup_device all = { l->allow_others, 'a', -1, -1, "rwm" };
	AUTO_CLOSE int allow = open_rules(dir, "devices.allow", err), deny = -1;

	if (allow >= 0)
		deny = open_rules(dir, "devices.deny", err);
	if (deny < 0 || write_rule(l->allow_others ? allow : deny, &all, 'a', err))
		return -1;
	for (size_t i = 0; i < l->n; i++)
		if (check_hole(l, i, err) ||
		    write_exception(l->v[i].allow ? allow : deny, &l->v[i], err))
			return -1;
	return 0;
}

int kern_cgroup_devices(struct kern_cgroup *cg, const struct kern_cgroup_device *rules, size_t n,
			struct err *err)
{
	AUTO_FREE struct kern_cgroup_device *room = xcalloc(n + 1, sizeof *room);
	struct rule_list list = { true, room, 0 };
	const char *v1 = cgroup_dir_of(cg, "devices");
	int failed;

	if (!n)
		return 0;
	reduce(&list, rules, n);
	if (v1)
		failed = devices_v1(v1, &list, err);
	else if (cg->layout.version == KERN_CGROUP_V2)
		failed = cgroup_bpf_devices(cgroup_v2_dir(cg), list.allow_others, list.v, list.n, err);
	else if (cgroup_denied(cg, "devices") || kern_cgroup_absent(cg))
		return err_set(err, ERR_PERMISSION, "cannot limit access to devices: container could "
			       "not join or create cgroup");
	else
		return err_set(err, ERR_UNSUPPORTED, "cannot limit access to devices: the devices "
			       "controller of cgroups is not available here");
	return failed ? err_wrap(err, "device rules of cgroup %s", cg->path) : 0;
}
