/*
 * leases.c - see leases.h. The directory is the truth: nothing is cached.
 */
#include "leases.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"
#include "content.h"
#include "wire.h"

#define DOC_LIMIT (4u << 20)
#define RESOURCES_MAX 10000
#define RESOURCE_LIMIT 512
#define EXPIRE "containerd.io/gc.expire"

struct ctrd_leases {
	char *root;
	pthread_mutex_t lock; /* between reading a lease and writing it */
};

struct ctrd_leases *ctrd_leases_open(const char *root, struct err *err)
{
	struct ctrd_leases *l;

	if (file_mkdir_p(root, 0700, err))
		return NULL;
	l = xcalloc(1, sizeof(*l));
	l->root = xstrdup(root);
	pthread_mutex_init(&l->lock, NULL);
	return l;
}

void ctrd_leases_close(struct ctrd_leases *l)
{
	if (!l)
		return;
	pthread_mutex_destroy(&l->lock);
	free(l->root);
	free(l);
}

static char *path_of(struct ctrd_leases *l, const char *ns, const char *id, struct err *err)
{
	if (ctrd_namespace_check(ns, err) || ctrd_id_check("lease", id, err))
		return NULL;
	return xasprintf("%s/%s/%s.json", l->root, ns, id);
}

/* --- time ------------------------------------------------------------------------------ */

/* "2026-11-25T10:00:00Z", with or without a fraction, or an offset "+01:00". */
static int parse_time(const char *text, time_t *out, struct err *err)
{
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int hours = 0, minutes = 0;
	char sign = '+';

	if (rest && *rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	if (!rest || (strcmp(rest, "Z") &&
		      (sscanf(rest, "%c%2d:%2d", &sign, &hours, &minutes) != 3 ||
		       (sign != '+' && sign != '-'))))
		return err_set(err, ERR_INVALID, EXPIRE ": \"%.60s\" is no RFC 3339 time", text);
	*out = timegm(&tm) - (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	return 0;
}

static bool expired(const json_t *lease)
{
	const char *when = jsonx_str(json_object_get(lease, "labels"), EXPIRE, NULL);
	struct err ignored;
	time_t t;

	return when && !parse_time(when, &t, &ignored) && t <= time(NULL);
}

/* --- leases ------------------------------------------------------------------------------ */

static int check_labels(const json_t *labels, struct err *err)
{
	const char *when = jsonx_str(labels, EXPIRE, NULL);
	time_t t;

	if (ctrd_labels_check(labels, err))
		return -1;
	return when ? parse_time(when, &t, err) : 0;
}

static char *new_id(void)
{
	unsigned char bytes[16];
	struct strbuf sb = STRBUF_INIT;

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		abort(); /* getrandom(2): cannot happen for so few once the machine is up */
	for (size_t i = 0; i < sizeof(bytes); i++)
		strbuf_addf(&sb, "%02x", bytes[i]);
	return strbuf_steal(&sb);
}

static int store_new(struct ctrd_leases *l, const char *ns, const char *path, const json_t *doc,
		     struct err *err)
{
	AUTO_FREE char *dir = xasprintf("%s/%s", l->root, ns);
	int rc = -1;

	pthread_mutex_lock(&l->lock);
	if (!access(path, F_OK))
		err_set(err, ERR_EXISTS, "lease %s exists", jsonx_str(doc, "id", ""));
	else if (!file_mkdir_p(dir, 0700, err))
		rc = jsonx_write(AT_FDCWD, path, doc, 0600, err);
	pthread_mutex_unlock(&l->lock);
	return rc;
}

json_t *ctrd_lease_create(struct ctrd_leases *l, const char *ns, const char *id,
			  const json_t *labels, struct err *err)
{
	AUTO_FREE char *own = id ? xstrdup(id) : new_id();
	AUTO_FREE char *path = path_of(l, ns, own, err);
	AUTO_JSON json_t *doc = NULL;
	char now[TIME_TEXT_SIZE];

	if (!path || check_labels(labels, err))
		return NULL;
	doc = json_pack("{s:s, s:s, s:o, s:[]}", "id", own, "createdAt", time_now_text(now), "labels",
			labels ? json_deep_copy(labels) : json_object(), "resources");
	return store_new(l, ns, path, doc, err) ? NULL : steal_ptr(&doc);
}

static json_t *load(const char *path, const char *id, struct err *err)
{
	json_t *doc = jsonx_read(AT_FDCWD, path, DOC_LIMIT, err);

	if (!doc && err->kind == ERR_NOT_FOUND)
		err_set(err, ERR_NOT_FOUND, "no lease %s", id);
	return doc;
}

json_t *ctrd_lease_get(struct ctrd_leases *l, const char *ns, const char *id, struct err *err)
{
	AUTO_FREE char *path = path_of(l, ns, id, err);

	return path ? load(path, id, err) : NULL;
}

int ctrd_lease_delete(struct ctrd_leases *l, const char *ns, const char *id, struct err *err)
{
	AUTO_FREE char *path = path_of(l, ns, id, err);
	int rc;

	if (!path)
		return -1;
	pthread_mutex_lock(&l->lock);
	rc = unlink(path) ? errno : 0;
	pthread_mutex_unlock(&l->lock);
	if (rc == ENOENT)
		return err_set(err, ERR_NOT_FOUND, "no lease %s", id);
	return rc ? err_errno(err, rc, "remove lease %s", id) : 0;
}

/* --- resources ------------------------------------------------------------------------------ */

static int check_resource(const char *type, const char *resource, struct err *err)
{
	if (!strcmp(type, LEASE_CONTENT))
		return digest_valid(resource) ? 0 : err_set(err, ERR_INVALID, "content \"%.100s\" is "
							     "no digest", resource);
	if (!str_starts(type, LEASE_SNAPSHOT) || strlen(type) > 64)
		return err_set(err, ERR_INVALID, "a lease holds \"content\" or \"snapshots/NAME\", not "
			       "\"%.60s\"", type);
	if (!*resource || strlen(resource) > RESOURCE_LIMIT)
		return err_set(err, ERR_INVALID, "a snapshot's key has 1 to %d bytes", RESOURCE_LIMIT);
	return 0;
}

/* Where in the list it is, or the list's length. */
static size_t find(const json_t *list, const char *type, const char *resource)
{
	json_t *r;
	size_t i;

	json_array_foreach(list, i, r)
		if (!strcmp(jsonx_str(r, "type", ""), type) &&
		    !strcmp(jsonx_str(r, "id", ""), resource))
			return i;
	return i;
}

static int change_locked(const char *path, const char *id, const char *type, const char *resource,
			 bool add, struct err *err)
{
	AUTO_JSON json_t *doc = load(path, id, err);
	json_t *list = json_object_get(doc, "resources");
	size_t n = json_array_size(list), at = find(list, type, resource);

	if (!doc)
		return -1;
	if (add == (at < n))
		return 0;
	if (n == RESOURCES_MAX && add)
		return err_set(err, ERR_CONFLICT, "lease %s has %d resources already", id, RESOURCES_MAX);
	if (add)
		json_array_append_new(list, json_pack("{s:s, s:s}", "type", type, "id", resource));
	else
		json_array_remove(list, at);
	return jsonx_write(AT_FDCWD, path, doc, 0600, err);
}

static int change(struct ctrd_leases *l, const char *ns, const char *id, const char *type,
		  const char *resource, bool add, struct err *err)
{
	AUTO_FREE char *path = path_of(l, ns, id, err);
	int rc;

	if (!path || check_resource(type, resource, err))
		return -1;
	pthread_mutex_lock(&l->lock);
	rc = change_locked(path, id, type, resource, add, err);
	pthread_mutex_unlock(&l->lock);
	return rc;
}

int ctrd_lease_add(struct ctrd_leases *l, const char *ns, const char *id, const char *type,
		   const char *resource, struct err *err)
{
	return change(l, ns, id, type, resource, true, err);
}

int ctrd_lease_drop(struct ctrd_leases *l, const char *ns, const char *id, const char *type,
		    const char *resource, struct err *err)
{
	return change(l, ns, id, type, resource, false, err);
}

/* --- all of them ------------------------------------------------------------------------------ */

static int each_in(struct ctrd_leases *l, const char *ns,
		   void (*each)(void *arg, int dir, const char *file, json_t *lease), void *arg,
		   struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", l->root, ns);
	AUTO_CLOSEDIR DIR *dir = opendir(path);

	if (!dir)
		return errno == ENOENT ? 0 : err_sys(err, "list %s", path);
	for (struct dirent *de; (de = readdir(dir));) {
		AUTO_JSON json_t *doc = NULL;

		if (!str_ends(de->d_name, ".json"))
			continue;
		doc = jsonx_read(dirfd(dir), de->d_name, DOC_LIMIT, err);
		if (doc)
			each(arg, dirfd(dir), de->d_name, doc);
		else if (err->kind != ERR_NOT_FOUND) /* else deleted meanwhile */
			return err_wrap(err, "leases");
	}
	return 0;
}

static void append(void *arg, int dir, const char *file, json_t *lease)
{
	(void)dir, (void)file;
	json_array_append(arg, lease);
}

json_t *ctrd_leases_list(struct ctrd_leases *l, const char *ns, struct err *err)
{
	AUTO_JSON json_t *list = json_array();

	if (ctrd_namespace_check(ns, err) || each_in(l, ns, append, list, err))
		return NULL;
	return steal_ptr(&list);
}

struct visit {
	void (*each)(void *arg, const char *type, const char *resource);
	void *arg;
};

static void visit_one(void *arg, int dir, const char *file, json_t *lease)
{
	struct visit *v = arg;
	json_t *r;
	size_t i;

	if (expired(lease)) {
		unlinkat(dir, file, 0);
		return;
	}
	json_array_foreach(json_object_get(lease, "resources"), i, r)
		v->each(v->arg, jsonx_str(r, "type", ""), jsonx_str(r, "id", ""));
}

int ctrd_leases_each(struct ctrd_leases *l,
		     void (*each)(void *arg, const char *type, const char *resource), void *arg,
		     struct err *err)
{
	AUTO_CLOSEDIR DIR *dir = opendir(l->root);
	struct visit v = { each, arg };
	int rc = 0;

	if (!dir)
		return err_sys(err, "list %s", l->root);
	pthread_mutex_lock(&l->lock); /* an addition is seen whole, and no removal races with it */
	for (struct dirent *de; !rc && (de = readdir(dir));)
		if (de->d_name[0] != '.')
			rc = each_in(l, de->d_name, visit_one, &v, err);
	pthread_mutex_unlock(&l->lock);
	return rc;
}
