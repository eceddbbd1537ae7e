/*
 * log_syslog.c - where syslog's messages go: facility and address (log_config.h).
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/strbuf.h"
#include "log_config.h"
#include "resolve.h"

#define DEFAULT_PORT "514"
#define DAEMON 3

/* By number, 0 to 23, or by name (RFC 5424, 6.2.1; syslog(3)). */
int dockerd_syslog_facility(const char *name)
{
	static const char *const names[] = {
		"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron",
		"authpriv", "ftp", "", "", "", "", "local0", "local1", "local2", "local3", "local4",
		"local5", "local6", "local7",
	};
	int n_names = sizeof names / sizeof *names;
	char *end;
	long n;

	if (!name || !*name)
		return DAEMON;
	for (int i = 0; i < n_names; i++)
		if (!strcmp(names[i], name))
			return i;
	n = strtol(name, &end, 10);
	return *end || n < 0 || n >= n_names ? -1 : (int)n;
}

/* "host", "host:port", "[::1]:port": with a port. New; NULL: it is none. */
static char *with_port(const char *host)
{
	const char *end = *host == '[' ? strchr(host, ']') : NULL;
	const char *colon = strchr(end ? end : host, ':');
	char *rest;

	if (!*host || (*host == '[' && !end) || (colon && strchr(colon + 1, ':')))
		return NULL;
	if (!colon)
		return end && end[1] ? NULL : xasprintf("%s:%s", host, DEFAULT_PORT);
	if (colon == host || (end && colon != end + 1))
		return NULL;
	return strtol(colon + 1, &rest, 10) > 0 && !*rest && atol(colon + 1) < 65536 ? xstrdup(host) : NULL;
}

int dockerd_syslog_address(const char *url, char **network, char **address, struct err *err)
{
	const char *rest = url ? strstr(url, "://") : NULL;
	AUTO_FREE char *scheme = rest ? xstrndup(url, (size_t)(rest - url)) : NULL;
	AUTO_FREE char *host = NULL;

	*network = *address = NULL;
	if (!url || !*url)
		return 0;
	if (!scheme)
		return err_set(err, ERR_INVALID, "unsupported scheme: '%s'", "");
	rest += strlen("://");
	if (!strcmp(scheme, "tcp+tls"))
		return err_set(err, ERR_UNSUPPORTED, "syslog-address: TLS to a syslog server (tcp+tls) is "
			       "not supported by this daemon");
	if (!strcmp(scheme, "unix") || !strcmp(scheme, "unixgram")) {
		if (access(rest, F_OK))
			return err_set(err, ERR_INVALID, "stat %s: no such file or directory", rest);
		*network = steal_ptr(&scheme);
		*address = xstrdup(rest);
		return 0;
	}
	if (strcmp(scheme, "udp") && strcmp(scheme, "tcp"))
		return err_set(err, ERR_INVALID, "unsupported scheme: '%s'", scheme);
	host = xstrndup(rest, strcspn(rest, "/"));
	*address = with_port(host);
	if (!*address)
		return err_set(err, ERR_INVALID, "syslog-address: %s is no host and port", host);
	*network = steal_ptr(&scheme);
	return 0;
}

int dockerd_syslog_resolve(const char *url, char **network, char **address, struct err *err)
{
	AUTO_FREE char *host = NULL, *numbers = NULL;
	char *port;

	if (dockerd_syslog_address(url, network, address, err))
		return -1;
	if (!*network || str_starts(*network, "unix"))
		return 0;
	port = strrchr(*address, ':');
	host = xstrndup(*address + (**address == '['), (size_t)(port - *address) - 2 * (**address == '['));
	numbers = dockerd_resolve(host, err);
	if (!numbers)
		return err_wrap(err, "dial %s", *network);
	port = xasprintf(strchr(numbers, ':') ? "[%s]%s" : "%s%s", numbers, port);
	free(*address);
	*address = port;
	return 0;
}
