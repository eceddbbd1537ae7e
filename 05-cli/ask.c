/*
 * ask.c - see ask.h.
 */
#include "ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#include "01-kernel/base/cleanup.h"

char *cli_ask_line(const char *prompt, bool hidden)
{
	struct termios saved, silent;
	char *line = NULL;
	size_t size = 0;
	bool echo = hidden && !tcgetattr(STDIN_FILENO, &saved);

	fputs(prompt, stdout);
	fflush(stdout);
	if (echo) {
		silent = saved;
		silent.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSANOW, &silent);
	}
	ssize_t n = getline(&line, &size, stdin);
	if (echo) {
		tcsetattr(STDIN_FILENO, TCSANOW, &saved);
		putchar('\n');
	}
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
