/*
 * cgroup_suite.c - the helpers of cgroup_suite.h.
 */
#include "cgroup_suite.h"

static char group[64];

json_t *sleeper(void)
{
	static unsigned serial;
	json_t *config = spec();

	snprintf(group, sizeof group, "/dockyard-unit%d-g%u", (int)getpid(), ++serial);
	set(config, "linux.cgroupsPath", "'%s'", group);
	set(config, "process.args", "['sleep', '1000']");
	return config;
}

char *group_dir(const char *file)
{
	return cgroup_v2() ? xasprintf("/sys/fs/cgroup%s", group)
			   : xasprintf("/sys/fs/cgroup/%.*s%s", (int)strcspn(file, "."), file, group);
}

char *group_value(const char *v1, const char *v2)
{
	const char *file = cgroup_v2() ? v2 : v1;
	AUTO_FREE char *dir = group_dir(file);
	AUTO_FREE char *path = xasprintf("%s/%s", dir, file);
	char *text = read_file(path);

	text[strcspn(text, "\n")] = '\0';
	return text;
}

bool group_has(const char *v1, const char *v2)
{
	const char *file = cgroup_v2() ? v2 : v1;
	AUTO_FREE char *dir = group_dir(file);
	AUTO_FREE char *path = xasprintf("%s/%s", dir, file);

	return !access(path, F_OK);
}
