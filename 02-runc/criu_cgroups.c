/*
 * criu_cgroups.c - the control groups of a container, as criu has to see them.
 *
 * criu saves the group of each process in every hierarchy that the kernel has, with
 * all groups below the container's, and makes them again. Where the container is in
 * the root group (a hierarchy that is not mounted here, or that the runtime does not
 * know), "all below" are everybody's groups; so there criu is told to look away.
 *
 * At restore the groups are those that criu itself has been put into.
 */
#include <fcntl.h>
#include <string.h>

#include "01-kernel/base/file.h"
#include "01-kernel/path.h"
#include "criu.h"

/* One line of /proc/PID/cgroup: "4:cpu,cpuacct:/path", of version 2 "0::/path". */
struct membership {
	char *controllers, *path;
};

static int read_memberships(pid_t pid, struct strbuf *text, struct membership m[], size_t *n,
			    size_t max, struct err *err)
{
	AUTO_FREE char *file = xasprintf("%d/cgroup", (int)pid);
	AUTO_CLOSE int fd = kern_path_open_proc(file, O_RDONLY, err);
	char *save = NULL;

	if (fd < 0 || file_read_fd(fd, text, 1 << 16, err))
		return -1;
	*n = 0;
	for (char *line = strtok_r(text->data, "\n", &save); line && *n < max;
	     line = strtok_r(NULL, "\n", &save)) {
		char *rest = line;

		strsep(&rest, ":");
		m[*n] = (struct membership){ strsep(&rest, ":"), rest };
		*n += rest != NULL;
	}
	return 0;
}

#define MAX_HIERARCHIES 32

int runc_criu_dump_cgroups(struct strbuf *opts, pid_t init, struct err *err)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	struct membership m[MAX_HIERARCHIES];
	size_t n, own = 0;

	if (read_memberships(init, &text, m, &n, MAX_HIERARCHIES, err))
		return -1;
	for (size_t i = 0; i < n; i++)
		own += strcmp(m[i].path, "/") != 0;
	for (size_t i = 0; i < n && own < n; i++) /* no list is all of them */
		if (strcmp(m[i].path, "/"))
			runc_pb_text(opts, OPT_CGROUP_DUMP_CONTROLLER, m[i].controllers);
	return 0;
}

int runc_criu_restore_cgroups(struct strbuf *opts, pid_t criu, struct err *err)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	struct membership m[MAX_HIERARCHIES];
	size_t n;

	if (read_memberships(criu, &text, m, &n, MAX_HIERARCHIES, err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		char *words = m[i].controllers, *word;

		while ((word = strsep(&words, ","))) {
			AUTO_STRBUF struct strbuf root = STRBUF_INIT;

			runc_pb_text(&root, 1, word);
			runc_pb_text(&root, 2, m[i].path);
			runc_pb_message(opts, OPT_CG_ROOT, &root);
		}
	}
	return 0;
}
