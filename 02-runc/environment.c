/*
 * environment.c - the program's environment (runc_process_environment): what
 * config.json says, each name once, and what is added.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/path.h"
#include "process.h"

/* The home of uid in the container's /etc/passwd, "/" without one. The file is
 * the image's: it may be a pipe, or very long. */
static char *find_home(int root, uid_t uid)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct err ignored;
	AUTO_CLOSE int fd = kern_path_open(root, "etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY,
					   0, 0, &ignored);
	char *save = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    file_read_fd(fd, &sb, 1 << 20, &ignored))
		return xstrdup("/");
	for (char *line = strtok_r(sb.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *field[7], *rest = line;
		size_t n = 0;

		while (n < 7 && rest)
			field[n++] = strsep(&rest, ":");
		if (n == 7 && *field[2] && strspn(field[2], "0123456789") == strlen(field[2]) &&
		    strtoul(field[2], NULL, 10) == uid && *field[5])
			return xstrdup(field[5]);
	}
	return xstrdup("/");
}

/* `places` says for each name where in env it is: a hundred thousand variables are not
 * to be compared with each other. */
static void put_env(struct strlist *env, json_t *places, const char *entry)
{
	AUTO_FREE char *name = xstrndup(entry, strcspn(entry, "="));
	const json_t *place = json_object_get(places, name);
	char **old = place ? &env->v[json_integer_value(place)] : NULL;

	if (old) {
		free(*old);
		*old = xstrdup(entry);
		return;
	}
	json_object_set_new_nocheck(places, name, json_integer((json_int_t)env->n));
	strlist_add(env, entry);
}

/* LISTEN_FDS (sd_listen_fds(3)) travels with the descriptors it speaks of; the
 * program's pid in its namespace is ours, for we become it. */
static void put_listen_env(struct runc_launch *l, json_t *places)
{
	const char *fds = getenv("LISTEN_FDS");
	AUTO_FREE char *count = NULL, *pid = NULL;

	if (!fds || !*fds || !l->preserve_fds)
		return;
	count = xasprintf("LISTEN_FDS=%s", fds);
	pid = xasprintf("LISTEN_PID=%d", (int)getpid());
	put_env(&l->env, places, count);
	put_env(&l->env, places, pid);
}

int runc_process_environment(struct runc_launch *l, int root, struct err *err)
{
	AUTO_JSON json_t *places = json_object();

	(void)err;
	for (const char **e = l->process->env; *e; e++)
		put_env(&l->env, places, *e);
	put_listen_env(l, places);
	/* An empty one is as good as none. */
	if (!runc_env_get(l->env.v, "HOME") || !*runc_env_get(l->env.v, "HOME")) {
		AUTO_FREE char *home = find_home(root, l->process->uid), *entry = NULL;

		entry = xasprintf("HOME=%s", home);
		put_env(&l->env, places, entry);
	}
	return 0;
}
