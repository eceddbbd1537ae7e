/*
 * config_fixed.c - see config_fixed.h.
 */
#include "config_fixed.h"

#include <string.h>

#include "01-kernel/base/strbuf.h"

static const struct fixed_setting settings[] = {
	{ "live-restore", "live-restore", "true", true },     /* containers outlive any daemon */
	{ "userland-proxy", "userland-proxy", "true", true }, /* a thread of the daemon (proxy.h) */
	{ "iptables", "iptables", "true", true },             /* by nftables */
	{ "ip6tables", "ip6tables", "true", true },
	{ "ip-forward", "ip-forward", "true", true },
	{ "experimental", "experimental", "false", true },
	{ "selinux-enabled", "selinux-enabled", "false", true },
	{ "raw-logs", "raw-logs", "false", true },
	{ "allow-direct-routing", "allow-direct-routing", "false", true },
	{ "log-format", "log-format", "text", false },
	{ "firewall-backend", "firewall-backend", "nftables", false },
	{ "storage-driver", "storage-driver", "overlay2", false }, /* containerd's overlayfs */
	{ "exec-opt", "exec-opts", "native.cgroupdriver=cgroupfs", false },
	{ "seccomp-profile", "seccomp-profile", "builtin", false },
	{ NULL },
};

const struct fixed_setting *dockerd_fixed_flag(const char *arg)
{
	size_t n = strcspn(arg, "=");

	for (const struct fixed_setting *s = settings; s->flag; s++)
		if (n == strlen(s->flag) + 2 && str_starts(arg, "--") && !strncmp(arg + 2, s->flag, n - 2))
			return s;
	return NULL;
}

const struct fixed_setting *dockerd_fixed_key(const char *key)
{
	for (const struct fixed_setting *s = settings; s->flag; s++)
		if (!strcmp(s->key, key))
			return s;
	return NULL;
}

int dockerd_fixed_check(const struct fixed_setting *s, const char *value, struct err *err)
{
	if (!strcmp(value, s->value))
		return 0;
	return err_set(err, ERR_UNSUPPORTED, "%s: %s is not supported by this daemon, only %s", s->key,
		       value, s->value);
}

int dockerd_fixed_check_json(const struct fixed_setting *s, const json_t *value, struct err *err)
{
	json_t *v;
	size_t i;

	if (s->boolean && json_is_boolean(value))
		return dockerd_fixed_check(s, json_is_true(value) ? "true" : "false", err);
	if (!s->boolean && json_is_string(value))
		return dockerd_fixed_check(s, json_string_value(value), err);
	if (s->boolean || !json_is_array(value))
		return err_set(err, ERR_INVALID, "%s: expected %s", s->key,
			       s->boolean ? "true or false" : "a string");
	json_array_foreach((json_t *)value, i, v)
		if (dockerd_fixed_check_json(s, v, err))
			return -1;
	return 0;
}
