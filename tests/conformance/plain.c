/*
 * plain.c - the bundles that the conformance tests start from.
 */
#include "conform.h"

#include <sys/mount.h>

static const char plain_text[] =
	"{'ociVersion': '1.0.2',"
	" 'process': {'cwd': '/', 'args': ['true'], 'env': ['PATH=/bin'],"
	"  'user': {'uid': 0, 'gid': 0}, 'capabilities': {"
	"   'bounding': ['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_KILL', 'CAP_SETUID', 'CAP_SETGID'],"
	"   'effective': ['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_KILL', 'CAP_SETUID', 'CAP_SETGID'],"
	"   'permitted': ['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_KILL', 'CAP_SETUID', 'CAP_SETGID']}},"
	" 'root': {'path': '%s/rootfs', 'readonly': true},"
	" 'mounts': ["
	"  {'destination': '/proc', 'type': 'proc', 'source': 'proc'},"
	"  {'destination': '/dev', 'type': 'tmpfs', 'source': 'tmpfs', 'options': "
	"   ['nosuid', 'strictatime', 'mode=755', 'size=65536k']},"
	"  {'destination': '/dev/pts', 'type': 'devpts', 'source': 'devpts', 'options': "
	"   ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620']},"
	"  {'destination': '/dev/shm', 'type': 'tmpfs', 'source': 'shm', 'options': "
	"   ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k']},"
	"  {'destination': '/sys', 'type': 'sysfs', 'source': 'sysfs', 'options': "
	"   ['nosuid', 'noexec', 'nodev', 'ro']},"
	"  {'destination': '/tmp', 'type': 'tmpfs', 'source': 'tmp', 'options': ['mode=1777']}],"
	" 'linux': {'namespaces': [{'type': 'mount'}, {'type': 'pid'}, {'type': 'ipc'},"
	"  {'type': 'uts'}, {'type': 'network'}]}}";

json_t *plain(void)
{
	json_t *whole = json_object(), *config;

	set(whole, "config", plain_text, test_dir);
	config = json_incref(json_object_get(whole, "config"));
	json_decref(whole);
	return config;
}

json_t *shell(const char *text)
{
	json_t *config = plain();

	script(config, text);
	return config;
}

json_t *sleeper(void)
{
	json_t *config = plain();

	set(config, "process.args", "['sleep', '1000']");
	return config;
}

bool created(json_t *config)
{
	AUTO_JSON json_t *owned = config;
	struct result r = runc("create", "-b", bundle(owned), new_id(), NULL);

	if (r.status)
		fprintf(stderr, "\ncannot create a container: %s\n", r.err);
	CU_ASSERT_EQUAL(r.status, 0);
	return !r.status;
}

const char *raw_bundle(json_t *config, const char *word, const char *json)
{
	AUTO_JSON json_t *owned = config;
	AUTO_FREE char *text = jsonx_text(owned), *quoted = xasprintf("\"%s\"", word);
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	const char *dir = bundle(owned), *p = text;

	for (const char *at; (at = strstr(p, quoted)); p = at + strlen(quoted)) {
		strbuf_add(&sb, p, (size_t)(at - p));
		strbuf_adds(&sb, json);
	}
	strbuf_adds(&sb, p);
	write_file(dir, "config.json", sb.data);
	return dir;
}

void unmount_left(void)
{
	AUTO_FREE char *text = read_file("/proc/self/mounts");
	AUTO_STRLIST struct strlist points = STRLIST_INIT;
	char *save = NULL;

	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		char point[256] = "";

		if (sscanf(l, "%*s %255s", point) == 1 && str_starts(point, test_dir))
			strlist_add(&points, point);
	}
	while (points.n)
		umount2(points.v[--points.n], MNT_DETACH);
}

void refused(json_t *config, const char *file, int line)
{
	AUTO_JSON json_t *owned = config;
	struct result r = runc("create", "--bundle", bundle(owned), new_id(), NULL);

	CU_assertImplementation(r.status != 0, (unsigned)line, "it is refused", file, "", CU_FALSE);
	if (r.status) {
		eq_str(status_of(), "", file, line);
		nothing_left(file, line);
		return;
	}
	fprintf(stderr, "\n%s:%d: expected a refusal\n", file, line);
	runc("delete", "--force", id, NULL);
	unmount_left(); /* of a runtime that mounted outside of the container */
}
