/*
 * look.c - what the kernel says about a container, from outside it. None of it
 * depends on how a runtime names what it makes: all starts at the process that
 * `state` tells.
 */
#include "conform.h"

#include <sys/stat.h>

#include "01-kernel/cgroup.h"

json_t *state_of(void)
{
	struct result r = runc("state", id, NULL);

	return r.status ? NULL : json_loads(r.out, 0, NULL);
}

pid_t pid_of(void)
{
	AUTO_JSON json_t *state = state_of();

	return state ? (pid_t)jsonx_int(state, "pid", 0) : 0;
}

/* A container keeps its process; one call of `state` for each is enough. */
static pid_t known_pid(void)
{
	static char whose[sizeof id];
	static pid_t pid;

	if (pid <= 0 || strcmp(whose, id)) {
		strcpy(whose, id);
		pid = pid_of();
	}
	return pid;
}

char *proc_file(const char *name)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/%s", (int)known_pid(), name);

	return read_file(path);
}

const char *ns_of(const char *pid, const char *type)
{
	static char link[4][64];
	static unsigned serial;
	char *to = link[serial++ % 4];
	AUTO_FREE char *path = xasprintf("/proc/%s/ns/%s", pid, type);
	ssize_t n = readlink(path, to, 63);

	to[n > 0 ? n : 0] = '\0';
	return to;
}

const char *line_after(const char *text, const char *key)
{
	static char line[4][512];
	static unsigned serial;
	char *out = line[serial++ % 4];
	size_t n = strlen(key);

	*out = '\0';
	for (const char *p = text; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL)
		if (!strncmp(p, key, n)) {
			p += n + strspn(p + n, " \t");
			snprintf(out, sizeof line[0], "%.*s", (int)strcspn(p, "\n"), p);
			break;
		}
	return out;
}

/* proc(5): id parent major:minor root point options [propagation...] - type source super */
static bool parse_mount(const char *line, const char *path, struct mount_info *m)
{
	const char *dash = strstr(line, " - ");
	char point[256] = "";
	int at = 0;

	memset(m, 0, sizeof *m);
	if (!dash || sscanf(line, "%*s %*s %*s %*s %255s %255s%n", point, m->options, &at) < 2 ||
	    strcmp(point, path))
		return false;
	if (line + at < dash)
		snprintf(m->propagation, sizeof m->propagation, "%.*s", (int)(dash - line) - at - 1,
			 line + at + 1);
	return sscanf(dash + 3, "%31s %127s %511s", m->type, m->source, m->super) == 3;
}

bool mount_of(const char *path, struct mount_info *m)
{
	AUTO_FREE char *text = proc_file("mountinfo");
	struct mount_info candidate;
	char *save = NULL;
	bool found = false;

	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		if (parse_mount(l, path, &candidate)) {
			*m = candidate;
			found = true;
		}
	if (!found) {
		memset(m, 0, sizeof *m);
		fprintf(stderr, "\nnothing is mounted on %s\n", path);
	}
	return found;
}

bool listed(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; *p; p += strcspn(p, ", "), p += strspn(p, ", "))
		if (strcspn(p, ", ") == n && !strncmp(p, word, n))
			return true;
	return false;
}

/* "4:memory:/path" in /proc/<pid>/cgroup, or "0::/path". */
static bool path_in_hierarchy(const char *text, const char *controller, char *path, size_t size)
{
	for (const char *p = text; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL) {
		const char *names = strchr(p, ':'), *at = names ? strchr(names + 1, ':') : NULL;
		char list[128];

		if (!at)
			return false;
		snprintf(list, sizeof list, "%.*s", (int)(at - names - 1), names + 1);
		if (*controller ? listed(list, controller) : !*list) {
			snprintf(path, size, "%.*s", (int)strcspn(at + 1, "\n"), at + 1);
			return true;
		}
	}
	return false;
}

const char *cgroup_dir(const char *controller)
{
	static char dir[512];
	AUTO_FREE char *text = proc_file("cgroup");
	char path[256];

	if (cgroup_v2())
		controller = "";
	if (!path_in_hierarchy(text, controller, path, sizeof path))
		return "";
	snprintf(dir, sizeof dir, "/sys/fs/cgroup%s%s%s", *controller ? "/" : "", controller, path);
	return dir;
}

const char *cgroup_value(const char *controller, const char *v1, const char *v2)
{
	static char value[512];
	const char *name = cgroup_v2() ? v2 : v1, *dir = cgroup_dir(controller);
	AUTO_FREE char *path = xasprintf("%s/%s", dir, name ? name : ""), *text = NULL;

	if (!*dir || !name || access(path, R_OK))
		return NULL;
	text = read_file(path);
	snprintf(value, sizeof value, "%.*s", (int)strcspn(text, "\n"), text);
	return value;
}

bool make_dir(const char *path)
{
	struct err err;

	if (!file_mkdir_p(path, 0755, &err))
		return true;
	fprintf(stderr, "\n%s\n", err.msg);
	return false;
}
