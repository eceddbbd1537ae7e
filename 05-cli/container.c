/*
 * container.c - see container.h.
 */
#include "container.h"

#include "01-kernel/base/jsonx.h"

json_t *cli_container_inspect(struct cli *cli, const char *name, struct err *err)
{
	AUTO_FREE char *path = cli_api_path("containers", name, "/json", err);
	json_t *container = NULL;

	if (!path || cli_api_call(&cli->api, "GET", path, NULL, &container, err))
		return NULL;
	if (jsonx_str(container, "Id", NULL))
		return container;
	json_decref(container);
	err_set(err, ERR_CORRUPT, "the daemon's answer has no container ID");
	return NULL;
}

int cli_container_attach(struct cli_session *s, struct err *err)
{
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;

	strbuf_addf(&path, "/containers/%s/attach?stream=1&stdout=1&stderr=1", s->id);
	if (s->input)
		cli_query(&path, "stdin", "1");
	if (s->keys)
		cli_query(&path, "detachKeys", s->keys);
	return cli_conn_upgrade(s->conn, &s->cli->api, path.data, NULL, err);
}
