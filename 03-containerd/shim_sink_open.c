/*
 * shim_sink_open.c - connecting to a syslog server or to the journal; see shim_sink.h.
 *
 * Addresses are numbers here: a static program has no resolver that knows the host's configuration,
 * so dockerd asks it.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "shim_sink.h"

#define DIAL_MS 10000
#define JOURNAL_SOCKET "/run/systemd/journal/socket"

int shim_sink_connect(const struct shim_sink *s, bool *done)
{
	int fd = socket(s->to.ss_family, s->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), saved;

	*done = false;
	if (fd < 0)
		return -1;
	if (!connect(fd, (const struct sockaddr *)&s->to, s->to_size))
		*done = true;
	if (*done || errno == EINPROGRESS)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int shim_sink_outcome(int fd)
{
	socklen_t n = sizeof(int);
	int errnum = 0;

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &errnum, &n) ? errno : errnum;
}

/* 0, or an errno. */
static int await_connection(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, DIAL_MS) == 1 ? shim_sink_outcome(fd) : ETIMEDOUT;
}

static int dial(struct shim_sink *s)
{
	bool done;
	int fd = shim_sink_connect(s, &done), errnum = fd < 0 ? errno : 0;

	if (fd >= 0 && !done)
		errnum = await_connection(fd);
	if (!errnum) {
		s->watch.fd = fd;
		return 0;
	}
	if (fd >= 0)
		close(fd);
	errno = errnum;
	return -1;
}

static int set_unix(struct shim_sink *s, int type, const char *path, struct err *err)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&s->to;

	if (strlen(path) >= sizeof un->sun_path)
		return err_set(err, ERR_INVALID, "the socket's name %s is too long", path);
	un->sun_family = AF_UNIX;
	strcpy(un->sun_path, path);
	s->to_size = sizeof *un;
	s->type = type;
	return 0;
}

/* "10.0.0.1:514", "[::1]:514" */
static int set_inet(struct shim_sink *s, int type, const char *address, struct err *err)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&s->to;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&s->to;
	const char *colon = strrchr(address, ':');
	bool brackets = *address == '[' && colon && colon > address && colon[-1] == ']';
	AUTO_FREE char *host = colon ? xstrndup(address + brackets,
						(size_t)(colon - address) - 2 * brackets) : NULL;
	in_port_t port = htons((uint16_t)(colon ? atoi(colon + 1) : 0));

	s->type = type;
	if (host && inet_pton(AF_INET, host, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = port;
		s->to_size = sizeof *in;
	} else if (host && inet_pton(AF_INET6, host, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = port;
		s->to_size = sizeof *in6;
	} else {
		return err_set(err, ERR_INVALID, "%s is no address and port", address);
	}
	return 0;
}

/* Go's words, errno in small letters: people look for them. */
static int dial_failed(const char *network, const char *address, struct err *err)
{
	AUTO_FREE char *why = xstrdup(strerror(errno));

	*why = (char)tolower((unsigned char)*why);
	return err_set(err, err_kind_of_errno(errno), "dial %s %s: connect: %s", network, address, why);
}

static int dial_address(struct shim_sink *s, const char *network, const char *address,
			struct err *err)
{
	int type = !strcmp(network, "udp") || !strcmp(network, "unixgram") ? SOCK_DGRAM : SOCK_STREAM;
	int rc = str_starts(network, "unix") ? set_unix(s, type, address, err)
					     : set_inet(s, type, address, err);

	s->name = xasprintf("%s %s", network, address);
	return rc ? -1 : dial(s) ? dial_failed(network, address, err) : 0;
}

/* Where no address is given: whatever the machine's own syslog listens on. */
static int dial_local(struct shim_sink *s, struct err *err)
{
	static const char *const paths[] = { "/dev/log", "/var/run/syslog", "/var/run/log", NULL };
	static const int types[] = { SOCK_DGRAM, SOCK_STREAM };

	for (size_t t = 0; t < sizeof types / sizeof *types; t++)
		for (size_t i = 0; paths[i]; i++) {
			if (set_unix(s, types[t], paths[i], err) || dial(s))
				continue;
			s->name = xasprintf("%s %s", types[t] == SOCK_DGRAM ? "unixgram" : "unix", paths[i]);
			return 0;
		}
	return err_set(err, ERR_UNAVAILABLE, "Unix syslog delivery error");
}

static int dial_journal(struct shim_sink *s, struct err *err)
{
	if (dial_address(s, "unixgram", jsonx_str(s->options, "socket", JOURNAL_SOCKET), err))
		return err_set(err, ERR_UNAVAILABLE, "journald is not enabled on this host");
	return 0;
}

static int dial_syslog(struct shim_sink *s, struct err *err)
{
	const char *network = jsonx_str(s->options, "network", "");

	return *network ? dial_address(s, network, jsonx_str(s->options, "address", ""), err)
			: dial_local(s, err);
}

int shim_sink_dial(struct shim_sink *s, struct err *err)
{
	int rc = s->format == shim_journald_format ? dial_journal(s, err) : dial_syslog(s, err);

	return rc ? err_wrap(err, "failed to initialize logging driver") : 0;
}
