/*
 * config_process.c - the `process` object ("Process" in the specification's
 * config.md), which is also the whole document of `exec --process`.
 */
#include <string.h>
#include <sys/resource.h>

#include "config.h"
#include "property.h"

static const struct { const char *name; int resource; } rlimit_names[] = {
	{ "RLIMIT_AS", RLIMIT_AS }, { "RLIMIT_CORE", RLIMIT_CORE },
	{ "RLIMIT_CPU", RLIMIT_CPU }, { "RLIMIT_DATA", RLIMIT_DATA },
	{ "RLIMIT_FSIZE", RLIMIT_FSIZE }, { "RLIMIT_LOCKS", RLIMIT_LOCKS },
	{ "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK }, { "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
	{ "RLIMIT_NICE", RLIMIT_NICE }, { "RLIMIT_NOFILE", RLIMIT_NOFILE },
	{ "RLIMIT_NPROC", RLIMIT_NPROC }, { "RLIMIT_RSS", RLIMIT_RSS },
	{ "RLIMIT_RTPRIO", RLIMIT_RTPRIO }, { "RLIMIT_RTTIME", RLIMIT_RTTIME },
	{ "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING }, { "RLIMIT_STACK", RLIMIT_STACK },
};

static int parse_rlimit(struct runc_rlimit *r, const json_t *obj, const char *where,
			struct err *err)
{
	if (!json_is_object(obj))
		return err_set(err, ERR_INVALID, "%s: expected an object", where);
	if (runc_prop_need_str(obj, where, "type", &r->name, err) ||
	    runc_prop_u64(obj, where, "soft", &r->soft, err) ||
	    runc_prop_u64(obj, where, "hard", &r->hard, err))
		return -1;
	if (!json_object_get(obj, "soft") || !json_object_get(obj, "hard"))
		return err_set(err, ERR_INVALID, "%s: soft and hard are required", where);
	if (r->soft > r->hard)
		return err_set(err, ERR_INVALID, "%s: the soft limit is above the hard one", where);
	r->resource = -1;
	for (size_t i = 0; i < sizeof rlimit_names / sizeof *rlimit_names; i++)
		if (!strcmp(r->name, rlimit_names[i].name))
			r->resource = rlimit_names[i].resource;
	if (r->resource < 0)
		return err_set(err, ERR_INVALID, "%s.type: '%s' is not a limit that Linux has",
			       where, r->name);
	return 0;
}

static int parse_rlimits(struct runc_process *p, const json_t *obj, const char *where,
			 struct err *err)
{
	char path[PROPERTY_PATH_SIZE];
	json_t *array, *item;
	size_t i;

	if (runc_prop_array(obj, where, "rlimits", &array, err))
		return -1;
	p->rlimits = xcalloc(json_array_size(array) + 1, sizeof *p->rlimits);
	json_array_foreach(array, i, item) {
		struct runc_rlimit *r = &p->rlimits[i];

		if (parse_rlimit(r, item, runc_prop_index(path, where, "rlimits", i), err))
			return -1;
		for (size_t j = 0; j < i; j++)
			if (p->rlimits[j].resource == r->resource)
				return err_set(err, ERR_INVALID, "%s: %s is given twice", path,
					       r->name);
		p->n_rlimits = i + 1;
	}
	return 0;
}

static bool listed(const struct strlist *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->v[i], name))
			return true;
	return false;
}

/* An unknown name is no error; see capabilities.c. */
static int parse_cap_set(struct runc_process *p, uint64_t *set, const json_t *caps,
			 const char *where, const char *key, struct err *err)
{
	AUTO_FREE const char **names = NULL;

	if (runc_prop_strings(caps, where, key, &names, err))
		return -1;
	for (size_t i = 0; names && names[i]; i++) {
		int cap = kern_caps_parse(names[i]);

		if (cap >= 0)
			*set |= UINT64_C(1) << cap;
		else if (!listed(&p->unknown_caps, names[i]))
			strlist_add(&p->unknown_caps, names[i]);
	}
	return 0;
}

static int parse_caps(struct runc_process *p, const json_t *obj, const char *where,
		      struct err *err)
{
	char path[PROPERTY_PATH_SIZE];
	json_t *caps;

	if (runc_prop_object(obj, where, "capabilities", &caps, err))
		return -1;
	runc_prop_path(path, where, "capabilities");
	return parse_cap_set(p, &p->caps.bounding, caps, path, "bounding", err) ||
	       parse_cap_set(p, &p->caps.effective, caps, path, "effective", err) ||
	       parse_cap_set(p, &p->caps.permitted, caps, path, "permitted", err) ||
	       parse_cap_set(p, &p->caps.inheritable, caps, path, "inheritable", err) ||
	       parse_cap_set(p, &p->caps.ambient, caps, path, "ambient", err) ? -1 : 0;
}

static int parse_gids(struct runc_process *p, const json_t *user, const char *where,
		      struct err *err)
{
	char path[PROPERTY_PATH_SIZE];
	json_t *array, *item;
	size_t i;

	if (runc_prop_array(user, where, "additionalGids", &array, err))
		return -1;
	p->gids = xcalloc(json_array_size(array) + 1, sizeof *p->gids);
	json_array_foreach(array, i, item) {
		json_int_t gid = json_integer_value(item);

		if (!json_is_integer(item) || gid < 0 || gid >= UINT32_MAX)
			return err_set(err, ERR_INVALID, "%s: expected a group id",
				       runc_prop_index(path, where, "additionalGids", i));
		p->gids[i] = (gid_t)gid;
	}
	p->n_gids = json_array_size(array);
	return 0;
}

static int parse_user(struct runc_process *p, const json_t *obj, const char *where,
		      struct err *err)
{
	const struct runc_range id = { 0, UINT32_MAX - 1 }, mask = { 0, 0777 };
	int64_t uid = 0, gid = 0, mask_bits = -1;
	char path[PROPERTY_PATH_SIZE];
	json_t *user;

	if (runc_prop_object(obj, where, "user", &user, err))
		return -1;
	runc_prop_path(path, where, "user");
	if (runc_prop_int(user, path, "uid", id, &uid, NULL, err) ||
	    runc_prop_int(user, path, "gid", id, &gid, NULL, err) ||
	    runc_prop_int(user, path, "umask", mask, &mask_bits, NULL, err) ||
	    parse_gids(p, user, path, err))
		return -1;
	p->uid = (uid_t)uid;
	p->gid = (gid_t)gid;
	p->umask = (int)mask_bits;
	return 0;
}

static int parse_console_size(struct runc_process *p, const json_t *obj, const char *where,
			      struct err *err)
{
	const struct runc_range size = { 0, UINT16_MAX };
	int64_t rows = 0, cols = 0;
	char path[PROPERTY_PATH_SIZE];
	json_t *console;

	if (runc_prop_object(obj, where, "consoleSize", &console, err))
		return -1;
	if (!p->terminal) /* then it must be ignored */
		return 0;
	runc_prop_path(path, where, "consoleSize");
	if (runc_prop_int(console, path, "height", size, &rows, NULL, err) ||
	    runc_prop_int(console, path, "width", size, &cols, NULL, err))
		return -1;
	p->rows = (unsigned short)rows;
	p->cols = (unsigned short)cols;
	return 0;
}

static int check_env(const struct runc_process *p, const char *where, struct err *err)
{
	char path[PROPERTY_PATH_SIZE];

	for (size_t i = 0; p->env[i]; i++)
		if (!strchr(p->env[i], '=') || p->env[i][0] == '=')
			return err_set(err, ERR_INVALID, "%s: invalid environment variable: \"%s\"",
				       runc_prop_index(path, where, "env", i), p->env[i]);
	return 0;
}

static int parse_args(struct runc_process *p, const json_t *obj, const char *where,
		      struct err *err)
{
	char path[PROPERTY_PATH_SIZE];

	if (runc_prop_strings(obj, where, "args", &p->args, err) ||
	    runc_prop_strings(obj, where, "env", &p->env, err) ||
	    runc_prop_need_str(obj, where, "cwd", &p->cwd, err))
		return -1;
	if (!p->args || !p->args[0])
		return err_set(err, ERR_INVALID, "%s: required and must not be empty",
			       runc_prop_path(path, where, "args"));
	if (p->cwd[0] != '/')
		return err_set(err, ERR_INVALID, "%s: '%s' is not an absolute path",
			       runc_prop_path(path, where, "cwd"), p->cwd);
	if (!p->env)
		p->env = xcalloc(1, sizeof *p->env);
	return check_env(p, where, err);
}

static int parse_oom_score(struct runc_process *p, const json_t *obj, const char *where,
			   struct err *err)
{
	const struct runc_range range = { -1000, 1000 };
	int64_t adj = 0;

	if (runc_prop_int(obj, where, "oomScoreAdj", range, &adj, &p->has_oom_score_adj, err))
		return -1;
	p->oom_score_adj = (int)adj;
	return 0;
}

int runc_config_process(struct runc_process *p, const json_t *obj, const char *where,
			struct err *err)
{
	memset(p, 0, sizeof *p);
	p->present = true;
	p->umask = -1;
	if (!json_is_object(obj))
		return err_set(err, ERR_INVALID, "%s: expected an object",
			       *where ? where : "process");
	if (runc_prop_bool(obj, where, "terminal", &p->terminal, err) ||
	    parse_console_size(p, obj, where, err) ||
	    parse_user(p, obj, where, err) ||
	    parse_args(p, obj, where, err) ||
	    parse_caps(p, obj, where, err) ||
	    parse_rlimits(p, obj, where, err) ||
	    runc_prop_bool(obj, where, "noNewPrivileges", &p->no_new_privileges, err) ||
	    parse_oom_score(p, obj, where, err) ||
	    runc_config_schedule(p, obj, where, err) ||
	    runc_prop_str(obj, where, "apparmorProfile", &p->apparmor_profile, err) ||
	    runc_prop_str(obj, where, "selinuxLabel", &p->selinux_label, err))
		return -1;
	return 0;
}

void runc_process_free(struct runc_process *p)
{
	free(p->args);
	free(p->env);
	free(p->gids);
	free(p->rlimits);
	strlist_free(&p->unknown_caps);
	memset(p, 0, sizeof *p);
}
