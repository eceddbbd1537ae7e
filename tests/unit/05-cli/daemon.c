/*
 * daemon.c - a daemon that says what it is told to say; see suites.h.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "suites.h"

/* The header, and the body that Content-Length announces. */
static void read_request(int fd, FILE *asked)
{
	char buf[65536];
	size_t n = 0, want = 0;
	char *end = NULL;

	while (n < sizeof buf - 1) {
		ssize_t got = read(fd, buf + n, sizeof buf - 1 - n);
		if (got <= 0)
			break;
		n += (size_t)got;
		buf[n] = 0;
		if (!end && (end = strstr(buf, "\r\n\r\n"))) {
			char *length = strcasestr(buf, "Content-Length:");
			want = (size_t)(end - buf) + 4 + (length && length < end ? (size_t)atol(length + 15) : 0);
		}
		if (end && n >= want)
			break;
	}
	fwrite(buf, 1, n, asked);
	fputs("\n--\n", asked);
	fflush(asked);
}

static void serve(int listener, const char *path, const char *const *answers)
{
	FILE *asked = fopen(path, "we");

	for (; *answers; answers++) {
		int fd = accept(listener, NULL, NULL);
		if (**answers) {
			read_request(fd, asked);
			(void)!write(fd, *answers, strlen(*answers));
			shutdown(fd, SHUT_WR);
			while (read(fd, &(char[64]){ 0 }, 64) > 0) /* or unread bytes reset it */
				;
		}
		close(fd);
	}
	fclose(asked);
}

void daemon_start(struct daemon *d, const char *const *answers)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	d->dir = tmp_new();
	snprintf(address.sun_path, sizeof address.sun_path, "%s/sock", d->dir);
	d->host = xasprintf("unix://%s", address.sun_path);
	if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 8)) {
		perror("the test's daemon");
		exit(2);
	}
	fflush(stdout);
	d->pid = fork();
	if (!d->pid) {
		AUTO_FREE char *path = xasprintf("%s/asked", d->dir);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(20);
		serve(listener, path, answers);
		_exit(0);
	}
	close(listener);
}

char *daemon_stop(struct daemon *d)
{
	AUTO_FREE char *path = xasprintf("%s/asked", d->dir);
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	struct err err;

	kill(d->pid, SIGTERM);
	waitpid(d->pid, NULL, 0);
	strbuf_reserve(&text, 1);
	(void)file_read(AT_FDCWD, path, &text, 1 << 20, &err);
	tmp_free(d->dir);
	free(d->host);
	return strbuf_steal(&text);
}
