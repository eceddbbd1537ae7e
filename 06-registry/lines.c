/*
 * lines.c - see lines.h.
 */
#include "lines.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/strbuf.h"

#define FILE_LIMIT (4u << 20)

bool reg_lines_new(const char *path, struct reg_edition *known)
{
	struct stat st;

	if (stat(path, &st) ||
	    (st.st_ino == known->inode && st.st_size == known->size &&
	     st.st_mtim.tv_sec == known->changed.tv_sec &&
	     st.st_mtim.tv_nsec == known->changed.tv_nsec))
		return false;
	*known = (struct reg_edition){ st.st_ino, st.st_size, st.st_mtim };
	return true;
}

static char *trim(char *line)
{
	size_t n;

	line += strspn(line, " \t\r");
	n = strlen(line);
	while (n && strchr(" \t\r", line[n - 1]))
		n--;
	line[n] = '\0';
	return line;
}

int reg_lines_read(const char *path, int (*each)(void *arg, char *line, struct err *err), void *arg,
		   struct err *err)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	unsigned number = 0;
	char *rest;

	if (file_read(AT_FDCWD, path, &text, FILE_LIMIT, err))
		return -1;
	if (text.len && memchr(text.data, '\0', text.len))
		return err_set(err, ERR_INVALID, "%s: a NUL byte is in it", path);
	rest = text.data;
	while (rest && *rest) {
		char *line = trim(strsep(&rest, "\n"));

		number++;
		if (*line && *line != '#' && each(arg, line, err))
			return err_wrap(err, "%s, line %u", path, number);
	}
	return 0;
}
