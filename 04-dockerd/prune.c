/*
 * prune.c - see prune.h; and POST /containers/prune and /volumes/prune.
 */
#include "prune.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "api.h"
#include "events.h"
#include "filters.h"
#include "human.h"
#include "lifecycle.h"
#include "volume.h"

#define SECOND 1000000000LL

/* --- the filters ------------------------------------------------------------------------- */

/* The unit at *p, which moves behind it; 0: none. */
static long long unit_of(const char **p)
{
	static const struct {
		const char *name;
		long long ns;
	} units[] = { { "ns", 1 },	  { "us", 1000 },	 { "ms", 1000000 },
		      { "s", SECOND }, { "m", 60 * SECOND }, { "h", 3600 * SECOND } };

	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		size_t n = strlen(units[i].name);

		if (strncmp(*p, units[i].name, n) || isalpha((unsigned char)(*p)[n]))
			continue;
		*p += n;
		return units[i].ns;
	}
	return 0;
}

long long dockerd_parse_duration(const char *text)
{
	double sum = 0;

	if (!*text)
		return -1;
	while (*text) {
		char *end;
		double n = isdigit((unsigned char)*text) ? strtod(text, &end) : -1;
		const char *p = n < 0 ? text : end;
		long long unit = n < 0 ? 0 : unit_of(&p);

		if (!unit)
			return -1;
		sum += n * (double)unit;
		text = p;
	}
	return sum < 9e18 ? (long long)sum : -1;
}

static int parse_until(struct prune *p, struct err *err)
{
	json_t *list = json_object_get(p->filters, "until");
	const char *text = json_string_value(json_array_get(list, 0));
	long long ago = text ? dockerd_parse_duration(text) : -1;

	if (!text)
		return 0;
	if (json_array_size(list) > 1)
		return err_set(err, ERR_INVALID, "more than one until filter specified");
	if (ago < 0)
		return dockerd_parse_when(text, &p->until, err);
	clock_gettime(CLOCK_REALTIME, &p->until);
	p->until.tv_sec -= ago / SECOND;
	p->until.tv_nsec -= ago % SECOND;
	if (p->until.tv_nsec < 0) {
		p->until.tv_sec--;
		p->until.tv_nsec += SECOND;
	}
	return 0;
}

int dockerd_prune_parse(struct prune *p, const char *text, const char *const known[],
			struct err *err)
{
	*p = (struct prune){ .filters = dockerd_filters_parse(text, known, err) };
	if (p->filters && !parse_until(p, err))
		return 0;
	dockerd_prune_free(p);
	return -1;
}

void dockerd_prune_free(struct prune *p)
{
	json_decref(p->filters);
	p->filters = NULL;
}

bool dockerd_prune_chooses(const struct prune *p, const json_t *labels, const char *created)
{
	json_t *not = json_object_get(p->filters, "label!");
	struct timespec at = { 0 };

	if (created && p->until.tv_sec) {
		dockerd_parse_timespec(created, &at);
		if (at.tv_sec > p->until.tv_sec ||
		    (at.tv_sec == p->until.tv_sec && at.tv_nsec > p->until.tv_nsec))
			return false;
	}
	if (json_array_size(not)) {
		AUTO_JSON json_t *as_label = json_pack("{s:O}", "label", not);

		if (dockerd_filter_labels(as_label, labels))
			return false;
	}
	return dockerd_filter_labels(p->filters, labels);
}

static void tell(struct daemon *d, const char *type, json_int_t reclaimed)
{
	dockerd_event(d, type, "prune", "",
		      json_pack("{s:o}", "reclaimed",
				json_sprintf("%" JSON_INTEGER_FORMAT, reclaimed)));
}

/* --- containers --------------------------------------------------------------------------- */

static json_int_t writable_size(struct daemon *d, const struct container *c)
{
	AUTO_FREE char *path = xasprintf("/v1/snapshots/%s/usage", c->id);
	struct err ignored;
	AUTO_JSON json_t *usage = ctrd_call(d->ctrd, "GET", path, NULL, &ignored);

	return jsonx_int(usage, "size", 0);
}

static bool is_idle(struct daemon *d, const struct container *c)
{
	bool idle;

	dockerd_lock(d);
	idle = !c->st.running && !c->st.restarting && !c->st.removing;
	dockerd_unlock(d);
	return idle;
}

static int prune_containers(struct http_request *req, struct http_reply *rep, void *daemon,
			    struct err *err)
{
	static const char *const known[] = { "until", "label", "label!", NULL };
	struct daemon *d = daemon;
	json_t *deleted = json_array();
	struct container **all;
	json_int_t space = 0;
	struct prune p;
	size_t n;

	if (dockerd_prune_parse(&p, http_query(req, "filters"), known, err)) {
		json_decref(deleted);
		return -1;
	}
	all = dockerd_container_all(d, &n);
	for (size_t i = 0; i < n; i++) {
		json_int_t size;

		if (!is_idle(d, all[i]) ||
		    !dockerd_prune_chooses(&p, json_object_get(all[i]->config, "Labels"),
					   all[i]->created))
			continue;
		size = writable_size(d, all[i]);
		if (dockerd_remove(d, all[i], false, false, err)) {
			log_warn("prune container %.12s: %s", all[i]->id, err->msg);
			continue;
		}
		space += size;
		json_array_append_new(deleted, json_string(all[i]->id));
	}
	dockerd_container_all_free(d, all, n);
	dockerd_prune_free(&p);
	tell(d, "container", space);
	http_reply_json(rep, 200, json_pack("{s:O, s:I}", "ContainersDeleted",
					    json_array_size(deleted) ? deleted : json_null(),
					    "SpaceReclaimed", space));
	json_decref(deleted);
	return 0;
}

/* --- volumes ------------------------------------------------------------------------------ */

/* Since 1.42 only those without a name, unless all are asked for. */
static bool wants_named(const struct http_request *req, const struct prune *p)
{
	const char *all = json_string_value(json_array_get(json_object_get(p->filters, "all"), 0));

	if (dockerd_api_minor(req) < 42)
		return true;
	return all && (!strcmp(all, "1") || !strcasecmp(all, "true"));
}

static bool chooses_volume(const struct http_request *req, const struct prune *p,
			   const json_t *volume)
{
	const json_t *labels = json_object_get(volume, "Labels");

	return (wants_named(req, p) || json_object_get(labels, VOLUME_ANONYMOUS)) &&
	       dockerd_prune_chooses(p, labels, NULL);
}

static int prune_volumes(struct http_request *req, struct http_reply *rep, void *daemon,
			 struct err *err)
{
	static const char *const known[] = { "label", "label!", "all", NULL };
	AUTO_JSON json_t *list = dockerd_volume_list(daemon, err);
	json_t *deleted, *v;
	json_int_t space = 0;
	struct prune p;
	size_t i;

	if (!list || dockerd_prune_parse(&p, http_query(req, "filters"), known, err))
		return -1;
	deleted = json_array();
	json_array_foreach(list, i, v) {
		const char *name = jsonx_str(v, "Name", "");
		json_int_t size;

		if (!chooses_volume(req, &p, v))
			continue;
		size = dockerd_tree_size(jsonx_str(v, "Mountpoint", ""));
		if (dockerd_volume_remove(daemon, name, err)) {
			/* In use, or another's prey: not for us. */
			if (err->kind != ERR_CONFLICT && err->kind != ERR_NOT_FOUND)
				log_warn("prune volume %s: %s", name, err->msg);
			continue;
		}
		dockerd_event(daemon, "volume", "destroy", name,
			      json_pack("{s:s}", "driver", "local"));
		space += size;
		json_array_append_new(deleted, json_string(name));
	}
	dockerd_prune_free(&p);
	tell(daemon, "volume", space);
	http_reply_json(rep, 200, json_pack("{s:o, s:I}", "VolumesDeleted", deleted,
					    "SpaceReclaimed", space));
	return 0;
}

const struct http_route dockerd_prune_routes[] = {
	{ "POST", "/containers/prune", prune_containers },
	{ "POST", "/volumes/prune", prune_volumes },
	{ NULL },
};
