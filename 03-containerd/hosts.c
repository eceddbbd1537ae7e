/*
 * hosts.c - see hosts.h.
 */
#include "hosts.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "fetch_private.h"
#include "toml.h"

#define HUB "docker.io"
#define HUB_URL "https://registry-1.docker.io"
#define FILE_LIMIT (256u << 10)

static struct ctrd_host *add(struct ctrd_hosts *hosts, const char *url, bool mirror)
{
	struct ctrd_host *h;

	hosts->v = xrealloc(hosts->v, (hosts->n + 1) * sizeof(*hosts->v));
	h = &hosts->v[hosts->n++];
	*h = (struct ctrd_host){ .url = xstrdup(url), .mirror = mirror, .pull = true,
				 .resolve = true, .push = !mirror };
	return h;
}

static void host_free(struct ctrd_host *h)
{
	strlist_free(&h->tls.ca);
	strlist_free(&h->tls.certs);
	strlist_free(&h->tls.keys);
	free(h->url);
}

void ctrd_hosts_free(struct ctrd_hosts *hosts)
{
	for (size_t i = 0; i < hosts->n; i++)
		host_free(&hosts->v[i]);
	free(hosts->v);
	memset(hosts, 0, sizeof(*hosts));
}

/* --- what a table says of a host --------------------------------------------------------------- */

static void add_file(struct strlist *l, const char *dir, const char *file)
{
	if (*file == '/')
		strlist_add(l, file);
	else
		strlist_addf(l, "%s/%s", dir, file);
}

static int take_capabilities(struct ctrd_host *h, const char *dir, const json_t *v, struct err *err)
{
	json_t *word;
	size_t i;

	(void)dir;
	h->pull = h->resolve = h->push = false;
	if (!json_is_array(v))
		return err_set(err, ERR_INVALID, "capabilities: expected a list");
	json_array_foreach(v, i, word) {
		const char *s = json_is_string(word) ? json_string_value(word) : "";

		if (!strcmp(s, "pull"))
			h->pull = true;
		else if (!strcmp(s, "resolve"))
			h->resolve = true;
		else if (!strcmp(s, "push"))
			h->push = true;
		else
			return err_set(err, ERR_INVALID, "capabilities: \"%.40s\" is none of pull, "
				       "resolve, push", s);
	}
	return 0;
}

static int take_ca(struct ctrd_host *h, const char *dir, const json_t *v, struct err *err)
{
	json_t *file;
	size_t i;

	if (json_is_string(v))
		add_file(&h->tls.ca, dir, json_string_value(v));
	else if (!json_is_array(v))
		return err_set(err, ERR_INVALID, "ca: expected a file or a list of files");
	json_array_foreach(v, i, file) {
		if (!json_is_string(file))
			return err_set(err, ERR_INVALID, "ca: expected a file or a list of files");
		add_file(&h->tls.ca, dir, json_string_value(file));
	}
	return 0;
}

/* "both.pem", or ["cert", "key"]. */
static int take_pair(struct ctrd_host *h, const char *dir, const json_t *v, struct err *err)
{
	const json_t *cert = json_is_array(v) ? json_array_get(v, 0) : v;
	const json_t *key = json_is_array(v) && json_array_size(v) == 2 ? json_array_get(v, 1) : cert;

	if (!json_is_string(cert) || !json_is_string(key) ||
	    (json_is_array(v) && json_array_size(v) > 2))
		return err_set(err, ERR_INVALID, "client: expected a file or [\"cert\", \"key\"]");
	add_file(&h->tls.certs, dir, json_string_value(cert));
	add_file(&h->tls.keys, dir, *json_string_value(key) ? json_string_value(key)
							    : json_string_value(cert));
	return 0;
}

static int take_client(struct ctrd_host *h, const char *dir, const json_t *v, struct err *err)
{
	json_t *one;
	size_t i;

	if (!json_is_array(v))
		return take_pair(h, dir, v, err);
	json_array_foreach(v, i, one)
		if (take_pair(h, dir, one, err))
			return -1;
	return 0;
}

static int take_bool(bool *out, const char *name, const json_t *v, struct err *err)
{
	if (!json_is_boolean(v))
		return err_set(err, ERR_INVALID, "%s: expected true or false", name);
	*out = json_is_true(v);
	return 0;
}

static int take_skip_verify(struct ctrd_host *h, const char *dir, const json_t *v, struct err *err)
{
	(void)dir;
	return take_bool(&h->tls.skip_verify, "skip_verify", v, err);
}

static int take_override_path(struct ctrd_host *h, const char *dir, const json_t *v, struct err *err)
{
	(void)dir;
	return take_bool(&h->whole_path, "override_path", v, err);
}

/* Anything else would be a wish that is not granted, and nobody would know. */
static int take_table(struct ctrd_host *h, const char *dir, json_t *table, struct err *err)
{
	static const struct {
		const char *key;
		int (*take)(struct ctrd_host *h, const char *dir, const json_t *v, struct err *err);
	} keys[] = {
		{ "capabilities", take_capabilities }, { "ca", take_ca },
		{ "client", take_client },             { "skip_verify", take_skip_verify },
		{ "override_path", take_override_path },
	};
	const char *name;
	json_t *v;

	h->configured = true;
	json_object_foreach(table, name, v) {
		size_t i = 0;

		while (i < 5 && strcmp(keys[i].key, name))
			i++;
		if (i == 5)
			return err_set(err, ERR_UNSUPPORTED, "%.60s: not known here", name);
		if (keys[i].take(h, dir, v, err))
			return -1;
	}
	return 0;
}

/* --- the file ------------------------------------------------------------------------------------ */

static int take_hosts(struct ctrd_hosts *hosts, const char *dir, const json_t *table, struct err *err)
{
	const char *url;
	json_t *v;

	json_object_foreach((json_t *)table, url, v) {
		struct ctrd_host *h;

		if (!json_is_object(v))
			return err_set(err, ERR_INVALID, "host.\"%.200s\": expected a table", url);
		h = strstr(url, "://") ? add(hosts, url, true) : NULL;
		if (!h)
			return err_set(err, ERR_INVALID, "host.\"%.200s\": expected https:// or http://",
				       url);
		if (take_table(h, dir, v, err))
			return err_wrap(err, "host.\"%.200s\"", url);
	}
	return 0;
}

static int take_document(struct ctrd_hosts *hosts, const char *dir, const char *server, json_t *doc,
			 struct err *err)
{
	AUTO_JSON json_t *table = json_incref(json_object_get(doc, "host"));
	AUTO_FREE char *own = xstrdup(jsonx_str(doc, "server", server));

	if (json_object_get(doc, "server") && !strstr(own, "://"))
		return err_set(err, ERR_INVALID, "server: expected https:// or http://");
	if (table && !json_is_object(table))
		return err_set(err, ERR_INVALID, "host: expected a table");
	json_object_del(doc, "server");
	json_object_del(doc, "host");
	if (table && take_hosts(hosts, dir, table, err))
		return -1;
	return take_table(add(hosts, own, false), dir, doc, err);
}

static int read_file(struct ctrd_hosts *hosts, const char *dir, const char *path, const char *server,
		     struct err *err)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	AUTO_JSON json_t *doc = NULL;

	if (file_read(AT_FDCWD, path, &text, FILE_LIMIT, err))
		return -1;
	doc = ctrd_toml_parse(text.data ? text.data : "", err);
	if (!doc || take_document(hosts, dir, server, doc, err))
		return err_wrap(err, "%s", path);
	return 0;
}

/* The first file there is: 1; none: 0. */
static int read_first(struct ctrd_registries *regs, struct ctrd_hosts *hosts, const char *domain,
		      const char *server, struct err *err)
{
	const struct strlist *dirs = registries_certs_dirs(regs);
	const char *const names[] = { domain, "_default" };

	for (size_t k = 0; dirs && k < 2; k++)
		for (size_t i = 0; i < dirs->n; i++) {
			AUTO_FREE char *dir = xasprintf("%s/%s", dirs->v[i], names[k]);
			AUTO_FREE char *path = xasprintf("%s/hosts.toml", dir);

			if (!access(path, F_OK))
				return read_file(hosts, dir, path, server, err) ? -1 : 1;
		}
	return 0;
}

static void keep_those(struct ctrd_hosts *hosts, bool push)
{
	size_t kept = 0;

	for (size_t i = 0; i < hosts->n; i++) {
		if (push ? hosts->v[i].push : hosts->v[i].pull)
			hosts->v[kept++] = hosts->v[i];
		else
			host_free(&hosts->v[i]);
	}
	hosts->n = kept;
}

int ctrd_hosts_find(struct ctrd_registries *regs, const char *domain, const char *const *mirrors,
		    bool push, struct ctrd_hosts *out, struct err *err)
{
	const char *server = !strcmp(domain, HUB) ? HUB_URL : domain;
	int found;

	for (size_t i = 0; mirrors && mirrors[i]; i++)
		add(out, mirrors[i], true);
	found = read_first(regs, out, domain, server, err);
	if (found < 0)
		return -1;
	if (!found)
		add(out, server, false);
	keep_those(out, push);
	if (!out->n)
		return err_set(err, ERR_PERMISSION, "no host of %s is configured for a %s", domain,
			       push ? "push" : "pull");
	return 0;
}
