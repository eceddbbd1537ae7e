/*
 * shim_user.c - which numbers a user's name means inside an image.
 *
 * The image's own /etc/passwd and /etc/group decide, and the image is hostile, so they
 * are opened through kern_path_open. The rules are Docker's:
 *
 *     ""            user 0, whatever passwd says of it
 *     name | uid    passwd's entry; a number needs none. Groups: gid of the entry and
 *                   each group that lists the name
 *     ...:group     that group alone, by name or number
 *
 * The primary group is repeated in the additional ones: a process could otherwise shed
 * it by setgid(2) and pass where the group is denied (CVE-2022-36109).
 */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/path.h"

#define ACCOUNTS_MAX (4 << 20) /* of passwd and group each */
#define ID_LIMIT 0x7fffffffL

struct identity {
	char name[256]; /* of the matching entry; empty: there is none */
	long uid, gid;
	char home[4096];
	json_t *groups; /* additional, numbers */
};

/* A file of the image as text. A missing one is empty, as in an image with nothing but
 * a program in it. */
static int read_accounts(int root, const char *path, struct strbuf *text, struct err *err)
{
	/* O_NONBLOCK: opening a fifo must not wait for a writer */
	AUTO_CLOSE int fd = kern_path_open(root, path, O_RDONLY | O_NONBLOCK, 0, 0, err);
	struct stat st;

	if (fd < 0)
		return err->kind == ERR_NOT_FOUND || err->errnum == ENOTDIR ? 0 : -1;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "the image's %s is not a regular file", path);
	if (file_read_fd(fd, text, ACCOUNTS_MAX, err))
		return err_wrap(err, "the image's %s", path);
	return 0;
}

/* Split "a:b:c" in place; absent fields are empty, fields past n are dropped. */
static void split(char *line, char *field[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		field[i] = line ? strsep(&line, ":") : (char *)"";
}

/* A number from 0 to ID_LIMIT and nothing else. */
static bool number(const char *text, long *out)
{
	char *end;

	if (!*text || strspn(text, "0123456789") != strlen(text))
		return false;
	errno = 0;
	*out = strtol(text, &end, 10);
	return !errno && *out <= ID_LIMIT;
}

/* Does the entry with this name and number answer to what was asked? */
static bool matches(const char *wanted, const char *name, const char *id)
{
	return !strcmp(wanted, name) || !strcmp(wanted, id);
}

static void lookup_user(char *passwd, const char *wanted, struct identity *who)
{
	char *save = NULL, *f[6];

	for (char *l = strtok_r(passwd, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		split(l, f, 6);
		if (!matches(wanted, f[0], f[2]) || !number(f[2], &who->uid) ||
		    !number(f[3], &who->gid))
			continue;
		snprintf(who->name, sizeof who->name, "%s", f[0]);
		if (*f[5])
			snprintf(who->home, sizeof who->home, "%s", f[5]);
		return;
	}
}

static void add_group(json_t *groups, long gid)
{
	json_t *v;
	size_t i;

	json_array_foreach(groups, i, v)
		if (json_integer_value(v) == gid)
			return;
	json_array_append_new(groups, json_integer(gid));
}

/* Is name one of the comma-separated members? */
static bool lists(const char *members, const char *name)
{
	size_t len = strlen(name);

	for (const char *m = members; m; m = strchr(m, ',')) {
		m += *m == ',';
		if (len && !strncmp(m, name, len) && (m[len] == ',' || !m[len]))
			return true;
	}
	return false;
}

/* The groups whose members include the user. */
static void add_memberships(const char *text, struct identity *who)
{
	AUTO_FREE char *copy = xstrdup(text);
	char *save = NULL, *f[4];
	long gid;

	for (char *l = strtok_r(copy, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		split(l, f, 4);
		if (lists(f[3], who->name) && number(f[2], &gid))
			add_group(who->groups, gid);
	}
}

static int lookup_group(const char *text, const char *wanted, long *gid, struct err *err)
{
	AUTO_FREE char *copy = xstrdup(text);
	char *save = NULL, *f[4];

	for (char *l = strtok_r(copy, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		split(l, f, 4);
		if (matches(wanted, f[0], f[2]) && number(f[2], gid))
			return 0;
	}
	if (number(wanted, gid))
		return 0;
	return err_set(err, ERR_INVALID,
		       "unable to find group %s: no matching entries in group file", wanted);
}

static int resolve(int root, const char *user, const char *group, const json_t *more,
		   struct identity *who, struct err *err)
{
	AUTO_STRBUF struct strbuf passwd = STRBUF_INIT, groups = STRBUF_INIT;
	const char *wanted = *user ? user : "0";
	json_t *v;
	size_t i;
	long gid;

	strbuf_reserve(&passwd, 0);
	strbuf_reserve(&groups, 0);
	if (read_accounts(root, "/etc/passwd", &passwd, err) ||
	    read_accounts(root, "/etc/group", &groups, err))
		return -1;
	lookup_user(passwd.data, wanted, who);
	if (!*who->name && !number(wanted, &who->uid))
		return err_set(err, ERR_INVALID,
			       "unable to find user %s: no matching entries in passwd file", user);
	if (*group && lookup_group(groups.data, group, &who->gid, err))
		return -1;
	add_group(who->groups, who->gid);
	if (!*group)
		add_memberships(groups.data, who);
	json_array_foreach((json_t *)more, i, v) {
		if (lookup_group(groups.data, json_string_value(v) ? json_string_value(v) : "", &gid,
				 err))
			return -1;
		add_group(who->groups, gid);
	}
	return 0;
}

json_t *shim_user_resolve(int root, const char *user, const json_t *groups, struct err *err)
{
	AUTO_FREE struct identity *who = xcalloc(1, sizeof *who);
	AUTO_FREE char *name = xstrdup(user);
	AUTO_JSON json_t *list = json_array();
	char *group = strchr(name, ':');

	if (group)
		*group++ = '\0';
	strcpy(who->home, "/");
	who->groups = list;
	if (resolve(root, name, group ? group : "", groups, who, err))
		return NULL;
	return json_pack("{s:I, s:I, s:O, s:s}", "uid", (json_int_t)who->uid, "gid",
			 (json_int_t)who->gid, "additionalGids", list, "home", who->home);
}
