/*
 * ospec.c - see ospec.h: the document as a whole, and its process.
 */
#include "ospec.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/words.h"
#include "03-containerd/spec.h"
#include "links.h"

/* --- capabilities ----------------------------------------------------------------------- */

static void to_list(struct strlist *out, const json_t *list)
{
	json_t *v;
	size_t i;

	json_array_foreach((json_t *)list, i, v)
		strlist_add(out, json_string_value(v));
}

/* Names were checked when the container was created. */
json_t *dockerd_spec_capabilities(const json_t *host, bool privileged)
{
	AUTO_STRLIST struct strlist add = STRLIST_INIT, drop = STRLIST_INIT;
	AUTO_JSON json_t *names = NULL;
	struct err ignored;

	to_list(&add, json_object_get(host, "CapAdd"));
	to_list(&drop, json_object_get(host, "CapDrop"));
	names = ctrd_spec_caps(privileged ? NULL : &add, privileged ? NULL : &drop, privileged,
			       &ignored);
	if (!names)
		names = json_array();
	return json_pack("{s:O, s:O, s:O}", "bounding", names, "effective", names, "permitted",
			 names);
}

/* --- environment ------------------------------------------------------------------------- */

/* "K=v" replaces an earlier K; "K" alone removes it. */
static void set_env(json_t *env, const char *entry)
{
	size_t n = strcspn(entry, "="), i;
	json_t *v;

	json_array_foreach(env, i, v) {
		const char *have = json_string_value(v);

		if (strncmp(have, entry, n) || have[n] != '=')
			continue;
		if (entry[n])
			json_array_set_new(env, i, json_string(entry));
		else
			json_array_remove(env, i);
		return;
	}
	if (entry[n])
		json_array_append_new(env, json_string(entry));
}

json_t *dockerd_spec_env(const struct container *c, const json_t *more)
{
	json_t *env = json_pack("[s]", DEFAULT_PATH), *own = json_object_get(c->config, "Env"), *v;
	AUTO_FREE char *hostname = xasprintf("HOSTNAME=%s", jsonx_str(c->config, "Hostname", ""));
	size_t i;

	set_env(env, hostname);
	if (jsonx_bool(c->config, "Tty", false))
		set_env(env, "TERM=xterm");
	json_array_foreach(own, i, v)
		set_env(env, json_string_value(v));
	json_array_foreach((json_t *)more, i, v)
		set_env(env, json_string_value(v));
	return env;
}

/* --- security options ----------------------------------------------------------------------- */

static bool has_option(const json_t *host, const char *const words[])
{
	json_t *list = json_object_get(host, "SecurityOpt"), *v;
	size_t i;

	json_array_foreach(list, i, v)
		if (words_have(words, json_string_value(v)))
			return true;
	return false;
}

static const char *const nnp_words[] = { "no-new-privileges", "no-new-privileges=true",
					 "no-new-privileges:true", NULL };
static const char *const unconfined_words[] = { "seccomp=unconfined", "seccomp:unconfined", NULL };
/* This daemon has no AppArmor or SELinux profile to apply: "off" is what is. */
static const char *const neutral_words[] = { "apparmor=unconfined",	"apparmor:unconfined",
					     "label=disable",		"label:disable",
					     "seccomp=builtin",		"no-new-privileges=false",
					     "no-new-privileges:false", NULL };

bool dockerd_security_no_new_privileges(const json_t *host)
{
	return has_option(host, nnp_words);
}

bool dockerd_security_unconfined(const json_t *host)
{
	return has_option(host, unconfined_words);
}

int dockerd_security_check(const json_t *host, struct err *err)
{
	json_t *list = json_object_get(host, "SecurityOpt"), *v;
	size_t i;

	json_array_foreach(list, i, v) {
		const char *o = json_string_value(v);

		if (words_have(nnp_words, o) || words_have(unconfined_words, o) ||
		    words_have(neutral_words, o))
			continue;
		if (str_starts(o, "seccomp=")) {
			const char *profile = dockerd_security_profile(host);

			if (dockerd_security_profile_check(profile ? profile : o + 8, err))
				return -1;
			continue;
		}
		if (str_starts(o, "apparmor=") || str_starts(o, "label="))
			return err_set(err, ERR_UNSUPPORTED,
				       "security option %s is not supported by this daemon", o);
		return err_set(err, ERR_INVALID, "invalid --security-opt: \"%s\"", o);
	}
	return 0;
}

/* --- limits of the process -------------------------------------------------------------------- */

static const char *const rlimit_names[] = {
	"as",	  "core",  "cpu", "data",   "fsize",  "locks",	    "memlock", "msgqueue", "nice",
	"nofile", "nproc", "rss", "rtprio", "rttime", "sigpending", "stack",   NULL,
};

int dockerd_rlimit_check(const json_t *ulimit, struct err *err)
{
	const char *name = jsonx_str(ulimit, "Name", "");
	json_int_t soft = jsonx_int(ulimit, "Soft", 0), hard = jsonx_int(ulimit, "Hard", 0);

	if (!words_have(rlimit_names, name))
		return err_set(err, ERR_INVALID, "invalid ulimit type: %s", name);
	if (hard != -1 && (soft > hard || soft == -1))
		return err_set(err, ERR_INVALID,
			       "ulimit soft limit must be less than or equal to hard limit: "
			       "%lld > %lld",
			       (long long)soft, (long long)hard);
	return 0;
}

static json_t *rlimits(const json_t *host)
{
	json_t *list = json_object_get(host, "Ulimits"), *out = json_array(), *v;
	size_t i;

	json_array_foreach(list, i, v) {
		AUTO_FREE char *type = xasprintf("RLIMIT_%s", jsonx_str(v, "Name", ""));

		for (char *p = type; *p; p++)
			if (*p >= 'a' && *p <= 'z')
				*p = (char)(*p - 'a' + 'A');
		/* -1, no limit, is so in containerd's API, too. */
		json_array_append_new(out, json_pack("{s:s, s:I, s:I}", "type", type, "hard",
						     jsonx_int(v, "Hard", 0), "soft",
						     jsonx_int(v, "Soft", 0)));
	}
	return out;
}

/* --- the process ---------------------------------------------------------------------------------
 */

static void set_console(json_t *process, bool tty, json_int_t rows, json_int_t cols)
{
	if (tty && rows > 0 && cols > 0)
		json_object_set_new(process, "consoleSize",
				    json_pack("{s:I, s:I}", "height", rows, "width", cols));
}

static json_t *init_args(const struct container *c)
{
	json_t *args = dockerd_container_args(c);
	json_t *out;

	if (!jsonx_bool(c->host, "Init", false))
		return args;
	out = json_pack("[s, s]", "/sbin/docker-init", "--");
	json_array_extend(out, args);
	json_decref(args);
	return out;
}

static json_t *process_of(const struct container *c)
{
	const char *cwd = jsonx_str(c->config, "WorkingDir", "");
	json_t *size = json_object_get(c->host, "ConsoleSize"), *p;
	bool tty = jsonx_bool(c->config, "Tty", false);

	p = json_pack("{s:b, s:{s:i, s:i}, s:o, s:o, s:s, s:o, s:b}", "terminal", tty, "user",
		      "uid", 0, "gid", 0, "args", init_args(c), "env", dockerd_spec_env(c, NULL),
		      "cwd", *cwd ? cwd : "/", "capabilities",
		      dockerd_spec_capabilities(c->host, jsonx_bool(c->host, "Privileged", false)),
		      "noNewPrivileges", dockerd_security_no_new_privileges(c->host));
	if (json_array_size(json_object_get(c->host, "Ulimits")))
		json_object_set_new(p, "rlimits", rlimits(c->host));
	if (jsonx_int(c->host, "OomScoreAdj", 0))
		json_object_set(p, "oomScoreAdj", json_object_get(c->host, "OomScoreAdj"));
	set_console(p, tty, json_integer_value(json_array_get(size, 0)),
		    json_integer_value(json_array_get(size, 1)));
	return p;
}

json_t *dockerd_spec_exec(const struct container *c, const struct exec_request *r)
{
	const char *dir = jsonx_str(c->config, "WorkingDir", "");
	const char *cwd = *r->cwd ? r->cwd : *dir ? dir : "/";
	bool privileged = r->privileged || jsonx_bool(c->host, "Privileged", false);
	json_t *p, *env = dockerd_spec_env(c, NULL), *v;
	size_t i;

	if (r->tty)
		set_env(env, "TERM=xterm");
	json_array_foreach((json_t *)r->env, i, v)
		set_env(env, json_string_value(v));
	p = json_pack("{s:b, s:{s:i, s:i}, s:O, s:o, s:s, s:o, s:b}", "terminal", r->tty, "user",
		      "uid", 0, "gid", 0, "args", r->args, "env", env, "cwd", cwd, "capabilities",
		      dockerd_spec_capabilities(c->host, privileged), "noNewPrivileges",
		      dockerd_security_no_new_privileges(c->host));
	if (json_array_size(json_object_get(c->host, "Ulimits")))
		json_object_set_new(p, "rlimits", rlimits(c->host));
	set_console(p, r->tty, r->rows, r->cols);
	return p;
}

/* --- the whole -------------------------------------------------------------------------------- */

json_t *dockerd_spec(struct daemon *d, const struct container *c, const struct joins *j,
		     struct err *err)
{
	json_t *linux_part = dockerd_spec_linux(c, j, err),
	       *annotations = json_object_get(c->host, "Annotations");
	AUTO_JSON json_t *links = dockerd_links_env(d, c);
	json_t *spec;

	if (!linux_part)
		return NULL;
	spec = json_pack("{s:s, s:o, s:{s:s, s:b}, s:o, s:o}", "ociVersion", "1.0.2", "process",
			 process_of(c), "root", "path", "rootfs", "readonly",
			 jsonx_bool(c->host, "ReadonlyRootfs", false), "mounts",
			 dockerd_spec_mounts(d, c, j), "linux", linux_part);
	/* Behind the container's own: of two variables of one name the first counts. */
	json_array_extend(jsonx_at(spec, "process.env"), links);
	if (strcmp(jsonx_str(c->host, "UTSMode", ""), "host")) {
		json_object_set_new(spec, "hostname",
				    json_string(j->hostname ? j->hostname
							    : jsonx_str(c->config, "Hostname", "")));
		if (*jsonx_str(c->config, "Domainname", ""))
			json_object_set(spec, "domainname",
					json_object_get(c->config, "Domainname"));
	}
	if (json_object_size(annotations))
		json_object_set(spec, "annotations", annotations);
	return spec;
}
