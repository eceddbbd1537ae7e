/*
 * intelrdt.c - see intelrdt.h.
 */
#include "intelrdt.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "01-kernel/base/file.h"
#include "01-kernel/mountinfo.h"
#include "config.h"
#include "property.h"

#define NOTE "intelrdt.json"

static int check_line(const char *where, const char *line, struct err *err)
{
	if (line && strchr(line, '\n'))
		return err_set(err, ERR_INVALID, "%s: must not contain a newline", where);
	return 0;
}

static int check_values(const struct runc_rdt *r, struct err *err)
{
	const char *clos = r->clos_id;
	char path[PROPERTY_PATH_SIZE];

	if (clos && strcmp(clos, "/") != 0 &&
	    (!strcmp(clos, ".") || !strcmp(clos, "..") || strpbrk(clos, "/\n") ||
	     strlen(clos) > NAME_MAX))
		return err_set(err, ERR_INVALID, "linux.intelRdt.closID: invalid intelRdt.ClosID "
			       "\"%s\"", clos);
	if (r->mb && !str_starts(r->mb, "MB:"))
		return err_set(err, ERR_INVALID, "linux.intelRdt.memBwSchema: '%s' does not start "
			       "with MB:", r->mb);
	for (size_t i = 0; r->schemata && r->schemata[i]; i++)
		if (check_line(runc_prop_index(path, "linux.intelRdt", "schemata", i),
			       r->schemata[i], err))
			return -1;
	return check_line("linux.intelRdt.memBwSchema", r->mb, err);
}

static int parse_text(const json_t *obj, const char *key, const char **out, struct err *err)
{
	if (runc_prop_str(obj, "linux.intelRdt", key, out, err))
		return -1;
	*out = *out && **out ? *out : NULL;
	return 0;
}

int runc_config_rdt(struct runc_config *c, const json_t *linux_, struct err *err)
{
	struct runc_rdt *r = &c->rdt;
	bool obsolete; /* enableCMT and enableMBM: the kernel counts what it can, asked or not */
	json_t *obj;

	if (runc_prop_object(linux_, "linux", "intelRdt", &obj, err))
		return -1;
	r->present = obj;
	if (!obj)
		return 0;
	return parse_text(obj, "closID", &r->clos_id, err) ||
	       parse_text(obj, "l3CacheSchema", &r->l3, err) ||
	       parse_text(obj, "memBwSchema", &r->mb, err) ||
	       runc_prop_strings(obj, "linux.intelRdt", "schemata", &r->schemata, err) ||
	       runc_prop_bool(obj, "linux.intelRdt", "enableMonitoring", &r->monitor, err) ||
	       runc_prop_bool(obj, "linux.intelRdt", "enableCMT", &obsolete, err) ||
	       runc_prop_bool(obj, "linux.intelRdt", "enableMBM", &obsolete, err) ||
	       check_values(r, err) ? -1 : 0;
}

char *runc_rdt_root(struct err *err)
{
	AUTO_MOUNT_TABLE struct kern_mount_table table = { NULL, 0, NULL };

	if (kern_mount_table_read(&table, err))
		return NULL;
	for (size_t i = 0; i < table.n; i++)
		if (!strcmp(table.v[i].type, "resctrl"))
			return xstrdup(table.v[i].target);
	err_set(err, ERR_UNSUPPORTED, "linux.intelRdt: Intel RDT not available: no resctrl file "
		"system is mounted");
	return NULL;
}

static bool exists(const char *root, const char *name)
{
	AUTO_FREE char *path = xasprintf("%s/%s", root, name);

	return !access(path, F_OK);
}

int runc_rdt_check(const struct runc_rdt *r, const char *root, struct err *err)
{
	if (r->l3 && !exists(root, "info/L3"))
		return err_set(err, ERR_UNSUPPORTED, "linux.intelRdt.l3CacheSchema: specified in "
			       "config, but Intel RDT/CAT is not enabled");
	if (r->mb && !exists(root, "info/MB"))
		return err_set(err, ERR_UNSUPPORTED, "linux.intelRdt.memBwSchema: specified in "
			       "config, but Intel RDT/MBA is not enabled");
	if (r->monitor && !exists(root, "mon_groups"))
		return err_set(err, ERR_UNSUPPORTED, "linux.intelRdt.enableMonitoring: this machine "
			       "has no monitoring groups");
	return 0;
}

int runc_rdt_check_host(const struct runc_rdt *r, struct err *err)
{
	AUTO_FREE char *root = r->present ? runc_rdt_root(err) : NULL;

	if (!r->present)
		return 0;
	return root ? runc_rdt_check(r, root, err) : -1;
}

/* The kernel says no more than EINVAL at the file itself. */
static int explain(const char *root, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/info/last_cmd_status", root);
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	struct err ignored;

	if (file_read(AT_FDCWD, path, &text, 4096, &ignored))
		return -1;
	return err_wrap(err, "%.*s", (int)strcspn(text.data, "\n"), text.data);
}

/* The files are there as soon as their directory is. */
static int write_to(const char *group, const char *file, const char *text, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", group, file);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return err_sys(err, "intelrdt: write %s", path);
	return 0;
}

static int make_group(const char *path, bool *made, struct err *err)
{
	*made = !mkdir(path, 0755);
	return *made || errno == EEXIST ? 0 : err_sys(err, "intelrdt: mkdir %s", path);
}

static int check_existing(const struct runc_rdt *r, const char *group, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/schemata", group);
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;

	if (file_read(AT_FDCWD, path, &text, 1 << 20, err))
		return -1;
	if (!runc_rdt_schemata_match(r, text.data))
		return err_set(err, ERR_CONFLICT, "linux.intelRdt.closID: %s exists and its "
			       "schemata are not those of the configuration", group);
	return 0;
}

/* A class that the configuration names may be somebody else's. What is there already
 * is compared, not changed; to get anything from it, it must be there. */
static int make_class(const struct runc_rdt *r, const char *group, bool *made, struct err *err)
{
	bool wants = r->l3 || r->mb || (r->schemata && r->schemata[0]);
	bool old = !access(group, F_OK), compare = old && r->clos_id;
	AUTO_FREE char *lines = runc_rdt_schemata(r, compare);

	*made = false;
	if (r->clos_id && !old && !wants)
		return err_set(err, ERR_NOT_FOUND, "linux.intelRdt.closID: clos dir %s not "
			       "accessible (must be pre-created when l3CacheSchema, memBwSchema and "
			       "schemata are empty)", group);
	if (make_group(group, made, err) || (compare && check_existing(r, group, err)))
		return -1;
	return *lines ? write_to(group, "schemata", lines, err) : 0;
}

static int save(int dir, const json_t *note, struct err *err)
{
	AUTO_FREE char *text = jsonx_text(note);

	return file_write_volatile(dir, NOTE, text, strlen(text), 0600, err);
}

int runc_rdt_create(const struct runc_rdt *r, const char *root, const char *id, int dir,
		    struct err *err)
{
	bool top = r->clos_id && !strcmp(r->clos_id, "/"), made, made_monitor = false;
	AUTO_FREE char *group = top ? xstrdup(root)
				    : xasprintf("%s/%s", root, r->clos_id ? r->clos_id : id);
	AUTO_FREE char *monitor = r->monitor ? xasprintf("%s/mon_groups/%s", group, id) : NULL;
	AUTO_JSON json_t *note = NULL;
	int failed;

	if (runc_rdt_check(r, root, err))
		return -1;
	failed = make_class(r, group, &made, err) ||
		 (monitor && make_group(monitor, &made_monitor, err));
	note = json_pack("{s:s, s:s, s:s*, s:b, s:b}", "root", root, "group", group, "monitor",
			 made_monitor ? monitor : NULL, "made", made, "named", r->clos_id != NULL);
	/* Noted also after a failure, for the undo. */
	if (save(dir, note, failed ? &(struct err){ .errnum = 0 } : err))
		return -1;
	return failed ? explain(root, err) : 0;
}

json_t *runc_rdt_note(int dir)
{
	struct err ignored;

	return jsonx_read(dir, NOTE, 1 << 20, &ignored);
}

int runc_rdt_join(int dir, pid_t pid, struct err *err)
{
	AUTO_JSON json_t *note = runc_rdt_note(dir);
	const char *monitor = jsonx_str(note, "monitor", NULL);
	char text[16];

	snprintf(text, sizeof text, "%d", (int)pid);
	if (!note)
		return 0;
	/* The class first: a process cannot be in a monitoring group of another. */
	if (write_to(jsonx_str(note, "group", ""), "tasks", text, err) ||
	    (monitor && write_to(monitor, "tasks", text, err)))
		return explain(jsonx_str(note, "root", ""), err);
	return 0;
}

int runc_rdt_destroy(int dir, bool undo, struct err *err)
{
	AUTO_JSON json_t *note = runc_rdt_note(dir);
	const char *group = jsonx_str(note, "group", NULL);
	const char *monitor = jsonx_str(note, "monitor", NULL);
	bool ours = jsonx_bool(note, "named", true) ? undo && jsonx_bool(note, "made", false) : true;

	if (monitor && rmdir(monitor) && errno != ENOENT)
		return err_sys(err, "intelrdt: remove %s", monitor);
	if (group && ours && rmdir(group) && errno != ENOENT)
		return err_sys(err, "intelrdt: remove %s", group);
	return 0;
}

/* The group of a container that had none until now. */
static int make_late(const struct runc_rdt *r, const char *root, const char *id, pid_t init,
		     int dir, struct err *err)
{
	return runc_rdt_create(r, root, id, dir, err) || runc_rdt_join(dir, init, err) ? -1 : 0;
}

int runc_rdt_update(json_t *config, const char *id, pid_t init, int dir, const char *l3,
		    const char *mb, struct err *err)
{
	json_t *linux_ = json_object_get(config, "linux"), *obj = json_object_get(linux_, "intelRdt");
	AUTO_FREE char *root = runc_rdt_root(err), *text = NULL, *lines = NULL;
	AUTO_JSON json_t *note = runc_rdt_note(dir);
	struct runc_rdt r;

	if (!root)
		return -1;
	if (!json_is_object(obj))
		json_object_set_new(linux_, "intelRdt", json_object());
	obj = json_object_get(linux_, "intelRdt");
	if (l3)
		json_object_set_new(obj, "l3CacheSchema", json_string(l3));
	if (mb)
		json_object_set_new(obj, "memBwSchema", json_string(mb));
	r = (struct runc_rdt){ .present = true, .l3 = jsonx_str(obj, "l3CacheSchema", NULL),
			       .mb = jsonx_str(obj, "memBwSchema", NULL) };
	if (runc_rdt_check(&r, root, err) || check_values(&r, err))
		return -1;
	lines = runc_rdt_schemata(&r, false);
	if (note ? write_to(jsonx_str(note, "group", ""), "schemata", lines, err)
		 : make_late(&r, root, id, init, dir, err))
		return explain(root, err);
	text = jsonx_text(config);
	return file_write_volatile(dir, "config.json", text, strlen(text), 0600, err);
}
