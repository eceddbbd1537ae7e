/*
 * docker_config.c - the config.json of `docker run -m 512m --cpus 1 --pids-limit 100
 * busybox true`, as dockerd and the shim make it: by their own functions, not from a copy.
 *
 *     docker-config DIRECTORY      writes DIRECTORY/config.json
 *
 * The command of the client is a request body here, and the daemon's root is DIRECTORY: its
 * hostname, hosts and resolv.conf are bound from DIRECTORY/containers/<id>/.
 */
#include <stdio.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "03-containerd/bundle.h"
#include "04-dockerd/container.h"
#include "04-dockerd/create.h"
#include "04-dockerd/ospec.h"

#define ID "44a4cc3795b91c20a59b5599cac682b9257180630b87616eda246ace45ab3715"

static const char body[] = "{\"Cmd\": [\"true\"]}";
static const char limits[] = "{\"Memory\": 536870912, \"NanoCpus\": 1000000000, \"PidsLimit\": 100}";
static const char user[] = "{\"uid\": 0, \"gid\": 0, \"additionalGids\": [0], \"home\": \"/root\"}";

static int make_documents(struct container *c, struct err *err)
{
	AUTO_STRLIST struct strlist warnings = STRLIST_INIT;
	AUTO_JSON json_t *request = json_loads(body, 0, NULL), *image = json_object();
	AUTO_JSON json_t *host = json_loads(limits, 0, NULL);

	c->name = xstrdup("bench");
	c->mounts = json_array();
	c->config = dockerd_config_make(request, image, c->id, err);
	c->host = c->config ? dockerd_host_make(host, &warnings, err) : NULL;
	return c->host ? 0 : -1;
}

static int write_config(struct daemon *d, struct container *c, struct err *err)
{
	AUTO_JSON json_t *who = json_loads(user, 0, NULL), *spec = NULL;
	struct joins none = { 0 };

	if (make_documents(c, err))
		return -1;
	spec = dockerd_spec(d, c, &none, err);
	return spec ? ctrd_bundle_spec(d->cfg->data_root, spec, 0, who, err) : -1;
}

int main(int argc, char **argv)
{
	struct config cfg = { .data_root = argc == 2 ? argv[1] : NULL };
	struct daemon d = { .cfg = &cfg, .lock = PTHREAD_MUTEX_INITIALIZER };
	struct container *c = dockerd_container_new(ID);
	struct err err = { .kind = ERR_NONE };
	int failed;

	if (argc != 2)
		return fprintf(stderr, "usage: docker-config DIRECTORY\n"), 2;
	failed = write_config(&d, c, &err);
	if (failed)
		fprintf(stderr, "docker-config: %s\n", err.msg);
	dockerd_container_put(&d, c);
	return failed ? 1 : 0;
}
