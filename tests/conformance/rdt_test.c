/*
 * rdt_test.c - "IntelRdt" in config-linux.md. Few machines have a resctrl file
 * system; on the others its absence is what can be tried.
 */
#include "conform.h"

#include <signal.h>
#include <sys/stat.h>

/* Where resctrl is mounted, or NULL. */
static const char *resctrl(void)
{
	static char point[256];
	AUTO_FREE char *mounts = read_file("/proc/self/mounts");
	char type[32];

	for (char *p = mounts; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL)
		if (sscanf(p, "%*s %255s %31s", point, type) == 2 && !strcmp(type, "resctrl"))
			return point;
	return NULL;
}

static bool have_resctrl(void)
{
	if (resctrl())
		return true;
	skip("no resctrl file system is mounted");
	return false;
}

static json_t *with_rdt(const char *value)
{
	json_t *config = sleeper();

	set(config, "linux.intelRdt", "%s", value);
	return config;
}

static char *group_file(const char *group, const char *file)
{
	AUTO_FREE char *path = xasprintf("%s/%s/%s", resctrl(), group, file);

	return read_file(path);
}

static bool in_group(const char *group)
{
	AUTO_FREE char *tasks = group_file(group, "tasks"), *pid = xasprintf("%d\n", (int)pid_of());

	return strstr(tasks, pid) != NULL;
}

/* A line of the root's own schemata that starts with this, which is valid. */
static char *own_schema(const char *start_)
{
	AUTO_FREE char *all = group_file(".", "schemata");

	for (char *p = strtok(all, "\n"); p; p = strtok(NULL, "\n"))
		if (str_starts(p + strspn(p, " "), start_))
			return xstrdup(p + strspn(p, " "));
	return NULL;
}

PROVES(no_resctrl,
	{ "config-linux.md#intelrdt", MUST, "With `intelRdt`, and without a mounted resctrl, there is an error." });
static void no_resctrl(void)
{
	if (resctrl()) {
		skip("a resctrl file system is mounted");
		return;
	}
	REFUSED(with_rdt("{'closID': 'conform', 'l3CacheSchema': 'L3:0=f'}"));
	REFUSED(with_rdt("{'closID': 'conform'}"));
}

PROVES(wrong_schemata,
	{ "config-linux.md#intelrdt", MUST, "`memBwSchema` starts with `MB:` and has no newline; anything else is an error." },
	{ "config-linux.md#intelrdt", SHOULD, "`l3CacheSchema` starts with `L3:`." });
static void wrong_schemata(void)
{
	REFUSED(with_rdt("{'closID': 'conform', 'memBwSchema': 'L3:0=f'}"));
	REFUSED(with_rdt("{'closID': 'conform', 'memBwSchema': 'MB:0=50\\nL3:0=f'}"));
	REFUSED(with_rdt("{'closID': 'conform', 'l3CacheSchema': 'X3:0=f'}"));
}

/* A container with this schema in a group of that name, which is then taken away. */
static void has_schema(const char *value, const char *schema)
{
	AUTO_FREE char *dir = xasprintf("%s/conform", resctrl()), *text = NULL;

	if (!start(with_rdt(value)))
		return;
	CU_ASSERT(in_group("conform"));
	text = group_file("conform", "schemata");
	HAS(text, schema);
	stop();
	rmdir(dir);
}

PROVES(class_of_service,
	{ "config-linux.md#intelrdt", MUST, "The process is in the tasks of the directory that `closID` names." },
	{ "config-linux.md#intelrdt", MUST, "With a schema, a directory that is not there is made." },
	{ "config-linux.md#intelrdt", MUST, "A schema is written to its schemata file; with both, both are." },
	{ "config-linux.md#intelrdt", MUST, "The lines of `schemata` are written to it (from version 1.3 on)." });
static void class_of_service(void)
{
	AUTO_FREE char *l3 = NULL, *value = NULL, *lines = NULL;

	if (!have_resctrl() || !(l3 = own_schema("L3:")))
		return;
	value = xasprintf("{'closID': 'conform', 'l3CacheSchema': '%s'}", l3);
	has_schema(value, l3);
	lines = xasprintf("{'closID': 'conform', 'schemata': ['%s']}", l3);
	has_schema(lines, l3);
}

PROVES(class_by_container,
	{ "config-linux.md#intelrdt", MUST, "Without `closID` the directory has the container's id for its name, and is made." },
	{ "runtime.md#delete", MUST, "Such a directory is deleted with the container." });
static void class_by_container(void)
{
	AUTO_FREE char *l3 = NULL, *value = NULL, *dir = NULL;

	if (!have_resctrl() || !(l3 = own_schema("L3:")))
		return;
	value = xasprintf("{'l3CacheSchema': '%s'}", l3);
	if (!start(with_rdt(value)))
		return;
	CU_ASSERT(in_group(id));
	dir = xasprintf("%s/%s", resctrl(), id);
	stop();
	CU_ASSERT(access(dir, F_OK) != 0);
}

PROVES(existing_class,
	{ "config-linux.md#intelrdt", MUST, "Without a schema the directory of `closID` must be there already, and the process goes there; a missing one is an error." },
	{ "config-linux.md#intelrdt", MUST, "Without a schema no schemata file is written." },
	{ "config-linux.md#intelrdt", MUST, "With a schema that is not the one of an existing directory there is an error." });
static void existing_class(void)
{
	AUTO_FREE char *dir = NULL, *before = NULL, *after = NULL;

	if (!have_resctrl())
		return;
	REFUSED(with_rdt("{'closID': 'conform-missing'}"));
	dir = xasprintf("%s/conform", resctrl());
	CU_ASSERT(!mkdir(dir, 0755));
	before = group_file("conform", "schemata");
	if (start(with_rdt("{'closID': 'conform'}"))) {
		CU_ASSERT(in_group("conform"));
		stop();
		after = group_file("conform", "schemata");
		EQ_STR(after, before);
		CU_ASSERT(!access(dir, F_OK));
	}
	REFUSED(with_rdt("{'closID': 'conform', 'l3CacheSchema': 'L3:0=1'}"));
	rmdir(dir);
}

PROVES(untouched_resctrl,
	{ "config-linux.md#intelrdt", MUST, "Without `intelRdt` nothing is done to resctrl." });
static void untouched_resctrl(void)
{
	if (!have_resctrl() || !start(sleeper()))
		return;
	CU_ASSERT(in_group("."));
	stop();
}

#define NO_MACHINE .needs = "a mounted resctrl", OURS_DIFFERS = NOT_TRIED, RUNC_DIFFERS = NOT_TRIED, \
	CRUN_DIFFERS = NOT_TRIED

const struct test rdt_rules[] = {
	TEST(no_resctrl, RUNC_DIFFERS = "a class without a schema is ignored", CRUN_DIFFERS = TOO_NEW),
	TEST(wrong_schemata, CRUN_DIFFERS = TOO_NEW),
	TEST(class_of_service, NO_MACHINE),
	TEST(class_by_container, NO_MACHINE),
	TEST(existing_class, NO_MACHINE),
	TEST(untouched_resctrl, NO_MACHINE),
	{ NULL },
};
