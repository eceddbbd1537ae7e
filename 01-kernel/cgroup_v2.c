/*
 * cgroup_v2.c - what a new group of version 2 needs (the kernel's
 * Documentation/admin-guide/cgroup-v2.rst).
 *
 * A group's files of a controller appear only when its parent lists the
 * controller in cgroup.subtree_control, and so on up to the root. And a group that
 * does so may have no processes of its own ("no internal processes"), the
 * machine's root excepted: processes live in the leaves.
 */
#include <errno.h>
#include <string.h>

#include "cgroup_private.h"

static bool has_word(const char *list, const char *word, size_t n)
{
	for (const char *p = list; *p; p += strspn(p, " \n")) {
		size_t len = strcspn(p, " \n");

		if (len == n && !memcmp(p, word, n))
			return true;
		p += len;
	}
	return false;
}

/* "+cpu +io" for what is in `have` and not in `on`. */
static void missing(struct strbuf *out, const char *have, const char *on)
{
	strbuf_clear(out);
	for (const char *p = have; *p; p += strspn(p, " \n")) {
		size_t n = strcspn(p, " \n");

		if (n && !has_word(on, p, n))
			strbuf_addf(out, "%s+%.*s", out->len ? " " : "", (int)n, p);
		p += n;
	}
}

/* Let the children of `dir` have what it has itself (`have`, which then becomes
 * what they really get). All at once; where that is refused one at a time: a single
 * one may be impossible (cpu, while there are real-time processes). Nothing is an
 * error here: a limit that then cannot be set will be, by its name. */
static void enable_in(const char *dir, struct strbuf *have)
{
	AUTO_STRBUF struct strbuf on = STRBUF_INIT, more = STRBUF_INIT;
	struct err ignored;
	char *save = NULL;

	if (cgroup_read(dir, "cgroup.subtree_control", &on, &ignored))
		return;
	missing(&more, have->data, on.data);
	if (!more.len)
		return;
	if (!cgroup_write(dir, "cgroup.subtree_control", more.data, &ignored))
		return;
	for (char *w = strtok_r(more.data, " ", &save); w; w = strtok_r(NULL, " ", &save))
		cgroup_write(dir, "cgroup.subtree_control", w, &ignored);
	cgroup_read(dir, "cgroup.subtree_control", have, &ignored);
}

void cgroup_enable_controllers(const struct cgroup_hierarchy *h)
{
	AUTO_STRBUF struct strbuf have = STRBUF_INIT;
	AUTO_FREE char *dir = xstrdup(h->dir);
	struct err ignored;

	if (cgroup_read(h->mount, "cgroup.controllers", &have, &ignored))
		return;
	for (char *s = dir + strlen(h->mount); s && have.len > 1; s = strchr(s + 1, '/')) {
		*s = '\0';
		enable_in(dir, &have);
		*s = '/';
	}
}

/* ---- groups of threads ---- */

static void type_of(const char *dir, struct strbuf *type)
{
	struct err ignored;

	if (cgroup_read(dir, "cgroup.type", type, &ignored))
		strbuf_clear(type); /* the root has none */
	type->data[strcspn(type->data, "\n")] = '\0';
}

/* Below a group that is threaded, or has processes and controllers both, a new
 * group is "domain invalid": it can only be made one of threads too. */
static int check_one(const char *dir, bool need_domain, struct err *err)
{
	AUTO_STRBUF struct strbuf type = STRBUF_INIT;
	struct err ignored;

	type_of(dir, &type);
	if (!strstr(type.data, "threaded") && strcmp(type.data, "domain invalid"))
		return 0;
	if (need_domain)
		return err_set(err, ERR_CONFLICT, "cannot enter cgroupv2 \"%s\" with domain controllers "
			       "-- it is in %s", dir, strstr(type.data, "threaded") ?
			       "threaded mode" : "an invalid state");
	if (!strstr(type.data, "threaded"))
		cgroup_write(dir, "cgroup.type", "threaded", &ignored);
	return 0;
}

int cgroup_check_threaded(const struct cgroup_hierarchy *h, const struct kern_cgroup_limits *l,
			  struct err *err)
{
	AUTO_STRBUF struct strbuf type = STRBUF_INIT;
	AUTO_FREE char *dir = xstrdup(h->dir);
	bool need_domain = cgroup_limits_need_domain(l);

	type_of(h->dir, &type); /* the leaf's tells whether any above is unusual */
	if (!strcmp(type.data, "domain") || !*type.data)
		return 0;
	for (char *s = strchr(dir + strlen(h->mount) + 1, '/');; s = strchr(s + 1, '/')) {
		if (s)
			*s = '\0';
		if (check_one(dir, need_domain, err))
			return -1;
		if (!s)
			return 0;
		*s = '/';
	}
}
