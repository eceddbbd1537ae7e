/*
 * update.c - other limits for a container that exists.
 *
 * The change is written to the container's group, and merged into the
 * configuration that is kept in its directory: some limits can only be understood
 * together with others that were set before (version 2 wants swap without memory,
 * where the caller says both together; a period is nothing without its quota).
 */
#include <fcntl.h>
#include <string.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/log.h"
#include "01-kernel/base/words.h"
#include "container.h"

/* ---- merging ---- */

/* Where 0 or "" means "not set", the change does not say anything. */
static bool says_nothing(const char *key, const json_t *v)
{
	static const char *const zero_counts[] = { "burst", "idle", "swappiness", "rate", NULL };

	if (json_is_null(v) || (json_is_string(v) && !*json_string_value(v)))
		return true;
	return !words_have(zero_counts, key) && json_is_integer(v) && !json_integer_value(v);
}

static bool same(const json_t *a, const json_t *b, const char *key)
{
	const json_t *x = json_object_get(a, key), *y = json_object_get(b, key);

	return x == y || (x && y && json_equal(x, y));
}

/* Entries are about the same thing if these are equal, as far as they have them. */
static bool same_thing(const json_t *a, const json_t *b)
{
	return same(a, b, "major") && same(a, b, "minor") && same(a, b, "pageSize") &&
	       same(a, b, "pagesize") && same(a, b, "name");
}

static void merge(json_t *to, const json_t *change);

/* Of several entries for one device the last one counts, so that is the one to change. */
static void merge_entries(json_t *to, const json_t *change)
{
	json_t *entry;
	size_t i;

	json_array_foreach(change, i, entry) {
		size_t at = json_array_size(to);

		while (at > 0 && !same_thing(json_array_get(to, at - 1), entry))
			at--;
		if (at > 0 && json_is_object(json_array_get(to, at - 1)))
			merge(json_array_get(to, at - 1), entry);
		else
			json_array_append_new(to, json_deep_copy(entry));
	}
}

static void merge(json_t *to, const json_t *change)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)change, key, value) {
		json_t *old = json_object_get(to, key);

		if (says_nothing(key, value))
			continue;
		if (json_is_object(value) && json_is_object(old))
			merge(old, value);
		else if (json_is_array(value) && json_is_array(old))
			merge_entries(old, value);
		else
			json_object_set_new(to, key, json_deep_copy(value));
	}
}

/* New, or NULL. */
static json_t *merged(const json_t *saved, const json_t *change)
{
	json_t *all = json_is_object(saved) ? json_deep_copy(saved) : json_object();
	const json_t *limit = jsonx_at(change, "memory.limit");

	/* Memory without a limit has no use for one on memory and swap together. */
	if (json_is_integer(limit) && json_integer_value(limit) == -1 &&
	    json_is_object(json_object_get(all, "memory")))
		json_object_del(json_object_get(all, "memory"), "swap");
	merge(all, change);
	return all;
}

/* ---- applying ---- */

static bool set(int64_t limit)
{
	return limit && limit != KERN_CGROUP_UNSET;
}

/* What the change says, completed by what must be known with it. */
static void complete(struct kern_cgroup_limits *l, const struct kern_cgroup_limits *all)
{
	if (set(l->memory) || set(l->memory_swap)) {
		l->memory = all->memory;
		l->memory_swap = all->memory_swap;
	}
	if (set(l->cpu_quota) || set(l->cpu_period)) {
		l->cpu_quota = all->cpu_quota;
		l->cpu_period = all->cpu_period;
	}
	if (l->cpu_idle == 0)
		l->cpu_shares = all->cpu_shares; /* they count again */
}

/* With any limit of version 1 systemd writes its rules for devices again: "none" first,
 * then what is allowed. No process shall open a device in between. */
static int tell_systemd(const struct runc_unit *u, struct kern_cgroup *cg,
			struct kern_cgroup_limits *l, struct err *err)
{
	bool pause = kern_cgroup_version_of(cg) != KERN_CGROUP_V2 && kern_cgroup_freezer_dir(cg) &&
		     !kern_cgroup_frozen(cg);
	struct err second;
	int failed;

	if (pause && kern_cgroup_freeze(cg, true, err))
		return -1;
	failed = runc_systemd_update(u, l, err);
	if (pause && kern_cgroup_freeze(cg, false, &second))
		log_warn("%s", second.msg);
	return failed;
}

/* Where systemd has made the group it is told first: it writes to the same files. */
static int set_limits(const struct runc_state *st, struct kern_cgroup *cg,
		      struct kern_cgroup_limits *l, struct err *err)
{
	if (st->unit.name &&
	    (kern_cgroup_check(cg, l, err) || kern_cgroup_check_usage(cg, l, err) ||
	     tell_systemd(&st->unit, cg, l, err)))
		return -1;
	return kern_cgroup_apply(cg, l, err);
}

/* As they were, as far as the configuration had said; files of version 2 that were
 * written by name may since have been changed by other means. */
static void set_back(const struct runc_state *st, struct kern_cgroup *cg, const json_t *saved)
{
	struct runc_resources old;
	struct err err;

	if (!runc_config_resources(&old, saved, "linux.resources", &err)) {
		old.limits.n_unified = 0;
		if (set_limits(st, cg, &old.limits, &err))
			log_warn("setting the limits back to what they were failed: %s", err.msg);
	}
	runc_resources_free(&old);
}

static int apply(const struct runc_state *st, struct kern_cgroup_limits *l, const json_t *saved,
		 struct err *err)
{
	struct kern_cgroup *cg = kern_cgroup_open(st->cgroup, err);
	int failed = cg ? set_limits(st, cg, l, err) : -1;

	if (cg && failed)
		set_back(st, cg, saved);
	kern_cgroup_free(cg);
	return failed;
}

static int save(const struct runc_state *st, const json_t *doc, struct err *err)
{
	AUTO_FREE char *text = jsonx_text(doc);

	return file_write_volatile(st->dir, "config.json", text, strlen(text), 0600, err);
}

/* Both documents are checked before anything is written. */
static int change_limits(const struct runc_state *st, json_t *linux_, const json_t *change,
			 struct err *err)
{
	const json_t *saved = json_object_get(linux_, "resources");
	AUTO_JSON json_t *all = merged(saved, change);
	struct runc_resources new = { .devices = NULL }, total = { .devices = NULL };
	int failed;

	failed = runc_config_resources(&new, change, "resources", err) ||
		 runc_config_resources(&total, all, "linux.resources", err) ? -1 : 0;
	if (!failed) {
		complete(&new.limits, &total.limits);
		failed = apply(st, &new.limits, saved, err);
	}
	runc_resources_free(&new);
	runc_resources_free(&total);
	if (!failed)
		json_object_set(linux_, "resources", all);
	return failed;
}

int runc_update(const struct runc_state *st, const json_t *change, struct err *err)
{
	AUTO_JSON json_t *doc = runc_config_read(st->dir, "config.json", err);
	AUTO_JSON json_t *wanted = json_deep_copy(change);
	json_t *linux_ = json_object_get(doc, "linux");

	if (!doc)
		return -1;
	/* The device rules are those of `create`: a program that adds a device to a
	 * running container changes the group itself, and must not lose that here. */
	json_object_del(wanted, "devices");
	runc_resources_warn(wanted);
	if (!json_is_object(linux_))
		return err_set(err, ERR_CORRUPT, "the container's config.json has no linux object");
	return change_limits(st, linux_, wanted, err) || save(st, doc, err) ? -1 : 0;
}
