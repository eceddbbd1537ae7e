/*
 * proxy.c - upstream: who it is, how it is spoken to, whether it answers.
 *
 * The speaking is containerd's registry client's (03-containerd/fetch.h): tokens, redirects,
 * certificates.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/file.h"
#include "errors.h"
#include "proxy_private.h"

#define HUB "registry-1.docker.io"
#define PASSWORD_LIMIT 4096
#define STALL_SECONDS 20

static bool is_hub(const char *url)
{
	static const char *const names[] = { HUB, "docker.io", "index.docker.io" };
	const char *scheme = strstr(url, "://");
	const char *host = scheme ? scheme + 3 : url;
	size_t n = strcspn(host, "/");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == n && !strncmp(host, names[i], n))
			return true;
	return false;
}

static int read_password(struct reg_proxy *p, const char *path, struct err *err)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;

	if (file_read(AT_FDCWD, path, &text, PASSWORD_LIMIT, err))
		return err_wrap(err, "password of the mirrored registry");
	p->password = xstrndup(text.data ? text.data : "", strcspn(text.data ? text.data : "", "\r\n"));
	return 0;
}

static bool is_stopping(void *arg)
{
	return ((struct reg_proxy *)arg)->stopping;
}

struct ctrd_registry *proxy_upstream(struct reg_proxy *p, const char *name, bool impatient,
				     struct err *err)
{
	const struct ctrd_registry_options o = {
		.url = p->url,
		.repository = name,
		.actions = "pull",
		.credentials = { .username = p->user, .password = p->password },
		.registries = p->registries,
		.plain = str_starts(p->url, "http://"), /* whoever wrote that meant it */
		.impatient = impatient,
		.stall_seconds = STALL_SECONDS,
		.cancelled = is_stopping,
		.arg = p,
	};

	return ctrd_registry_new(&o, err);
}

/* A client that gets 401 looks for a challenge, and upstream's is none of its business. */
int proxy_recode(struct err *err, enum reg_code unknown)
{
	if (err->kind == ERR_NOT_FOUND)
		return reg_recode(err, unknown);
	if (err->kind == ERR_UNAUTHORIZED || err->kind == ERR_PERMISSION)
		return reg_recode(err, REG_DENIED);
	return -1;
}

struct reg_proxy *reg_proxy_new(struct reg_store *store, const struct reg_proxy_options *o,
				struct err *err)
{
	struct reg_proxy *p = xcalloc(1, sizeof(*p));
	struct ctrd_registry *probe;

	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->landed, NULL);
	p->store = store;
	p->hub = is_hub(o->url);
	p->url = p->hub ? xstrdup("https://" HUB)
	       : strstr(o->url, "://") ? xstrdup(o->url) : xasprintf("https://%s", o->url);
	p->user = xstrdup(o->user);
	p->max_size = o->max_size;
	p->registries = ctrd_registries_new(NULL);
	/* Nothing is sent for that: it says whether the address is one. */
	probe = proxy_upstream(p, "library/nothing", true, err);
	ctrd_registry_free(probe);
	if (probe && !(o->password_file && read_password(p, o->password_file, err)) &&
	    !proxy_weigh(p, err))
		return p;
	reg_proxy_free(p);
	return NULL;
}

void reg_proxy_stop(struct reg_proxy *p)
{
	if (!p)
		return;
	p->stopping = true;
	pthread_mutex_lock(&p->lock);
	pthread_cond_broadcast(&p->landed);
	pthread_mutex_unlock(&p->lock);
}

void reg_proxy_free(struct reg_proxy *p)
{
	if (!p)
		return;
	reg_proxy_stop(p);
	pthread_mutex_lock(&p->lock);
	while (p->running)
		pthread_cond_wait(&p->landed, &p->lock);
	pthread_mutex_unlock(&p->lock);
	ctrd_registries_free(p->registries);
	pthread_cond_destroy(&p->landed);
	pthread_mutex_destroy(&p->lock);
	free(p->url);
	free(p->user);
	free(p->password);
	free(p);
}

const char *reg_proxy_name(const struct reg_proxy *p, const char *name, char buf[REG_NAME_MAX + 1])
{
	if (!p || !p->hub || strchr(name, '/') || strlen(name) + strlen("library/") > REG_NAME_MAX)
		return name;
	strcpy(stpcpy(buf, "library/"), name);
	return buf;
}

void reg_proxy_hit(struct reg_proxy *p, int blob)
{
	p->hits++;
	reg_blob_touch(blob);
}

void reg_proxy_count(struct reg_proxy *p, struct reg_proxy_counts *counts)
{
	*counts = (struct reg_proxy_counts){ p->hits, p->misses, p->fetched };
}
