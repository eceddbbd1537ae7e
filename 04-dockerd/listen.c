/*
 * listen.c - see listen.h.
 *
 * fd:// is what a service manager calls for that listens itself and starts the daemon when
 * somebody comes: LISTEN_FDS sockets from descriptor 3 on, for the process LISTEN_PID
 * (sd_listen_fds(3)).
 */
#include "listen.h"

#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/log.h"

#define FIRST_ACTIVATED 3
#define MOST_ACTIVATED 64

/* Members of the group may use the daemon, which is root's power: as Docker's does. */
static int set_group(const char *path, const char *name, struct err *err)
{
	const struct group *g = getgrnam(name ? name : "docker");

	if (!g && name)
		return err_set(err, ERR_NOT_FOUND, "--group %s: there is no such group", name);
	if (g && chown(path, 0, g->gr_gid))
		return err_sys(err, "chown %s", path);
	return 0;
}

static void add(struct listeners *l, struct http_server *s)
{
	l->v = xrealloc(l->v, (l->n + 1) * sizeof(*l->v));
	l->v[l->n++] = s;
}

static struct http_options without_tls(const struct http_options *o)
{
	struct http_options plain = *o;

	plain.tls_cert_pem = plain.tls_key_pem = plain.tls_ca_pem = NULL;
	return plain;
}

static void warn_of_plain(const struct config *cfg, const char *host)
{
	if (!cfg->tls)
		log_warn("API is accessible on %s without encryption. Access to the remote API is "
			 "equivalent to root access on the host.",
			 host);
	else if (!cfg->tlsverify)
		log_warn("API is accessible on %s without client verification. Access to the "
			 "remote API is equivalent to root access on the host.",
			 host);
}

/* --- sockets that are there ---------------------------------------------------------------- */

static int activated(void)
{
	const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
	int count = n ? atoi(n) : 0;

	if (!pid || atol(pid) != (long)getpid() || count < 0 || count > MOST_ACTIVATED)
		return 0;
	return count;
}

static bool is_tcp(int fd)
{
	int domain = AF_UNSPEC;
	socklen_t len = sizeof domain;

	return !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) && domain != AF_UNIX;
}

static int serve_activated(struct listeners *l, const struct config *cfg,
			   const struct http_options *o, struct err *err)
{
	const struct http_options plain = without_tls(o);
	int count = activated();

	if (!count)
		return err_set(err, ERR_INVALID, "no sockets found via socket activation: make "
						 "sure the service was started by systemd");
	for (int fd = FIRST_ACTIVATED; fd < FIRST_ACTIVATED + count; fd++) {
		struct http_server *s;
		bool tcp = is_tcp(fd);

		if (fcntl(fd, F_SETFD, FD_CLOEXEC))
			return err_sys(err, "fd://: socket %d of systemd's", fd);
		if (tcp)
			warn_of_plain(cfg, "a TCP socket of fd://");
		s = http_serve_fd(fd, tcp ? o : &plain, err);
		if (!s)
			return -1;
		add(l, s);
	}
	unsetenv("LISTEN_FDS"); /* they are not our children's */
	unsetenv("LISTEN_PID");
	return 0;
}

/* --- sockets of our own ----------------------------------------------------------------------- */

static int serve_unix(struct listeners *l, const char *path, const struct config *cfg,
		      const struct http_options *o, struct err *err)
{
	const struct http_options plain = without_tls(o);
	struct http_server *s = http_serve_unix(path, 0660, &plain, err);

	if (!s)
		return -1;
	add(l, s);
	return set_group(path, cfg->group, err);
}

static int serve_tcp(struct listeners *l, const char *host, const struct config *cfg,
		     const struct http_options *o, struct err *err)
{
	struct http_server *s;

	warn_of_plain(cfg, host);
	s = http_serve_tcp(host + strlen("tcp://"), o, err);
	if (!s)
		return -1;
	add(l, s);
	return 0;
}

/* --- all of them --------------------------------------------------------------------------------- */

static int read_pem(const char *path, char **text, struct err *err)
{
	struct strbuf sb = STRBUF_INIT;

	if (file_read(AT_FDCWD, path, &sb, 1 << 20, err))
		return -1;
	*text = strbuf_steal(&sb);
	return 0;
}

static int read_tls(struct listeners *l, const struct config *cfg, struct http_options *o,
		    struct err *err)
{
	if (!cfg->tls)
		return 0;
	if (read_pem(cfg->tlscert, &l->cert, err) || read_pem(cfg->tlskey, &l->key, err) ||
	    (cfg->tlsverify && read_pem(cfg->tlscacert, &l->ca, err)))
		return -1;
	o->tls_cert_pem = l->cert;
	o->tls_key_pem = l->key;
	o->tls_ca_pem = l->ca;
	return 0;
}

int dockerd_listen(struct listeners *l, const struct config *cfg, struct http_options *o,
		   struct err *err)
{
	if (read_tls(l, cfg, o, err))
		return -1;
	for (size_t i = 0; i < cfg->hosts.n; i++) {
		const char *host = cfg->hosts.v[i];
		int rc = str_starts(host, "fd://")    ? serve_activated(l, cfg, o, err)
			 : str_starts(host, "tcp://") ? serve_tcp(l, host, cfg, o, err)
						      : serve_unix(l, host + strlen("unix://"), cfg,
								   o, err);

		if (rc)
			return -1;
		log_info("API listen on %s", host);
	}
	return 0;
}

void dockerd_listeners_close(struct listeners *l)
{
	while (l->n)
		http_server_stop(l->v[--l->n]);
	free(l->v);
	free(l->cert);
	free(l->key);
	free(l->ca);
}
