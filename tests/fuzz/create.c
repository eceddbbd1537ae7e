/*
 * create.c - bodies of POST /containers/create: from the JSON to config.json.
 *
 * What is accepted is what inspect shows, and clients send that back to make the same container
 * again: it must be accepted too, and stay as it is. The document that the runtime gets may be one that
 * it refuses, but never one that it chokes on.
 */
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "02-runc/config.h"
#undef AUTO_CONFIG /* each of the two stages has one */
#include "04-dockerd/create.h"
#include "04-dockerd/mounts.h"
#include "04-dockerd/network.h"
#include "04-dockerd/ospec.h"
#include "fuzz.h"

static struct config cfg = { .data_root = FUZZ_DIR, .exec_root = FUZZ_DIR, .log_driver = "json-file" };
static struct networks networks = { .lock = PTHREAD_MUTEX_INITIALIZER, .unused = PTHREAD_COND_INITIALIZER };
static struct daemon d = { .cfg = &cfg, .net = &networks, .lock = PTHREAD_MUTEX_INITIALIZER };
static const char image[] = "{\"Cmd\":[\"sh\"],\"Env\":[\"PATH=/bin\"],\"Volumes\":{\"/v\":{}},"
			    "\"ExposedPorts\":{\"80/tcp\":{}},\"Labels\":{\"a\":\"b\"}}";

/* Accepted, or refused with words. */
static json_t *said(json_t *doc, const struct err *err)
{
	MUST(doc || (err->kind != ERR_NONE && *err->msg));
	return doc;
}

static void same_again(const json_t *host)
{
	AUTO_STRLIST struct strlist warnings = STRLIST_INIT;
	struct err err = { .msg = "" };
	AUTO_JSON json_t *again = dockerd_host_make(host, &warnings, &err);

	if (!again)
		fprintf(stderr, "%s\n", err.msg);
	MUST(again && json_equal(host, again));
}

static void run(const struct container *c)
{
	struct joins none = { .shm = NULL };
	struct runc_config parsed = { .doc = NULL };
	struct err err = { .msg = "" };
	json_t *spec = said(dockerd_spec(&d, c, &none, &err), &err);

	if (!spec)
		return;
	if (runc_config_parse(&parsed, spec, &err)) /* takes it */
		MUST(*err.msg);
	runc_config_free(&parsed);
}

static void create(struct container *c, const json_t *body)
{
	AUTO_STRLIST struct strlist warnings = STRLIST_INIT;
	AUTO_JSON json_t *from = json_loads(image, 0, NULL);
	struct err err = { .msg = "" };

	c->config = said(dockerd_config_make(body, from, c->id, &err), &err);
	if (!c->config)
		return;
	c->host = said(dockerd_host_make(json_object_get(body, "HostConfig"), &warnings, &err), &err);
	if (!c->host || dockerd_conflicts_check(body, c->host, &err))
		return;
	same_again(c->host);
	c->networks = said(dockerd_networking_make(&d, json_object_get(body, "NetworkingConfig"), c->config,
						   c->host, true, &err), &err);
	c->mounts = said(dockerd_mounts_plan(&d, c->config, c->host, &err), &err);
	if (c->networks && c->mounts)
		run(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err ignored;
	AUTO_JSON json_t *body = jsonx_parse((const char *)data, size, "body", &ignored);
	struct container *c;

	if (!json_is_object(body))
		return 0;
	c = dockerd_container_new("44a4cc3795b91c20a59b5599cac682b9257180630b87616eda246ace45ab3715");
	c->name = xstrdup("fuzz");
	create(c, body);
	dockerd_container_put(&d, c);
	return 0;
}
