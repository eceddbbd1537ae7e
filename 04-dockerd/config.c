/*
 * config.c - see config.h. One table row per setting: its flag, its key in
 * daemon.json, its type and where it goes.
 */
#include "config.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"
#include "config_fixed.h"
#include "defaults.h"
#include "ipam.h"
#include "log_config.h"
#include "names.h"
#include "runtimes.h"
#include "task.h"

#define DEFAULT_CONFIG_FILE "/etc/dockyard/daemon.json"

enum type { TEXT, NUMBER, LIST, PAIRS, BOOLEAN, OBJECT }; /* PAIRS: a list of key=value, in the file an object */

struct setting {
	const char *flag; /* without the dashes */
	char letter;      /* its short form, or 0 */
	const char *key;  /* in daemon.json; NULL: the command line alone */
	enum type type;
	size_t offset;
	const char *help;
	/* Of an OBJECT: one more member from the command line, all from the file. */
	int (*add)(json_t **all, const char *flag, struct err *err);
	int (*take)(json_t **all, const json_t *given, struct err *err);
};

#define AT(field) offsetof(struct config, field)
static const struct setting settings[] = {
	{ "data-root", 0, "data-root", TEXT, AT(data_root), "directory of persistent state" },
	{ "exec-root", 0, "exec-root", TEXT, AT(exec_root), "directory of run-time state" },
	{ "host", 'H', "hosts", LIST, AT(hosts),
	  "socket to listen on: unix:///path, tcp://host:port or fd://" },
	{ "containerd", 0, "containerd", TEXT, AT(containerd), "containerd's socket" },
	{ "containerd-namespace", 0, "containerd-namespace", TEXT, AT(namespace_),
	  "what is this daemon's in containerd (" CONTAINERD_NAMESPACE ")" },
	{ "registry-mirror", 0, "registry-mirrors", LIST, AT(mirrors), "asked before Docker Hub" },
	{ "insecure-registry", 0, "insecure-registries", LIST, AT(insecure),
	  "host:port spoken to without TLS" },
	{ "pidfile", 'p', "pidfile", TEXT, AT(pidfile), "file with this daemon's process ID" },
	{ "default-address-pool", 0, "default-address-pools", LIST, AT(address_pools),
	  "base=NETWORK,size=BITS: where networks get their subnets from" },
	{ "default-network-opt", 0, "default-network-opts", OBJECT, AT(network_opts),
	  "DRIVER=KEY=VALUE: options of networks that do not have them",
	  dockerd_default_options_add, dockerd_default_options_take },
	{ "dns", 0, "dns", LIST, AT(dns), "resolvers of containers that name none" },
	{ "dns-opt", 0, "dns-opts", LIST, AT(dns_opts), "the resolver's options, likewise" },
	{ "dns-search", 0, "dns-search", LIST, AT(dns_search), "domains that are searched, likewise" },
	{ "default-ipc-mode", 0, "default-ipc-mode", TEXT, AT(ipc_mode),
	  "of containers that name none: private or shareable" },
	{ "default-cgroupns-mode", 0, "default-cgroupns-mode", TEXT, AT(cgroupns_mode),
	  "likewise: private or host" },
	{ "default-shm-size", 0, "default-shm-size", TEXT, AT(shm_size), "of /dev/shm, likewise (64m)" },
	{ "default-ulimit", 0, "default-ulimits", OBJECT, AT(ulimits), "NAME=SOFT:HARD, likewise",
	  dockerd_default_ulimits_add, dockerd_default_ulimits_take },
	{ "cgroup-parent", 0, "cgroup-parent", TEXT, AT(cgroup_parent),
	  "control group of containers that name none (/docker)" },
	{ "init", 0, "init", BOOLEAN, AT(init), "an init process in containers that do not say" },
	{ "init-path", 0, "init-path", TEXT, AT(init_path), "that process's program (docker-init)" },
	{ "no-new-privileges", 0, "no-new-privileges", BOOLEAN, AT(no_new_privileges),
	  "likewise: no program gains privileges" },
	{ "label", 0, "labels", LIST, AT(labels), "KEY=VALUE of this engine" },
	{ "fixed-cidr", 0, "fixed-cidr", TEXT, AT(fixed_cidr),
	  "the default bridge's containers have their IPv4 addresses from here" },
	{ "fixed-cidr-v6", 0, "fixed-cidr-v6", TEXT, AT(fixed_cidr_v6),
	  "the default bridge's IPv6 network" },
	{ "ipv6", 0, "ipv6", BOOLEAN, AT(ipv6), "IPv6 on the default bridge" },
	{ "icc", 0, "icc", BOOLEAN, AT(icc), "its containers reach each other (true)" },
	{ "ip-masq", 0, "ip-masq", BOOLEAN, AT(ip_masq), "they appear outside with this machine's address (true)" },
	{ "host-gateway-ip", 0, "host-gateway-ip", TEXT, AT(host_gateway),
	  "what host-gateway means in --add-host (the bridge's address)" },
	{ "ip", 0, "ip", TEXT, AT(publish_on), "where it publishes ports that name no address" },
	{ "mtu", 0, "mtu", NUMBER, AT(mtu), "its MTU" },
	{ "bip", 0, "bip", TEXT, AT(bip),
	  "address and prefix of the default bridge, 172.17.0.1/16" },
	{ "bridge", 'b', "bridge", TEXT, AT(bridge), "name of the default bridge's interface" },
	{ "group", 'G', "group", TEXT, AT(group), "group that owns the unix socket" },
	{ "log-driver", 0, "log-driver", TEXT, AT(log_driver), "log driver of containers that name none" },
	{ "log-opt", 0, "log-opts", PAIRS, AT(log_opts), "its options, key=value" },
	{ "log-level", 'l', "log-level", TEXT, AT(log_level), "debug, info, warn or error" },
	{ "log-format", 0, "log-format", TEXT, AT(log_format), "text or json" },
	{ "debug", 'D', "debug", BOOLEAN, AT(debug), "the same as --log-level debug" },
	{ "tls", 0, "tls", BOOLEAN, AT(tls), "TLS on tcp:// sockets" },
	{ "tlsverify", 0, "tlsverify", BOOLEAN, AT(tlsverify),
	  "TLS, and clients must have a certificate" },
	{ "tlscert", 0, "tlscert", TEXT, AT(tlscert), "certificate, PEM" },
	{ "tlskey", 0, "tlskey", TEXT, AT(tlskey), "its key, PEM" },
	{ "tlscacert", 0, "tlscacert", TEXT, AT(tlscacert),
	  "authority that signed the clients' certificates" },
	{ "add-runtime", 0, "runtimes", OBJECT, AT(runtimes),
	  "NAME=PATH: an OCI runtime that containers may ask for", dockerd_runtimes_add,
	  dockerd_runtimes_take },
	{ "default-runtime", 0, "default-runtime", TEXT, AT(default_runtime),
	  "the runtime of containers that ask for none (" STOCK_RUNTIME ")" },
	{ "config-file", 0, NULL, TEXT, AT(config_file), "daemon.json (" DEFAULT_CONFIG_FILE ")" },
	{ "validate", 0, NULL, BOOLEAN, AT(validate), "check the configuration and leave" },
	{ "version", 'v', NULL, BOOLEAN, AT(version), "print the version and leave" },
	{ "help", 'h', NULL, BOOLEAN, AT(help), "print this and leave" },
};
enum { N_SETTINGS = sizeof settings / sizeof *settings };

static void *slot(struct config *c, const struct setting *s)
{
	return (char *)c + s->offset;
}

void dockerd_config_usage(void)
{
	puts("Usage: dockerd [OPTIONS]\n\nA daemon that speaks the Docker Engine API.\n\nOptions:");
	for (const struct setting *s = settings; s < settings + N_SETTINGS; s++) {
		AUTO_FREE char *flag = xasprintf("%s%s", s->flag, s->type == BOOLEAN ? "" :
						 s->type == TEXT ? " string" :
						 s->type == NUMBER ? " int" : " list");

		if (s->letter)
			printf("  -%c, --%-26s %s\n", s->letter, flag, s->help);
		else
			printf("      --%-26s %s\n", flag, s->help);
	}
}

static int set_boolean(bool *to, const char *flag, const char *value, struct err *err)
{
	if (!strcmp(value, "true") || !strcmp(value, "1"))
		*to = true;
	else if (!strcmp(value, "false") || !strcmp(value, "0"))
		*to = false;
	else
		return err_set(err, ERR_INVALID, "--%s: '%s' is neither true nor false", flag,
			       value);
	return 0;
}

static int set_number(json_int_t *to, const char *flag, const char *value, struct err *err)
{
	char *end;

	*to = strtoll(value, &end, 10);
	return end == value || *end ? err_set(err, ERR_INVALID, "--%s: '%s' is no number", flag, value) : 0;
}

static void set_text(char **to, const char *value)
{
	free(*to);
	*to = xstrdup(value);
}

/* "--flag", "--flag=v", "-H": find the setting; *value is what follows '='. */
static const struct setting *find_flag(const char *arg, const char **value)
{
	const char *eq = strchr(arg, '=');
	size_t n = eq ? (size_t)(eq - arg) : strlen(arg);

	*value = eq ? eq + 1 : NULL;
	for (const struct setting *s = settings; s < settings + N_SETTINGS; s++) {
		if (s->letter && n == 2 && arg[0] == '-' && arg[1] == s->letter)
			return s;
		if (n == strlen(s->flag) + 2 && str_starts(arg, "--") &&
		    !strncmp(arg + 2, s->flag, n - 2))
			return s;
	}
	return NULL;
}

static int set(struct config *c, const struct setting *s, const char *value, struct err *err)
{
	switch (s->type) {
	case BOOLEAN:
		return set_boolean(slot(c, s), s->flag, value, err);
	case NUMBER:
		return set_number(slot(c, s), s->flag, value, err);
	case OBJECT:
		return s->add(slot(c, s), value, err);
	case LIST: case PAIRS:
		strlist_add(slot(c, s), value);
		return 0;
	default:
		set_text(slot(c, s), value);
		return 0;
	}
}

/* given[i]: settings[i] was on the command line. */
static int parse_flags(struct config *c, int argc, char **argv, bool *given, struct err *err)
{
	for (int i = 1; i < argc; i++) {
		const char *value;
		const struct setting *s = find_flag(argv[i], &value);
		const struct fixed_setting *fixed = s ? NULL : dockerd_fixed_flag(argv[i]);

		if (!s && !fixed && argv[i][0] == '-')
			return err_set(err, ERR_INVALID, "unknown flag: %s", argv[i]);
		if (!s && !fixed)
			return err_set(err, ERR_INVALID, "dockerd takes no arguments, but got '%s'",
				       argv[i]);
		if (!value && (s ? s->type == BOOLEAN : fixed->boolean))
			value = "true";
		else if (!value && ++i < argc)
			value = argv[i];
		if (!value)
			return err_set(err, ERR_INVALID, "flag needs an argument: --%s",
				       s ? s->flag : fixed->flag);
		if (s)
			given[s - settings] = true;
		if (s ? set(c, s, value, err) : dockerd_fixed_check(fixed, value, err))
			return -1;
	}
	return 0;
}

static int take_list(struct strlist *to, const json_t *from, const char *key, struct err *err)
{
	json_t *item;
	size_t i;

	json_array_foreach(from, i, item) {
		const char *base = jsonx_str(item, "base", NULL);

		if (base && !strcmp(key, "default-address-pools")) {
			strlist_addf(to, "base=%s,size=%d", base, (int)jsonx_int(item, "size", 0));
			continue;
		}
		if (!json_is_string(item))
			return err_set(err, ERR_INVALID, "%s: expected strings", key);
		strlist_add(to, json_string_value(item));
	}
	return 0;
}

static int take_pairs(struct strlist *to, json_t *from, const char *key, struct err *err)
{
	const char *name;
	json_t *v;

	json_object_foreach(from, name, v) {
		if (!json_is_string(v))
			return err_set(err, ERR_INVALID, "%s.%s: expected a string", key, name);
		strlist_addf(to, "%s=%s", name, json_string_value(v));
	}
	return 0;
}

/* Docker's, and nothing here. */
static int refuse_key(const char *key, struct err *err)
{
	const char *why = dockerd_unsupported_why(key);

	if (why)
		return err_set(err, ERR_UNSUPPORTED, "%s is not supported by this daemon: %s", key, why);
	return err_set(err, ERR_INVALID, "the following directives don't match any configuration option: %s",
		       key);
}

static int take_key(struct config *c, const json_t *doc, const char *key, const bool *given,
		    struct err *err)
{
	static const json_type types[] = {
		[TEXT] = JSON_STRING, [LIST] = JSON_ARRAY, [PAIRS] = JSON_OBJECT, [BOOLEAN] = JSON_TRUE,
		[NUMBER] = JSON_INTEGER, [OBJECT] = JSON_OBJECT
	};
	const struct fixed_setting *fixed = dockerd_fixed_key(key);
	const struct setting *s = settings;
	json_t *v;

	if (fixed)
		return dockerd_fixed_check_json(fixed, json_object_get(doc, key), err);
	while (s < settings + N_SETTINGS && (!s->key || strcmp(s->key, key)))
		s++;
	if (s == settings + N_SETTINGS)
		return refuse_key(key, err);
	if (given[s - settings])
		return err_set(err, ERR_CONFLICT,
			       "the following directives are specified both as a flag "
			       "and in the configuration file: %s",
			       key);
	if (jsonx_want(doc, "", key, types[s->type], &v, err))
		return -1;
	if (!v)
		return 0;
	if (s->type == LIST)
		return take_list(slot(c, s), v, key, err);
	if (s->type == PAIRS)
		return take_pairs(slot(c, s), v, key, err);
	if (s->type == OBJECT)
		return s->take(slot(c, s), v, err);
	if (s->type == BOOLEAN)
		*(bool *)slot(c, s) = json_is_true(v);
	else if (s->type == NUMBER)
		*(json_int_t *)slot(c, s) = json_integer_value(v);
	else
		set_text(slot(c, s), json_string_value(v));
	return 0;
}

static int read_file(struct config *c, const bool *given, struct err *err)
{
	const char *path = c->config_file ? c->config_file : DEFAULT_CONFIG_FILE;
	AUTO_JSON json_t *doc = NULL;
	const char *key;
	json_t *v;

	if (!c->config_file && access(path, F_OK))
		return 0; /* the default one need not be there */
	doc = jsonx_read(AT_FDCWD, path, 1 << 20, err);
	if (!doc)
		return -1;
	if (!json_is_object(doc))
		return err_set(err, ERR_INVALID, "%s: expected an object", path);
	json_object_foreach(doc, key, v)
		if (take_key(c, doc, key, given, err))
			return err_wrap(err, "unable to configure the Docker daemon with file %s",
					path);
	return 0;
}

int dockerd_config_log(const struct config *cfg, struct err *err)
{
	static const struct {
		const char *name;
		enum log_level level;
	} levels[] = { { "debug", LOG_DEBUG },
		       { "info", LOG_INFO },
		       { "warn", LOG_WARN },
		       { "error", LOG_ERROR },
		       { "fatal", LOG_ERROR } };

	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
		if (strcmp(levels[i].name, cfg->log_level))
			continue;
		log_setup("dockerd", STDERR_FILENO, levels[i].level,
			  strcmp(cfg->log_format, "json") ? LOG_TEXT : LOG_JSON);
		return 0;
	}
	return err_set(err, ERR_INVALID, "invalid logging level: %s (debug, info, warn, error)",
		       cfg->log_level);
}

static void fill_defaults(struct config *c)
{
	if (!c->data_root)
		c->data_root = xstrdup("/var/lib/dockyard/docker");
	if (!c->exec_root)
		c->exec_root = xstrdup("/run/dockyard/docker");
	if (!c->hosts.n)
		strlist_add(&c->hosts, "unix:///var/run/docker.sock");
	if (!c->containerd)
		c->containerd = xstrdup("/run/containerd/containerd.sock");
	if (!c->pidfile)
		c->pidfile = xstrdup("/run/dockyard/dockerd.pid");
	if (!c->log_level)
		c->log_level = xstrdup("info");
	if (!c->log_format)
		c->log_format = xstrdup("text");
	if (!c->namespace_)
		c->namespace_ = xstrdup(CONTAINERD_NAMESPACE);
	if (!c->log_driver)
		c->log_driver = xstrdup("json-file");
	if (!c->default_runtime)
		c->default_runtime = xstrdup(STOCK_RUNTIME);
	if (c->debug)
		set_text(&c->log_level, "debug");
	c->tls |= c->tlsverify;
}

static int check(const struct config *c, struct err *err)
{
	struct kern_addr host;

	if (c->data_root[0] != '/' || c->exec_root[0] != '/')
		return err_set(err, ERR_INVALID,
			       "--data-root and --exec-root must be absolute paths");
	if (strcmp(c->log_format, "text") && strcmp(c->log_format, "json"))
		return err_set(err, ERR_INVALID, "invalid log format: %s (text, json)", c->log_format);
	if (!dockerd_name_valid(c->namespace_))
		return err_set(err, ERR_INVALID, "invalid containerd namespace: %s", c->namespace_);
	if (c->init_path && c->init_path[0] != '/')
		return err_set(err, ERR_INVALID, "--init-path: %s is not an absolute path", c->init_path);
	if (c->host_gateway && !dockerd_addr_parse(c->host_gateway, &host))
		return err_set(err, ERR_INVALID, "--host-gateway-ip: %s is no IP address", c->host_gateway);
	for (size_t i = 0; i < c->hosts.n; i++)
		if (!str_starts(c->hosts.v[i], "unix://") &&
		    !str_starts(c->hosts.v[i], "tcp://") && strcmp(c->hosts.v[i], "fd://"))
			return err_set(err, ERR_INVALID, "Invalid bind address format: %s "
				       "(unix:///path, tcp://host:port or fd://)", c->hosts.v[i]);
	if (dockerd_runtimes_check(c->runtimes, c->default_runtime, err))
		return -1;
	if (c->tlsverify && !c->tlscacert)
		return err_set(err, ERR_INVALID, "--tlsverify needs --tlscacert");
	if (!c->tlsverify && c->tlscacert)
		return err_set(err, ERR_INVALID, "--tlscacert has no effect without --tlsverify");
	if (c->tls && (!c->tlscert || !c->tlskey))
		return err_set(err, ERR_INVALID, "--tls needs --tlscert and --tlskey");
	if (!c->tls && (c->tlscert || c->tlskey))
		return err_set(err, ERR_INVALID,
			       "--tlscert and --tlskey have no effect without --tls");
	return dockerd_log_check_defaults(c, err) || dockerd_defaults_check(c, err) ? -1 : 0;
}

int dockerd_config_load(struct config *c, int argc, char **argv, struct err *err)
{
	bool given[N_SETTINGS] = { false };

	c->icc = c->ip_masq = true;
	if (parse_flags(c, argc, argv, given, err))
		return -1;
	if (c->version || c->help)
		return 0;
	if (read_file(c, given, err))
		return -1;
	fill_defaults(c);
	return check(c, err);
}

void dockerd_config_free(struct config *c)
{
	for (const struct setting *s = settings; s < settings + N_SETTINGS; s++) {
		if (s->type == TEXT)
			free(*(char **)slot(c, s));
		else if (s->type == LIST || s->type == PAIRS)
			strlist_free(slot(c, s));
		else if (s->type == OBJECT)
			json_decref(*(json_t **)slot(c, s));
	}
}
