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
	{ "firewall-backend", "firewall-backend", "nftables", false },
	{ "storage-driver", "storage-driver", "overlay2", false }, /* containerd's overlayfs */
	{ "exec-opt", "exec-opts", "native.cgroupdriver=cgroupfs", false },
	{ "seccomp-profile", "seccomp-profile", "builtin", false },
	{ NULL },
};

static const struct {
	const char *key, *why;
} unsupported[] = {
	{ "authorization-plugins", "there are no plugins" },
	{ "bip6", "fixed-cidr-v6 gives the bridge's IPv6 network" },
	{ "builder", "the build cache is pruned when somebody asks for it" },
	{ "cdi-spec-dirs", "devices are not described by CDI" },
	{ "containerd-plugins-namespace", "there are no plugins" },
	{ "cpu-rt-period", "real-time processor time is given to single containers" },
	{ "cpu-rt-runtime", "real-time processor time is given to single containers" },
	{ "default-gateway", "the default bridge is the gateway of its containers" },
	{ "default-gateway-v6", "the default bridge is the gateway of its containers" },
	{ "features", "nothing is switched on or off by name" },
	{ "host-gateway-ips", "host-gateway-ip takes the one address" },
	{ "http-proxy", "containerd speaks to registries, and takes its proxy from its environment" },
	{ "https-proxy", "containerd speaks to registries, and takes its proxy from its environment" },
	{ "ip-forward-no-drop", "forwarding is decided by this daemon's own nftables table alone" },
	{ "max-concurrent-downloads", "containerd decides how it pulls" },
	{ "max-concurrent-uploads", "containerd decides how it pushes" },
	{ "max-download-attempts", "containerd decides how it pulls" },
	{ "metrics-addr", "it has no metrics but those of stats" },
	{ "network-control-plane-mtu", "there is no swarm" },
	{ "no-proxy", "containerd speaks to registries, and takes its proxy from its environment" },
	{ "node-generic-resources", "there is no swarm" },
	{ "proxies", "containerd speaks to registries, and takes its proxy from its environment" },
	{ "shutdown-timeout", "containers go on running when the daemon stops" },
	{ "storage-opts", "containerd stores the layers" },
	{ "swarm-default-advertise-addr", "there is no swarm" },
	{ "userland-proxy-path", "the proxy is a thread of the daemon" },
	{ "userns-remap", "containers are in the host's user namespace" },
};

const char *dockerd_unsupported_why(const char *key)
{
	for (size_t i = 0; i < sizeof unsupported / sizeof *unsupported; i++)
		if (!strcmp(unsupported[i].key, key))
			return unsupported[i].why;
	return NULL;
}

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
