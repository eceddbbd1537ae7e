/*
 * endpoint_options.c - DriverOpts of one container's place on one network: what its interface is
 * called, and sysctls of that interface (network.h).
 *
 *     com.docker.network.endpoint.ifname     lan0
 *     com.docker.network.endpoint.sysctls    net.ipv4.conf.IFNAME.log_martians=1,…
 *
 * An option that this daemon does not know is refused, as those of networks are.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/file.h"
#include "network.h"

#define PREFIX "com.docker.network.endpoint."
#define INTERFACE "IFNAME"

/* --- sysctls --------------------------------------------------------------------------------- */

static size_t word(const char *text)
{
	return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
}

/* "net.X.Y.IFNAME.Z=V": nothing in it that could lead to another file than /proc/sys/net/X/Y/.../Z. */
static bool is_sysctl(const char *text)
{
	static const char *const families[] = { "net.ipv4.", "net.ipv6.", "net.mpls.", NULL };
	const char *p = NULL;

	for (size_t i = 0; families[i] && !p; i++)
		if (str_starts(text, families[i]))
			p = text + strlen(families[i]);
	if (!p || !word(p))
		return false;
	p += word(p);
	if (!str_starts(p, "." INTERFACE ".") && !str_starts(p, ".ifname."))
		return false;
	p += strlen("." INTERFACE ".");
	return word(p) && p[word(p)] == '=' && p[word(p) + 1];
}

static int take_sysctls(struct strlist *out, const char *value, struct err *err)
{
	AUTO_FREE char *copy = xstrdup(value);
	char *save = NULL;

	for (char *s = strtok_r(copy, ",", &save); s; s = strtok_r(NULL, ",", &save)) {
		if (!is_sysctl(s))
			return err_set(err, ERR_INVALID,
				       "unrecognised network interface sysctl '%s'; represent "
				       "'net.X.Y.ethN.Z=V' as 'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', "
				       "'ipv6' or 'mpls'", s);
		strlist_add(out, s);
	}
	return 0;
}

static int set_one(const char *sysctl, const char *interface, struct err *err)
{
	AUTO_FREE char *copy = xstrdup(sysctl), *path = NULL;
	char *value = strchr(copy, '='), *family = copy + strlen("net."), *group, *name;

	*value++ = '\0';
	name = strrchr(copy, '.');
	*name++ = '\0';
	*strrchr(copy, '.') = '\0'; /* the word that stands for the interface */
	group = strrchr(copy, '.');
	*group++ = '\0';
	path = xasprintf("/proc/sys/net/%s/%s/%s/%s", family, group, interface, name);
	return file_write_once(AT_FDCWD, path, value, err);
}

int dockerd_endpoint_set_sysctls(const struct endpoint *ep, struct err *err)
{
	for (size_t i = 0; i < ep->sysctls.n; i++)
		if (set_one(ep->sysctls.v[i], ep->name, err))
			return err_wrap(err, "sysctl %s", ep->sysctls.v[i]);
	return 0;
}

/* --- all of them ------------------------------------------------------------------------------ */

static int check_name(const char *name, struct err *err)
{
	if (!*name || strlen(name) >= IFNAMSIZ || strpbrk(name, "/: \t\n%") ||
	    !strcmp(name, ".") || !strcmp(name, "..") || !strcmp(name, "lo"))
		return err_set(err, ERR_INVALID, "%sifname: '%s' cannot be the name of an interface",
			       PREFIX, name);
	return 0;
}

static int take_one(struct endpoint *ep, const char *key, const char *value, struct err *err)
{
	if (!strcmp(key, PREFIX "sysctls"))
		return take_sysctls(&ep->sysctls, value, err);
	if (strcmp(key, PREFIX "ifname"))
		return err_set(err, ERR_UNSUPPORTED,
			       "DriverOpts: %s is not supported by this daemon", key);
	if (check_name(value, err))
		return -1;
	strcpy(ep->name, value);
	return 0;
}

int dockerd_endpoint_take_options(struct endpoint *ep, const json_t *settings, struct err *err)
{
	const char *key;
	json_t *v;

	json_object_foreach(json_object_get(settings, "DriverOpts"), key, v) {
		if (!json_is_string(v))
			return err_set(err, ERR_INVALID, "DriverOpts.%s: expected a string", key);
		if (take_one(ep, key, json_string_value(v), err))
			return -1;
	}
	return 0;
}

int dockerd_endpoint_check_options(const json_t *settings, struct err *err)
{
	struct endpoint trial = { 0 };
	int rc = dockerd_endpoint_take_options(&trial, settings, err);

	strlist_free(&trial.sysctls);
	return rc;
}
