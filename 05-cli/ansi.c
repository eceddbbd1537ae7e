/*
 * ansi.c - see ansi.h.
 */
#include "ansi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/tty.h"
#include "value.h"

bool cli_ansi_colours(int fd)
{
	const char *no = getenv("NO_COLOR");

	return isatty(fd) && !(no && *no);
}

json_t *cli_ansi_plain(json_t *document)
{
	if (!document || !isatty(STDOUT_FILENO))
		return document;
	json_t *plain = cli_value_plain(document);
	json_decref(document);
	return plain;
}

void cli_ansi_puts(const char *text)
{
	AUTO_STRBUF struct strbuf plain = STRBUF_INIT;

	if (isatty(STDOUT_FILENO))
		strbuf_add_plain(&plain, text, "\n\t");
	puts(plain.data ? plain.data : text);
}

unsigned cli_ansi_width(int fd, unsigned otherwise)
{
	unsigned short rows = 0, columns = 0;
	struct err ignored;

	if (!isatty(fd) || kern_tty_size(fd, &rows, &columns, &ignored) || !columns)
		return otherwise;
	return columns;
}

void cli_ansi_note(const char *text)
{
	bool colours = cli_ansi_colours(STDERR_FILENO);

	fputs(colours ? CLI_ANSI_INFO "\033[3m" : " Info -> ", stderr);
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
		fprintf(stderr, "%s%.*s%s\n", line == text ? "" : "         ", (int)strcspn(line, "\n"), line, colours ? CLI_ANSI_RESET : "");
	fputc('\n', stderr);
}
