/*
 * env.c - see env.h.
 */
#include "env.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "cli.h"

#define FILE_LIMIT (16u << 20)

int cli_env_check(const char *text, struct err *err)
{
	if (!*text || *text == '=')
		return err_set(err, ERR_INVALID, "invalid environment variable: %s", text);
	return 0;
}

static int add(json_t *list, const char *text, struct err *err)
{
	if (json_array_append_new(list, json_string(text)))
		return err_set(err, ERR_INVALID, "environment variable is not valid UTF-8");
	return 0;
}

static int add_value(json_t *list, const char *name, const char *value, struct err *err)
{
	AUTO_FREE char *text = xasprintf("%s=%s", name, value);

	return add(list, text, err);
}

/* One line: "# comment", "NAME=value" (taken as it stands), "NAME". */
static int add_line(json_t *list, char *line, struct err *err)
{
	while (isspace((unsigned char)*line))
		line++;
	size_t name = strcspn(line, "=");
	if (!*line || *line == '#')
		return 0;
	if (!name)
		return err_set(err, ERR_INVALID, "no variable name on line '%s'", line);
	if (strcspn(line, " \t") < name)
		return err_set(err, ERR_INVALID, "variable '%.*s' contains whitespaces", (int)name, line);
	if (line[name])
		return add(list, line, err);
	const char *ours = getenv(line);
	return ours ? add_value(list, line, ours, err) : 0;
}

static int add_file(json_t *list, const char *path, struct err *err)
{
	static const char mark[] = "\xef\xbb\xbf"; /* Windows' editors begin a file with it */
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *save = NULL;

	if (fd < 0)
		return cli_file_error("open", path, err);
	if (file_read_fd(fd, &text, FILE_LIMIT, err))
		return err_wrap(err, "%s", path);
	strbuf_reserve(&text, 1);
	char *start = text.data + (str_starts(text.data, mark) ? 3 : 0);
	for (char *line = strtok_r(start, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		size_t n = strlen(line);
		if (n && line[n - 1] == '\r')
			line[n - 1] = 0;
		if (add_line(list, line, err))
			return err_wrap(err, "invalid env file (%s)", path);
	}
	return 0;
}

json_t *cli_env_collect(const struct strlist *files, const struct strlist *flags, struct err *err)
{
	AUTO_JSON json_t *list = json_array();
	int rc = 0;

	for (size_t i = 0; !rc && i < files->n; i++)
		rc = add_file(list, files->v[i], err);
	for (size_t i = 0; !rc && i < flags->n; i++) {
		const char *text = flags->v[i];
		const char *ours = strchr(text, '=') ? NULL : getenv(text);
		rc = ours ? add_value(list, text, ours, err) : add(list, text, err);
	}
	return rc ? NULL : steal_ptr(&list);
}
