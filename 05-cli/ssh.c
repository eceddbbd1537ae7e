/*
 * ssh.c - see ssh.h.
 */
#include "ssh.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SSH_PORT_MAX 65535

/* ---- the command --------------------------------------------------------- */

/* What begins with "-" would be taken for an option. */
static int bad(const char *url, const char *why, struct err *err)
{
	return err_set(err, ERR_INVALID, "unable to resolve docker endpoint: invalid SSH URL: %s: %s", why, url);
}

/* ssh [-l USER] [-p PORT] -- HOST docker [--host unix://PATH] system dial-stdio */
static void put_command(struct strlist *command, const char *user, const char *host, const char *port, const char *path)
{
	static const char *const first[] = { "ssh", "-o", "ConnectTimeout=30", "-T" };

	for (size_t i = 0; i < sizeof first / sizeof *first; i++)
		strlist_add(command, first[i]);
	if (user) {
		strlist_add(command, "-l");
		strlist_add(command, user);
	}
	if (port && *port) {
		strlist_add(command, "-p");
		strlist_add(command, port);
	}
	strlist_add(command, "--");
	strlist_add(command, host);
	strlist_add(command, "docker");
	if (*path && strcmp(path, "/")) {
		strlist_add(command, "--host");
		strlist_addf(command, "unix://%s", path);
	}
	strlist_add(command, "system");
	strlist_add(command, "dial-stdio");
}

int cli_ssh_parse(const char *url, struct strlist *command, struct err *err)
{
	const char *rest = url + strlen("ssh://");
	size_t n = strcspn(rest, "/");
	AUTO_FREE char *authority = xstrndup(rest, n);
	const char *path = rest + n;
	char *at = strrchr(authority, '@');
	char *host = at ? at + 1 : authority;
	char *bracket = strchr(host, ']');
	char *port = strrchr(bracket ? bracket : host, ':');

	if (at)
		*at = 0;
	if (port)
		*port++ = 0;
	if (*host == '[' && bracket) {
		*bracket = 0;
		host++;
	}
	if (at && strchr(authority, ':'))
		return bad(url, "plain-text password is not supported", err);
	if (!*host || *host == '-' || (at && (!*authority || *authority == '-')))
		return bad(url, "no host specified", err);
	if (strpbrk(url, "?# \t\n") || (port && (strspn(port, "0123456789") != strlen(port) || atol(port) > SSH_PORT_MAX)))
		return bad(url, "malformed", err);
	put_command(command, at ? authority : NULL, host, port, path);
	return 0;
}

/* ---- the connection ------------------------------------------------------ */

/* In the child: whose connection is it? Anybody on this machine may connect to
 * an abstract address, so only that of the process `owner` counts (unix(7)). */
static int accept_from(int listener, pid_t owner)
{
	struct ucred peer = { 0 };
	socklen_t size = sizeof peer;

	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			return -1;
		if (!getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) && peer.pid == owner)
			return fd;
		close(fd);
	}
}

/* In a session of its own: ctrl-C on our terminal is the container's, not ssh's.
 * A session blocks signals (signals.h), which ssh must not inherit. */
__attribute__((noreturn)) static void become(char **command, int listener, pid_t owner)
{
	sigset_t none;
	int fd = accept_from(listener, owner);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	if (fd >= 0 && dup2(fd, STDIN_FILENO) >= 0 && dup2(fd, STDOUT_FILENO) >= 0)
		execvp(command[0], command);
	_exit(127);
}

/* A listener at an address that the kernel chooses. */
static int listen_anywhere(struct sockaddr_un *address, socklen_t *size)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	*size = sizeof *address;
	if (fd >= 0 && !bind(fd, (struct sockaddr *)address, sizeof(sa_family_t)) && !listen(fd, 1) &&
	    !getsockname(fd, (struct sockaddr *)address, size))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* libcurl lets us say which socket is connected to which address. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	const struct strlist *command = context;
	struct sockaddr_un place;
	socklen_t size;
	pid_t owner = getpid(), child;
	AUTO_CLOSE int listener = listen_anywhere(&place, &size);

	(void)purpose;
	if (listener < 0 || size > sizeof address->addr)
		return CURL_SOCKET_BAD;
	child = fork();
	if (child < 0)
		return CURL_SOCKET_BAD;
	if (!child)
		become(command->v, listener, owner);
	memcpy(&address->addr, &place, size);
	address->family = AF_UNIX;
	address->addrlen = size;
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

void cli_ssh_aim(CURL *easy, const struct strlist *command)
{
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, (void *)command);
}
