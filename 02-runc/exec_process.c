/*
 * exec_process.c - see exec.h. Options are laid over the container's own process
 * as JSON, so that there is one place where a process is checked.
 */
#include "exec.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"

int runc_exec_options(struct runc_exec *x, int argc, char **argv, int *rest, struct err *err)
{
	static const struct cmd_usage usage = {
		"[options] <container-id> <command> [args...]", "run one more process in it", 1, -1, true,
	};
	const struct option_def defs[] = {
		{ "console-socket", 0, OPTION_TEXT, &x->console_socket,
		  "unix socket that receives the terminal's master" },
		{ "pidfd-socket", 0, OPTION_TEXT, &x->pidfd_socket,
		  "unix socket that receives a pidfd of the process" },
		{ "pid-file", 0, OPTION_TEXT, &x->pid_file, "write the process's pid to this" },
		{ "process", 'p', OPTION_TEXT, &x->process_file, "a file with its process object" },
		{ "detach", 'd', OPTION_FLAG, &x->detach, "do not wait for its end" },
		{ "tty", 't', OPTION_FLAG, &x->tty, "give it a terminal" },
		{ "cwd", 0, OPTION_TEXT, &x->cwd, "its working directory" },
		{ "env", 'e', OPTION_LIST, &x->env, "an environment variable (many)" },
		{ "user", 'u', OPTION_TEXT, &x->user, "uid[:gid]" },
		{ "additional-gids", 'g', OPTION_LIST, &x->gids, "one more group (many)" },
		{ "cap", 'c', OPTION_LIST, &x->caps, "one more capability (many)" },
		{ "no-new-privs", 0, OPTION_FLAG, &x->no_new_privs, "set no_new_privs" },
		{ "apparmor", 0, OPTION_TEXT, &x->apparmor, "AppArmor profile" },
		{ "process-label", 0, OPTION_TEXT, &x->label, "SELinux label" },
		{ "preserve-fds", 0, OPTION_NUMBER, &x->preserve_fds,
		  "hand on this many file descriptors beyond 0, 1, 2" },
		{ "cgroup", 0, OPTION_LIST, &x->cgroups,
		  "run it in a group below the container's: [controller:]path (many)" },
		{ "ignore-paused", 0, OPTION_FLAG, &x->ignore_paused,
		  "also in a paused container, where it waits" },
		{ NULL },
	};

	return runc_cmd_parse(&usage, defs, argc, argv, rest, err);
}

/* Digits alone: scanf(3) would take "-1", and root for 2^32. */
static bool parse_id(const char **text, json_int_t *id)
{
	size_t n = strspn(*text, "0123456789");

	*id = strtoll(*text, NULL, 10);
	*text += n;
	return n && n <= 10 && *id < UINT32_MAX;
}

/* "1000" or "1000:1000" */
static int set_user(json_t *process, const char *text, struct err *err)
{
	json_int_t uid, gid = 0;
	const char *p = text;
	json_t *user;

	if (!parse_id(&p, &uid) || (*p && (*p++ != ':' || !parse_id(&p, &gid) || *p)))
		return err_set(err, ERR_INVALID, "--user: '%s' is not uid[:gid]", text);
	user = json_pack("{s:I, s:I}", "uid", uid, "gid", gid);
	json_object_set_new(process, "user", user);
	return 0;
}

static int add_gids(json_t *process, const struct strlist *gids, struct err *err)
{
	json_t *list = json_array();

	for (size_t i = 0; i < gids->n; i++) {
		const char *p = gids->v[i];
		json_int_t gid;

		if (!parse_id(&p, &gid) || *p) {
			json_decref(list);
			return err_set(err, ERR_INVALID, "--additional-gids: '%s' is not a group "
				       "id", gids->v[i]);
		}
		json_array_append_new(list, json_integer(gid));
	}
	if (!json_object_get(process, "user"))
		json_object_set_new(process, "user", json_object());
	json_object_set_new(json_object_get(process, "user"), "additionalGids", list);
	return 0;
}

/* --cap goes into every set in which it has an effect on the next exec; into the
 * ambient only if the container has an inheritable set to carry it. */
static void add_caps(json_t *process, const struct strlist *caps)
{
	static const char *const sets[] = { "bounding", "effective", "permitted", "ambient", NULL };
	json_t *obj = json_object_get(process, "capabilities");

	if (!json_is_object(obj)) {
		json_object_set_new(process, "capabilities", json_object());
		obj = json_object_get(process, "capabilities");
	}
	for (size_t s = 0; sets[s]; s++) {
		if (!strcmp(sets[s], "ambient") && !json_is_array(json_object_get(obj, "inheritable")))
			continue;
		if (!json_is_array(json_object_get(obj, sets[s])))
			json_object_set_new(obj, sets[s], json_array());
		for (size_t i = 0; i < caps->n; i++)
			json_array_append_new(json_object_get(obj, sets[s]),
					      json_string(caps->v[i]));
	}
}

static void append_strings(json_t *process, const char *key, const struct strlist *l)
{
	if (!json_is_array(json_object_get(process, key)))
		json_object_set_new(process, key, json_array());
	for (size_t i = 0; i < l->n; i++)
		json_array_append_new(json_object_get(process, key), json_string(l->v[i]));
}

static int lay_over(const struct runc_exec *x, json_t *p, int argc, char **argv, struct err *err)
{
	json_object_set_new(p, "args", json_array());
	for (int i = 0; i < argc; i++)
		json_array_append_new(json_object_get(p, "args"), json_string(argv[i]));
	/* A terminal of the container's is not this process's. */
	json_object_set_new(p, "terminal", json_boolean(x->tty));
	json_object_del(p, "consoleSize");
	append_strings(p, "env", &x->env);
	if (x->cwd)
		json_object_set_new(p, "cwd", json_string(x->cwd));
	if (x->no_new_privs)
		json_object_set_new(p, "noNewPrivileges", json_true());
	if (x->apparmor)
		json_object_set_new(p, "apparmorProfile", json_string(x->apparmor));
	if (x->label)
		json_object_set_new(p, "selinuxLabel", json_string(x->label));
	if (x->caps.n)
		add_caps(p, &x->caps);
	if (x->user && set_user(p, x->user, err))
		return -1;
	return x->gids.n ? add_gids(p, &x->gids, err) : 0;
}

/* Absent, or what a client written in Go sends for it. */
static bool left_out(const json_t *v)
{
	return !v || json_is_null(v) || (json_is_array(v) && !json_array_size(v)) ||
	       (json_is_string(v) && !*json_string_value(v));
}

/* What a process object of --process leaves out is as in the container's own, but for
 * what runs, as whom and where. */
static void fill_in(json_t *process, const json_t *own)
{
	static const char *const keys[] = {
		"capabilities", "rlimits", "oomScoreAdj", "scheduler", "ioPriority",
		"execCPUAffinity", "apparmorProfile", "selinuxLabel", NULL,
	};
	json_t *user = json_object_get(process, "user");
	json_t *umask_ = json_object_get(json_object_get(own, "user"), "umask");

	for (size_t i = 0; keys[i]; i++)
		if (left_out(json_object_get(process, keys[i])) && json_object_get(own, keys[i]))
			json_object_set(process, keys[i], json_object_get(own, keys[i]));
	if (!user && umask_)
		json_object_set_new(process, "user", user = json_object());
	if (umask_ && json_is_object(user) && !json_object_get(user, "umask"))
		json_object_set(user, "umask", umask_);
}

int runc_exec_process(struct runc_exec *x, int argc, char **argv, struct err *err)
{
	if (x->process_file) {
		x->process_doc = runc_config_read(AT_FDCWD, x->process_file, err);
		if (!x->process_doc)
			return -1;
		/* -t counts with --process too; without it the file decides. */
		if (x->tty)
			json_object_set_new(x->process_doc, "terminal", json_true());
		if (json_is_object(x->process_doc))
			fill_in(x->process_doc, json_object_get(x->config.doc, "process"));
		if (runc_config_process(&x->process, x->process_doc, "", err))
			return err_wrap(err, "%s", x->process_file);
		return 0;
	}
	if (!argc)
		return err_set(err, ERR_INVALID, "a command to run, or --process, is needed");
	x->process_doc = json_deep_copy(json_object_get(x->config.doc, "process"));
	if (!x->process_doc)
		return err_set(err, ERR_CORRUPT, "the container's config.json has no process");
	return lay_over(x, x->process_doc, argc, argv, err) ||
	       runc_config_process(&x->process, x->process_doc, "process", err) ? -1 : 0;
}

void runc_exec_free(struct runc_exec *x)
{
	const int *fds[] = { &x->init_pidfd, &x->console, &x->receive, &x->root, &x->pidfd };

	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		cleanup_close(fds[i]);
	runc_state_free(&x->state);
	runc_config_free(&x->config);
	runc_process_free(&x->process);
	kern_cgroup_free(x->cgroup);
	json_decref(x->process_doc);
	strlist_free(&x->env);
	strlist_free(&x->caps);
	strlist_free(&x->gids);
	strlist_free(&x->cgroups);
}
