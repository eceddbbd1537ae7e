/*
 * cmd_spec.c - `spec`: a config.json to begin with. It runs `sh` in ./rootfs, as
 * confined as a container can be that still does something.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "cmd.h"

static const char template[] =
"{'ociVersion':'" RUNC_SPEC_VERSION "',"
"'process':{'terminal':true,'user':{'uid':0,'gid':0},'args':['sh'],"
 "'env':['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin','TERM=xterm'],"
 "'cwd':'/',"
 "'capabilities':{"
  "'bounding':['CAP_AUDIT_WRITE','CAP_KILL','CAP_NET_BIND_SERVICE'],"
  "'effective':['CAP_AUDIT_WRITE','CAP_KILL','CAP_NET_BIND_SERVICE'],"
  "'permitted':['CAP_AUDIT_WRITE','CAP_KILL','CAP_NET_BIND_SERVICE']},"
 "'rlimits':[{'type':'RLIMIT_NOFILE','hard':1024,'soft':1024}],"
 "'noNewPrivileges':true},"
"'root':{'path':'rootfs','readonly':true},"
"'hostname':'runc',"
"'mounts':["
 "{'destination':'/proc','type':'proc','source':'proc'},"
 "{'destination':'/dev','type':'tmpfs','source':'tmpfs',"
  "'options':['nosuid','strictatime','mode=755','size=65536k']},"
 "{'destination':'/dev/pts','type':'devpts','source':'devpts',"
  "'options':['nosuid','noexec','newinstance','ptmxmode=0666','mode=0620','gid=5']},"
 "{'destination':'/dev/shm','type':'tmpfs','source':'shm',"
  "'options':['nosuid','noexec','nodev','mode=1777','size=65536k']},"
 "{'destination':'/dev/mqueue','type':'mqueue','source':'mqueue',"
  "'options':['nosuid','noexec','nodev']},"
 "{'destination':'/sys','type':'sysfs','source':'sysfs',"
  "'options':['nosuid','noexec','nodev','ro']},"
 "{'destination':'/sys/fs/cgroup','type':'cgroup','source':'cgroup',"
  "'options':['nosuid','noexec','nodev','relatime','ro']}],"
"'linux':{'resources':{'devices':[{'allow':false,'access':'rwm'}]},"
 "'namespaces':[{'type':'pid'},{'type':'network'},{'type':'ipc'},{'type':'uts'},"
  "{'type':'mount'}],"
 "'maskedPaths':['/proc/acpi','/proc/asound','/proc/kcore','/proc/keys',"
  "'/proc/latency_stats','/proc/timer_list','/proc/timer_stats','/proc/sched_debug',"
  "'/sys/firmware','/proc/scsi'],"
 "'readonlyPaths':['/proc/bus','/proc/fs','/proc/irq','/proc/sys','/proc/sysrq-trigger']}}";

/* The template parts of --rootless: what an unprivileged user may not have otherwise.
 * A new sysfs needs a network namespace of one's own. */
static const char rootless_linux[] =
"{'uidMappings':[{'containerID':0,'hostID':%u,'size':1}],"
 "'gidMappings':[{'containerID':0,'hostID':%u,'size':1}],"
 "'namespaces':[{'type':'pid'},{'type':'ipc'},{'type':'uts'},{'type':'mount'}]}";
static const char rootless_sys[] =
"{'destination':'/sys','type':'none','source':'/sys',"
 "'options':['rbind','nosuid','noexec','nodev','ro']}";

/* Single quotes above spare the page a thousand backslashes. */
static json_t *parse(const char *template_, struct err *err)
{
	AUTO_FREE char *text = xstrdup(template_);

	for (char *p = text; (p = strchr(p, '\'')); )
		*p = '"';
	return jsonx_parse(text, strlen(text), "the template", err);
}

static void add_namespace(json_t *linux_, const char *type)
{
	json_array_append_new(json_object_get(linux_, "namespaces"),
			      json_pack("{s:s}", "type", type));
}

/* Only id 0 is mapped, so no file may belong to another. */
static void drop_ids(json_t *options)
{
	for (size_t i = json_array_size(options); i-- > 0; ) {
		const char *word = json_string_value(json_array_get(options, i));

		if (str_starts(word, "gid=") || str_starts(word, "uid="))
			json_array_remove(options, i);
	}
}

static int make_rootless(json_t *doc, struct err *err)
{
	AUTO_FREE char *text = xasprintf(rootless_linux, geteuid(), getegid());
	AUTO_JSON json_t *linux_ = parse(text, err), *sys = parse(rootless_sys, err);
	json_t *old = json_object_get(doc, "linux"), *mounts = json_object_get(doc, "mounts"), *m;
	size_t i;

	if (!linux_ || !sys)
		return -1;
	json_object_set(linux_, "maskedPaths", json_object_get(old, "maskedPaths"));
	json_object_set(linux_, "readonlyPaths", json_object_get(old, "readonlyPaths"));
	json_object_set(doc, "linux", linux_);
	json_array_foreach(mounts, i, m) {
		drop_ids(json_object_get(m, "options"));
		if (!strcmp(jsonx_str(m, "destination", ""), "/sys"))
			json_array_set(mounts, i, sys);
	}
	return 0;
}

static json_t *default_config(bool rootless, struct err *err)
{
	AUTO_JSON json_t *doc = parse(template, err);

	if (!doc || (rootless && make_rootless(doc, err)))
		return NULL;
	/* With version 1 a container's cgroup mount is as private without one. */
	if (kern_cgroup_version() == KERN_CGROUP_V2)
		add_namespace(json_object_get(doc, "linux"), "cgroup");
	if (rootless)
		add_namespace(json_object_get(doc, "linux"), "user");
	return json_incref(doc);
}

/* Indented by tabs, as runc's own. */
static char *layout(const json_t *doc)
{
	char *text = json_dumps(doc, JSON_INDENT(1));

	for (char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n')
		for (; *p == ' '; p++)
			*p = '\t';
	return text;
}

int runc_cmd_spec(const struct runc_global *g, int argc, char **argv, struct err *err)
{
	static const struct cmd_usage usage = { "[--bundle dir] [--rootless]", "write a config.json "
						"to begin with", 0, 0 };
	const char *bundle = ".";
	bool rootless = false;
	const struct option_def defs[] = {
		{ "bundle", 'b', OPTION_TEXT, &bundle, "the directory to write it to (.)" },
		{ "rootless", 0, OPTION_FLAG, &rootless, "for a container of an unprivileged user" },
		{ NULL },
	};
	AUTO_FREE char *path = NULL, *text = NULL;
	AUTO_JSON json_t *doc = NULL;
	int rest;

	(void)g;
	if (runc_cmd_parse(&usage, defs, argc, argv, &rest, err))
		return -1;
	if (rest < 0)
		return 0;
	doc = default_config(rootless, err);
	if (!doc)
		return -1;
	path = xasprintf("%s/config.json", bundle);
	text = layout(doc);
	if (!access(path, F_OK))
		return err_set(err, ERR_EXISTS, "File config.json exists. Remove it first");
	return file_write_atomic(AT_FDCWD, path, text, strlen(text), 0666, err);
}
