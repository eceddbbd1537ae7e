/*
 * build_owner.c - --chown=user:group: what the names mean in a tree (build.h).
 *
 * The tree's own /etc/passwd and /etc/group decide, opened within it. A user without a group has the
 * group of the same name or number, as in Docker; where there is none of that name, the user's own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/file.h"
#include "01-kernel/path.h"
#include "build.h"

#define ACCOUNTS_MAX (4 << 20)
#define ID_LIMIT 0x7fffffffL

static bool number(const char *text, long *out)
{
	char *end;

	errno = 0;
	*out = strtol(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno && *out <= ID_LIMIT;
}

/* Field `n` (from 0) of a line of passwd or group; the caller frees. */
static char *field(const char *line, size_t len, unsigned n)
{
	const char *end = line + len, *p = line, *colon;

	for (; n && (colon = memchr(p, ':', (size_t)(end - p))); n--)
		p = colon + 1;
	if (n)
		return NULL;
	colon = memchr(p, ':', (size_t)(end - p));
	return xstrndup(p, (size_t)((colon ? colon : end) - p));
}

/* The number in field `n` of the line that begins with the name. */
static bool look_up(int root, const char *path, const char *name, unsigned n, long *out)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	struct err ignored;
	AUTO_CLOSE int fd = kern_path_open(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, 0, &ignored);

	if (fd < 0 || file_read_fd(fd, &text, ACCOUNTS_MAX, &ignored))
		return false;
	for (const char *line = text.data ? text.data : ""; *line;) {
		size_t len = strcspn(line, "\n");
		AUTO_FREE char *first = field(line, len, 0), *value = field(line, len, n);

		if (first && value && !strcmp(first, name))
			return number(value, out);
		line += len + (line[len] == '\n');
	}
	return false;
}

static int group_of(int root, const char *user, const char *group, long *gid, struct err *err)
{
	const char *name = group ? group : user;

	if (number(name, gid) || look_up(root, "etc/group", name, 2, gid) ||
	    (!group && look_up(root, "etc/passwd", user, 3, gid)))
		return 0;
	return err_set(err, ERR_INVALID, "unable to convert uid/gid chown string to host mapping: can't find "
		       "gid for group %s: no such group: %s", name, name);
}

int owner_parse(int root, const char *text, uid_t *uid, gid_t *gid, struct err *err)
{
	AUTO_FREE char *user = xstrndup(text, strcspn(text, ":"));
	const char *colon = strchr(text, ':');
	long u = 0, g = 0;

	if ((colon && strchr(colon + 1, ':')) || (!*user && !colon))
		return err_set(err, ERR_INVALID, "invalid chown string format: %s", text);
	if (*user && !number(user, &u) && !look_up(root, "etc/passwd", user, 2, &u))
		return err_set(err, ERR_INVALID, "unable to convert uid/gid chown string to host mapping: "
			       "can't find uid for user %s: no such user: %s", user, user);
	if (group_of(root, *user ? user : "0", colon && colon[1] ? colon + 1 : NULL, &g, err))
		return -1;
	*uid = (uid_t)u;
	*gid = (gid_t)g;
	return 0;
}
