/*
 * create_request.c - the body of POST /containers/create.
 *
 * Most flags are in it already (create_flags.c). Here is what takes more than
 * putting a value in its place, a function per subject.
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/words.h"
#include "create_private.h"
#include "env.h"
#include "mounts.h"
#include "platform.h"
#include "ports.h"
#include "units.h"
#include "volumes.h"

#define PROFILE_LIMIT (4u << 20)

static bool listed(const struct strlist *list, const char *word)
{
	for (size_t i = 0; i < list->n; i++)
		if (!strcasecmp(list->v[i], word))
			return true;
	return false;
}

/* Without -a: stdout and stderr, and stdin with -i. Detached: nothing. */
static void put_attach(struct cli_create_options *o, bool detach)
{
	bool usual = !o->attach.n;
	bool in = !detach && (o->stdin || listed(&o->attach, "stdin"));

	json_object_set_new(o->body, "AttachStdin", json_boolean(in));
	json_object_set_new(o->body, "AttachStdout",
			    json_boolean(!detach && (usual || listed(&o->attach, "stdout"))));
	json_object_set_new(o->body, "AttachStderr",
			    json_boolean(!detach && (usual || listed(&o->attach, "stderr"))));
	json_object_set_new(o->body, "OpenStdin", json_boolean(o->stdin));
	/* Our leaving is the end of the container's stdin. */
	json_object_set_new(o->body, "StdinOnce", json_boolean(o->stdin && in));
	json_object_set_new(o->body, "Tty", json_boolean(o->tty));
}

bool cli_create_attaches(const struct cli_create_options *o, const char *stream)
{
	AUTO_FREE char *key = xasprintf("Attach%c%s", stream[0] - 'a' + 'A', stream + 1);

	return jsonx_bool(o->body, key, false);
}

static int put_command(struct cli_create_options *o, char **args, int n, struct err *err)
{
	json_t *command = json_array();
	int rc = 0;

	json_object_set_new(o->body, "Image", json_string(args[0]));
	for (int i = 1; i < n; i++)
		rc |= json_array_append_new(command, json_string(args[i]));
	if (n > 1)
		rc |= json_object_set(o->body, "Cmd", command);
	json_decref(command);
	if (o->entrypoint) /* "" resets the image's; the API knows that as [""] */
		rc |= json_object_set_new(o->body, "Entrypoint", json_pack("[s]", o->entrypoint));
	return rc ? err_set(err, ERR_INVALID, "the command is not valid UTF-8") : 0;
}

static int put_ports(struct cli_create_options *o, json_t *host, struct err *err)
{
	json_t *exposed = cli_object_at(o->body, "ExposedPorts"), *bindings = cli_object_at(host, "PortBindings");

	for (size_t i = 0; i < o->publish.n; i++)
		if (cli_ports_publish(o->publish.v[i], exposed, bindings, err))
			return -1;
	for (size_t i = 0; i < o->expose.n; i++)
		if (cli_ports_expose(o->expose.v[i], exposed, err))
			return -1;
	return 0;
}

static int put_volumes(struct cli_create_options *o, json_t *host, struct err *err)
{
	json_t *volumes = cli_object_at(o->body, "Volumes"), *binds = json_array();

	json_object_set_new(host, "Binds", binds);
	for (size_t i = 0; i < o->volumes.n; i++)
		if (cli_volume_parse(o->volumes.v[i], binds, volumes, err))
			return -1;
	for (size_t i = 0; i < o->mounts.n; i++) {
		json_t *mount = cli_mount_parse(o->mounts.v[i], err);
		if (!mount)
			return -1;
		json_array_append_new(cli_array_at(host, "Mounts"), mount);
	}
	for (size_t i = 0; i < o->tmpfs.n; i++)
		cli_tmpfs_parse(o->tmpfs.v[i], cli_object_at(host, "Tmpfs"));
	return 0;
}

json_t *cli_restart_policy(const char *policy, struct err *err)
{
	size_t name = strcspn(policy, ":");
	int64_t count = 0;

	if (policy[name] && (!name || cli_parse_int(policy + name + 1, &count, err))) {
		err_set(err, ERR_INVALID, name ? "invalid restart policy format: maximum retry count must be an integer"
					       : "invalid restart policy format: no policy provided before colon");
		return NULL;
	}
	return json_pack("{s:s%, s:I}", "Name", policy, name, "MaximumRetryCount", (json_int_t)count);
}

static int put_restart(struct cli_create_options *o, json_t *host, struct err *err)
{
	const char *policy = o->restart && *o->restart ? o->restart : "no";
	json_t *parsed = cli_restart_policy(policy, err);

	if (!parsed || json_object_set_new(host, "RestartPolicy", parsed))
		return -1;
	if (o->remove && strncmp(policy, "no", strcspn(policy, ":")))
		return err_set(err, ERR_INVALID, "conflicting options: cannot specify both --restart and --rm");
	return 0;
}

/* HOST[:PLACE][:rwm] */
static int put_device(json_t *list, const char *spec, struct err *err)
{
	AUTO_FREE char *copy = xstrdup(spec);
	char *place = strchr(copy, ':'), *mode = NULL;

	if (place) {
		*place++ = 0;
		if ((mode = strchr(place, ':')))
			*mode++ = 0;
		else if (*place && strspn(place, "rwm") == strlen(place))
			mode = place;
	}
	if (!place || place == mode)
		place = copy;
	if (*copy != '/' || *place != '/')
		return err_set(err, ERR_INVALID, "%s is not an absolute path", *copy != '/' ? copy : place);
	if (mode && (!*mode || strspn(mode, "rwm") != strlen(mode)))
		return err_set(err, ERR_INVALID, "bad mode specified: %s", mode);
	json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "PathOnHost", copy, "PathInContainer", place,
					      "CgroupPermissions", mode ? mode : "rwm"));
	return 0;
}

/* The last --ulimit of a name counts. */
static void drop_ulimit(json_t *list, const char *text, size_t length)
{
	AUTO_FREE char *name = xstrndup(text, length);

	for (size_t i = json_array_size(list); i-- > 0;)
		if (!strcmp(jsonx_str(json_array_get(list, i), "Name", ""), name))
			json_array_remove(list, i);
}

int cli_create_ulimit(const char *text, json_t *list, struct err *err)
{
	size_t name = strcspn(text, "=");
	AUTO_FREE char *first = text[name] ? xstrndup(text + name + 1, strcspn(text + name + 1, ":")) : NULL;
	const char *second = first ? strchr(text + name, ':') : NULL;
	int64_t soft, hard;

	if (!name || !first || cli_parse_int(first, &soft, err) ||
	    (second && cli_parse_int(second + 1, &hard, err)))
		return err_set(err, ERR_INVALID, "invalid ulimit argument: %s", text);
	hard = second ? hard : soft;
	if (hard != -1 && (soft > hard || soft == -1))
		return err_set(err, ERR_INVALID,
			       "ulimit soft limit must be less than or equal to hard limit: %lld > %lld",
			       (long long)soft, (long long)hard);
	if (!list)
		return 0;
	drop_ulimit(list, text, name);
	json_array_append_new(list, json_pack("{s:s%, s:I, s:I}", "Name", text, name, "Soft", (json_int_t)soft,
					      "Hard", (json_int_t)hard));
	return 0;
}

static int put_resources(struct cli_create_options *o, json_t *host, struct err *err)
{
	json_t *devices = json_array(), *ulimits = json_array();
	const json_t *swappiness = json_object_get(host, "MemorySwappiness");
	json_int_t value = json_integer_value(swappiness);

	json_object_set_new(host, "Devices", devices);
	json_object_set_new(host, "Ulimits", ulimits);
	for (size_t i = 0; i < o->devices.n; i++)
		if (!cli_create_cdi(o->devices.v[i], host) && put_device(devices, o->devices.v[i], err))
			return -1;
	for (size_t i = 0; i < o->ulimits.n; i++)
		if (cli_create_ulimit(o->ulimits.v[i], ulimits, err))
			return -1;
	if (value < -1 || value > 100)
		return err_set(err, ERR_INVALID, "invalid value: %lld. Valid memory swappiness range is 0-100",
			       (long long)value);
	if (o->gpus && cli_create_gpus(o->gpus, host, err))
		return err_wrap(err, "invalid argument \"%s\" for \"--gpus\" flag", o->gpus);
	return cli_create_limits(o, host, err);
}

/* Lines of KEY=VALUE; what a flag says counts more. */
static int put_label_files(struct cli_create_options *o, struct err *err)
{
	AUTO_JSON json_t *list = cli_env_collect(&o->label_files, &(struct strlist)STRLIST_INIT, err), *labels = json_object();
	json_t *line;
	size_t i;

	if (!list)
		return -1;
	json_array_foreach(list, i, line) {
		const char *text = json_string_value(line);
		size_t n = strcspn(text, "=");
		AUTO_FREE char *key = xstrndup(text, n);
		json_object_set_new(labels, key, json_string(text[n] ? text + n + 1 : ""));
	}
	json_object_update(labels, json_object_get(o->body, "Labels"));
	if (json_object_size(labels))
		json_object_set(o->body, "Labels", labels);
	return 0;
}

/* Six pairs of digits, or eight or twenty, with ":" or "-" between them (Go's net.ParseMAC). */
static int check_mac(const json_t *body, struct err *err)
{
	const char *text = jsonx_str(body, "MacAddress", "");
	size_t n = strlen(text), pairs = (n + 1) / 3;
	bool good = n % 3 == 2 && (pairs == 6 || pairs == 8 || pairs == 20);

	for (size_t i = 0; good && i < n; i++)
		good = i % 3 == 2 ? text[i] == text[2] && strchr(":-", text[i]) : isxdigit((unsigned char)text[i]) != 0;
	return good || !n ? 0 : err_set(err, ERR_INVALID, "%s is not a valid mac address", text);
}

/* Whose namespace: what the daemon would take for "none" is refused here. */
static int check_modes(const json_t *host, struct err *err)
{
	static const struct {
		const char *field, *flag, *name, *other;
	} modes[] = {
		{ "PidMode", "pid", "PID", "container:" }, { "UTSMode", "uts", "UTS", "" },
		{ "UsernsMode", "userns", "USER", "" }, { "CgroupnsMode", "cgroupns", "CGROUP", "private" },
	};

	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		const char *mode = jsonx_str(host, modes[i].field, "");
		if (*mode && strcmp(mode, "host") && !(*modes[i].other && str_starts(mode, modes[i].other)))
			return err_set(err, ERR_INVALID, "--%s: invalid %s mode", modes[i].flag, modes[i].name);
	}
	return 0;
}

/* A seccomp profile is a file of ours: what is sent is its content. */
static int put_security(struct cli_create_options *o, json_t *host, struct err *err)
{
	static const char seccomp[] = "seccomp=", paths[] = "systempaths=unconfined";
	json_t *list = json_array();

	json_object_set_new(host, "SecurityOpt", list);
	for (size_t i = 0; i < o->security.n; i++) {
		const char *text = o->security.v[i], *file = text + sizeof seccomp - 1, *value = strpbrk(text, "=:");
		if ((!value || !value[1]) && strncmp(text, "no-new-privileges", strcspn(text, "=:")))
			return err_set(err, ERR_INVALID, "Invalid --security-opt: \"%s\"", text);
		if (!strcmp(text, paths)) {
			json_object_set_new(host, "MaskedPaths", json_array());
			json_object_set_new(host, "ReadonlyPaths", json_array());
			continue;
		}
		if (!str_starts(text, seccomp) || !strcmp(file, "unconfined") || !strcmp(file, "builtin")) {
			json_array_append_new(list, json_string(text));
			continue;
		}
		if (access(file, R_OK) && cli_file_error("open", file, err))
			return err_wrap(err, "opening seccomp profile (%s) failed", file);
		AUTO_JSON json_t *profile = jsonx_read(AT_FDCWD, file, PROFILE_LIMIT, err);
		if (!profile)
			return err_wrap(err, "compacting json for seccomp profile (%s) failed", file);
		AUTO_FREE char *content = jsonx_text(profile);
		AUTO_FREE char *option = xasprintf("%s%s", seccomp, content);
		json_array_append_new(list, json_string(option));
	}
	return 0;
}

static int put_health(struct cli_create_options *o, struct err *err)
{
	json_t *check = json_object_get(o->body, "Healthcheck"), *value;
	const char *key;

	if (o->no_health && (check || o->health_cmd))
		return err_set(err, ERR_INVALID, "--no-healthcheck conflicts with --health-* options");
	if (o->no_health)
		json_object_set_new(cli_object_at(o->body, "Healthcheck"), "Test", json_pack("[s]", "NONE"));
	if (o->health_cmd)
		json_object_set_new(cli_object_at(o->body, "Healthcheck"), "Test",
				    json_pack("[s, s]", "CMD-SHELL", o->health_cmd));
	json_object_foreach(check, key, value) {
		static const char *const flags[][2] = {
			{ "Interval", "interval" }, { "Timeout", "timeout" }, { "Retries", "retries" },
			{ "StartPeriod", "start-period" }, { "StartInterval", "start-interval" },
		};
		for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
			if (!strcmp(flags[i][0], key) && json_integer_value(value) < 0)
				return err_set(err, ERR_INVALID, "--health-%s cannot be negative", flags[i][1]);
	}
	return 0;
}

static void put_hosts(struct cli_create_options *o, json_t *host)
{
	json_t *list = json_array();

	json_object_set_new(host, "ExtraHosts", list);
	for (size_t i = 0; i < o->hosts.n; i++) {
		const char *name = o->hosts.v[i], *address = name + strcspn(name, ":=") + 1;
		size_t n = strlen(address);
		bool brackets = *address == '[' && address[n - 1] == ']'; /* round an IPv6 address */
		AUTO_FREE char *text = xasprintf("%.*s:%.*s", (int)(address - 1 - name), name,
						 (int)(brackets ? n - 2 : n), address + brackets);
		json_array_append_new(list, json_string(text));
	}
}

static int check_pull(const char *pull, struct err *err)
{
	static const char *const known[] = { "always", "missing", "never", "", NULL };

	if (!pull || words_have(known, pull))
		return 0;
	return err_set(err, ERR_INVALID,
		       "invalid pull option: '%s': must be one of \"always\", \"missing\" or \"never\"", pull);
}

int cli_create_request(struct cli_create_options *o, char **args, int n, bool detach, struct err *err)
{
	if (!o->body)
		o->body = json_object();
	o->platform = cli_platform_default(o->platform);
	json_t *host = cli_object_at(o->body, "HostConfig");
	json_t *env = cli_env_collect(&o->env_files, &o->env, err);

	if (!env || json_object_set_new(o->body, "Env", env))
		return -1;
	put_attach(o, detach);
	put_hosts(o, host);
	json_object_set_new(host, "AutoRemove", json_boolean(o->remove));
	if (cli_trust_check(o->untrusted, err) || check_pull(o->pull, err) || put_label_files(o, err) || put_command(o, args, n, err) || put_ports(o, host, err) ||
	    put_volumes(o, host, err) || put_restart(o, host, err) || cli_create_networks(o, host, err) ||
	    put_resources(o, host, err) || check_mac(o->body, err) || check_modes(host, err) || put_security(o, host, err))
		return -1;
	return put_health(o, err);
}
