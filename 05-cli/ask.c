/*
 * ask.c - see ask.h.
 */
#include "ask.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "01-kernel/base/cleanup.h"

/* On a terminal, until a line has come. False: one of the signals, which are blocked, has. */
static bool await_line(const sigset_t *signals)
{
	AUTO_CLOSE int fd = signalfd(-1, signals, SFD_CLOEXEC);
	struct pollfd p[] = { { STDIN_FILENO, POLLIN, 0 }, { fd, POLLIN, 0 } };

	while (isatty(STDIN_FILENO) && poll(p, 2, -1) < 0 && errno == EINTR)
		;
	return !p[1].revents;
}

/* A signal takes effect when the terminal is as it was, and the cursor in a line of its own. */
char *cli_ask_line(const char *prompt, bool hidden)
{
	struct termios saved, silent;
	char *line = NULL;
	size_t size = 0;
	bool echo = hidden && !tcgetattr(STDIN_FILENO, &saved), undisturbed;
	sigset_t signals, before;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, &before);
	fputs(prompt, stdout);
	fflush(stdout);
	if (echo) {
		silent = saved;
		silent.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSANOW, &silent);
	}
	undisturbed = await_line(&signals);
	ssize_t n = undisturbed ? getline(&line, &size, stdin) : -1;
	if (echo)
		tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	if (echo || !undisturbed)
		putchar('\n');
	fflush(stdout);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (n < 0) {
		free(line);
		return NULL;
	}
	line[strcspn(line, "\r\n")] = 0;
	return line;
}

bool cli_ask(const char *question)
{
	printf("%s", question);
	AUTO_FREE char *answer = cli_ask_line(" [y/N] ", false);

	return answer && !strcasecmp(answer, "y");
}
