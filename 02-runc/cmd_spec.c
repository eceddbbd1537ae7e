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
  "{'type':'mount'},{'type':'cgroup'}],"
 "'maskedPaths':['/proc/acpi','/proc/asound','/proc/kcore','/proc/keys',"
  "'/proc/latency_stats','/proc/timer_list','/proc/timer_stats','/proc/sched_debug',"
  "'/proc/scsi','/sys/firmware','/sys/devices/virtual/powercap'],"
 "'readonlyPaths':['/proc/bus','/proc/fs','/proc/irq','/proc/sys','/proc/sysrq-trigger']}}";

/* Single quotes above spare the page a thousand backslashes. */
static json_t *default_config(struct err *err)
{
	AUTO_FREE char *text = xstrdup(template);

	for (char *p = text; (p = strchr(p, '\'')); )
		*p = '"';
	return jsonx_parse(text, strlen(text), "the template", err);
}

int runc_cmd_spec(const struct runc_global *g, int argc, char **argv, struct err *err)
{
	static const struct cmd_usage usage = { "[--bundle dir]", "write a config.json to begin "
						"with", 0, 0 };
	const char *bundle = ".";
	const struct option_def defs[] = {
		{ "bundle", 'b', OPTION_TEXT, &bundle, "the directory to write it to (.)" },
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
	doc = default_config(err);
	if (!doc)
		return -1;
	path = xasprintf("%s/config.json", bundle);
	text = json_dumps(doc, JSON_INDENT(4));
	if (!access(path, F_OK))
		return err_set(err, ERR_EXISTS, "File config.json exists. Remove it first");
	return file_write_atomic(AT_FDCWD, path, text, strlen(text), 0666, err);
}
