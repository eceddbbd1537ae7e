/*
 * update.c - POST /containers/{id}/update: other limits and another restart policy for a
 * container that is there, and for its processes where it runs.
 *
 * HostConfig itself never changes: it is read everywhere without a lock. What was updated
 * is kept beside it (container.updates) and laid over it where limits, the policy and the
 * document are made.
 */
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "api.h"
#include "create.h"
#include "events.h"
#include "ospec.h"
#include "task.h"

/* Resources are a part of HostConfig; what cannot be changed later is refused. */
static const struct field update_fields[] = {
	{ "RestartPolicy", 'o', true, "null" },
	{ "CpuShares", 'i', true, "0" },
	{ "Memory", 'i', true, "0" },
	{ "NanoCpus", 'i', true, "0" },
	{ "BlkioWeight", 'i', true, "0" },
	{ "CpuPeriod", 'i', true, "0" },
	{ "CpuQuota", 'i', true, "0" },
	{ "CpuRealtimePeriod", 'i', true, "0" },
	{ "CpuRealtimeRuntime", 'i', true, "0" },
	{ "CpusetCpus", 's', true, "\"\"" },
	{ "CpusetMems", 's', true, "\"\"" },
	{ "MemoryReservation", 'i', true, "0" },
	{ "MemorySwap", 'i', true, "0" },
	{ "PidsLimit", 'i', true, "null" }, /* 0, and what is less, say: no limit */
	{ "CgroupParent", 's', false, "\"\"" },
	{ "BlkioWeightDevice", 'a', false, "[]" },
	{ "BlkioDeviceReadBps", 'a', false, "[]" },
	{ "BlkioDeviceWriteBps", 'a', false, "[]" },
	{ "BlkioDeviceReadIOps", 'a', false, "[]" },
	{ "BlkioDeviceWriteIOps", 'a', false, "[]" },
	{ "Devices", 'a', false, "[]" },
	{ "DeviceCgroupRules", 'l', false, "null" },
	{ "DeviceRequests", 'a', false, "null" },
	{ "KernelMemory", 'i', false, "0" },
	{ "KernelMemoryTCP", 'i', false, "0" },
	{ "MemorySwappiness", 'i', false, "null" },
	{ "OomKillDisable", 'b', false, "null" },
	{ "Ulimits", 'a', false, "[]" },
	{ NULL },
};

/* What the request changes: a new object of nothing else. */
static json_t *parse(const json_t *body, struct err *err)
{
	AUTO_JSON json_t *all = dockerd_normalise(body, update_fields, "", err), *policy = NULL;
	AUTO_JSON json_t *changes = json_object();
	const char *key;
	json_t *v;

	if (!all)
		return NULL;
	json_object_foreach(all, key, v)
		if (!dockerd_is_zero(v) || (!strcmp(key, "PidsLimit") && json_is_integer(v)))
			json_object_set(changes, key, v);
	if (jsonx_int(changes, "PidsLimit", 0) < 0)
		json_object_set_new(changes, "PidsLimit", json_integer(0));
	if (!json_object_get(changes, "RestartPolicy"))
		return steal_ptr(&changes);
	policy = dockerd_normalise(json_object_get(changes, "RestartPolicy"), dockerd_restart_fields,
				   "RestartPolicy.", err);
	if (!policy)
		return NULL;
	if (*jsonx_str(policy, "Name", ""))
		json_object_set(changes, "RestartPolicy", policy);
	else
		json_object_del(changes, "RestartPolicy");
	return steal_ptr(&changes);
}

/* --- what does not fit what is set already ------------------------------------------------ */

static int conflicts(const json_t *host, const json_t *changes, struct err *err)
{
	json_int_t memory = jsonx_int(changes, "Memory", 0), swap = jsonx_int(host, "MemorySwap", 0);
	json_t *policy = json_object_get(changes, "RestartPolicy");
	bool nano = jsonx_int(host, "NanoCpus", 0) > 0;

	if (nano && (jsonx_int(changes, "CpuPeriod", 0) || jsonx_int(changes, "CpuQuota", 0)))
		return err_set(err, ERR_CONFLICT,
			       "Conflicting options: CPU %s cannot be updated as NanoCPUs has "
			       "already been set",
			       jsonx_int(changes, "CpuPeriod", 0) ? "Period" : "Quota");
	if (jsonx_int(changes, "NanoCpus", 0) &&
	    (jsonx_int(host, "CpuPeriod", 0) || jsonx_int(host, "CpuQuota", 0)))
		return err_set(err, ERR_CONFLICT,
			       "Conflicting options: Nano CPUs cannot be updated as CPU %s has "
			       "already been set",
			       jsonx_int(host, "CpuPeriod", 0) ? "Period" : "Quota");
	if (swap >= 0 && memory > swap && !jsonx_int(changes, "MemorySwap", 0)) /* -1: no limit */
		return err_set(err, ERR_CONFLICT,
			       "Memory limit should be smaller than already set memoryswap "
			       "limit, update the memoryswap at the same time");
	if (policy && strcmp(jsonx_str(policy, "Name", ""), "no") &&
	    jsonx_bool(host, "AutoRemove", false))
		return err_set(err, ERR_CONFLICT,
			       "Restart policy cannot be updated because AutoRemove is enabled "
			       "for the container");
	return 0;
}

/* HostConfig as it would be, through the checks of create. */
static int check(const json_t *host, const json_t *changes, struct err *err)
{
	AUTO_JSON json_t *whole = json_deep_copy(host);

	json_object_update(whole, (json_t *)changes);
	return conflicts(host, changes, err) ? -1 : dockerd_host_check(whole, err);
}

/* --- doing it ----------------------------------------------------------------------------- */

/* op held: it neither starts nor ends meanwhile. */
static int apply(struct daemon *d, struct container *c, const json_t *changes, struct err *err)
{
	AUTO_JSON json_t *resources = dockerd_spec_resources(changes);
	json_t *updates;
	bool running, removing;

	dockerd_lock(d);
	running = c->st.running;
	removing = c->st.removing || !c->listed;
	dockerd_unlock(d);
	if (removing)
		return err_set(err, ERR_CONFLICT, "Container is marked for removal and cannot be "
						  "\"update\".");
	if (json_is_integer(json_object_get(changes, "PidsLimit")) &&
	    jsonx_int(changes, "PidsLimit", 0) <= 0)
		json_object_set_new(resources, "pids", json_pack("{s:i}", "limit", -1));
	if (dockerd_spec_blkio(changes, resources, err))
		return -1;
	if (running && json_object_size(resources) &&
	    dockerd_task_update(d, c->id, resources, err))
		return -1;
	dockerd_lock(d);
	updates = c->updates ? json_copy(c->updates) : json_object();
	json_object_update(updates, (json_t *)changes);
	json_decref(c->updates);
	c->updates = updates;
	dockerd_unlock(d);
	return dockerd_container_save(d, c, err);
}

static int update(struct daemon *d, struct container *c, const json_t *body, int minor, struct err *err)
{
	AUTO_JSON json_t *changes = parse(body, err), *host = NULL;
	int rc;

	if (!changes)
		return -1;
	if (minor < 40) /* what came later is passed over */
		json_object_del(changes, "PidsLimit");
	pthread_mutex_lock(&c->op);
	dockerd_lock(d);
	host = dockerd_container_host(c);
	dockerd_unlock(d);
	rc = check(host, changes, err);
	if (!rc && apply(d, c, changes, err))
		rc = err_wrap(err, "Cannot update container %s", c->id);
	pthread_mutex_unlock(&c->op);
	if (!rc)
		dockerd_container_event(d, c, "update", NULL);
	return rc;
}

static int post_update(struct http_request *req, struct http_reply *rep, void *daemon,
		       struct err *err)
{
	struct container *c = dockerd_api_container(daemon, req, err);
	json_t *body = c ? http_body_json(req, err) : NULL;
	int rc = body ? update(daemon, c, body, dockerd_api_minor(req), err) : -1;

	dockerd_container_put(daemon, c);
	if (!rc)
		http_reply_json(rep, 200, json_pack("{s:n}", "Warnings"));
	return rc;
}

const struct http_route dockerd_update_routes[] = {
	{ "POST", "/containers/{id}/update", post_update },
	{ NULL },
};
