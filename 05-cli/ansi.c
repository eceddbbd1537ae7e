/*
 * ansi.c - see ansi.h.
 */
#include "ansi.h"

#include <stdlib.h>
#include <unistd.h>

#include "01-kernel/tty.h"

bool cli_ansi_colours(int fd)
{
	const char *no = getenv("NO_COLOR");

	return isatty(fd) && !(no && *no);
}

unsigned cli_ansi_width(int fd, unsigned otherwise)
{
	unsigned short rows = 0, columns = 0;
	struct err ignored;

	if (!isatty(fd) || kern_tty_size(fd, &rows, &columns, &ignored) || !columns)
		return otherwise;
	return columns;
}
