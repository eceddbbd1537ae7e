/*
 * fetch_trust.c - which certificates a registry is believed, and which one it is shown.
 *
 *   <certs_dir>/<host:port>/NAME.crt              of an authority, beside the system's
 *                           NAME.cert, NAME.key   ours
 *
 * (Docker's layout, "Verify repository client with certificates"; hosts.toml names files of
 * the same kinds.) The authorities count also where the registry leads to, its token
 * service above all. Our certificate is shown to the registry's own origin only.
 */
#include "fetch_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/file.h"

#define PEM_LIMIT (8u << 20)

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* libcurl does not look at the variables that OpenSSL's other users honour. */
static const char *system_bundle(void)
{
	const char *file = variable("SSL_CERT_FILE");

	return file ? file : curl_version_info(CURLVERSION_NOW)->cainfo;
}

/* libcurl takes one bundle: the system's certificates come first in ours. */
static int trust_file(struct fetch_trust *t, const char *path, struct err *err)
{
	const char *bundle = system_bundle();
	struct err ignored; /* a machine without any: then only ours count */

	if (!t->pem.len && bundle)
		file_read(AT_FDCWD, bundle, &t->pem, PEM_LIMIT, &ignored);
	strbuf_addc(&t->pem, '\n');
	return file_read(AT_FDCWD, path, &t->pem, PEM_LIMIT, err);
}

/* The first pair: libcurl shows one. */
static void show_pair(struct fetch_trust *t, const char *cert, const char *key)
{
	if (t->cert)
		return;
	t->cert = xstrdup(cert);
	t->key = xstrdup(key);
}

/* Half a pair is a mistake that would otherwise be found by nobody (Docker refuses it too). */
static int take_pair(struct fetch_trust *t, const char *path, struct err *err)
{
	AUTO_FREE char *stem = xstrndup(path, (size_t)(strrchr(path, '.') - path));
	AUTO_FREE char *cert = xasprintf("%s.cert", stem), *key = xasprintf("%s.key", stem);
	const char *other = strcmp(path, cert) ? cert : key;

	if (access(other, R_OK))
		return err_sys(err, "%s belongs to %s", path, other);
	show_pair(t, cert, key);
	return 0;
}

static int take_file(struct fetch_trust *t, const char *path, struct err *err)
{
	if (str_ends(path, ".crt"))
		return trust_file(t, path, err);
	if (str_ends(path, ".cert") || str_ends(path, ".key"))
		return take_pair(t, path, err);
	return 0;
}

static int take_dir(struct fetch_trust *t, const char *dir, struct err *err)
{
	struct dirent **entries;
	int n = scandir(dir, &entries, NULL, alphasort), rc = 0;

	if (n < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : err_sys(err, "read %s", dir);
	for (int i = 0; i < n; i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", dir, entries[i]->d_name);

		if (!rc && entries[i]->d_name[0] != '.')
			rc = take_file(t, path, err);
		free(entries[i]);
	}
	free(entries);
	return rc;
}

static int take_configured(struct fetch_trust *t, const struct ctrd_tls *tls, struct err *err)
{
	t->skip_verify = tls->skip_verify;
	for (size_t i = 0; i < tls->ca.n; i++)
		if (trust_file(t, tls->ca.v[i], err))
			return -1;
	if (tls->certs.n)
		show_pair(t, tls->certs.v[0], tls->keys.v[0]);
	return 0;
}

int fetch_trust_load(struct ctrd_registry *r, const struct ctrd_tls *tls, struct err *err)
{
	const struct strlist *dirs = registries_certs_dirs(r->registries);

	if (tls && take_configured(&r->trust, tls, err))
		return err_wrap(err, "certificates for %s", r->host);
	if (*r->host == '.' || strchr(r->host, '/'))
		return 0; /* no name of a directory of a registry */
	for (size_t i = 0; dirs && i < dirs->n; i++) {
		AUTO_FREE char *dir = xasprintf("%s/%s", dirs->v[i], r->host);

		if (take_dir(&r->trust, dir, err))
			return err_wrap(err, "certificates for %s", r->host);
	}
	return 0;
}

void fetch_trust_free(struct fetch_trust *t)
{
	strbuf_free(&t->pem);
	free(t->cert);
	free(t->key);
}

static void set_authorities(const struct fetch_trust *t, CURL *c)
{
	struct curl_blob blob = { t->pem.data, t->pem.len, CURL_BLOB_NOCOPY };
	const char *file = variable("SSL_CERT_FILE"), *dir = variable("SSL_CERT_DIR");

	if (t->pem.len)
		curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &blob);
	else if (file)
		curl_easy_setopt(c, CURLOPT_CAINFO, file);
	if (dir)
		curl_easy_setopt(c, CURLOPT_CAPATH, dir);
}

void fetch_trust_set(struct ctrd_registry *r, CURL *c, const char *url)
{
	AUTO_FREE char *host = url_host(url);
	const struct fetch_trust *t = &r->trust;
	bool own = registry_same_origin(url, r->base);

	set_authorities(t, c);
	if (host && url_is_loopback(host)) /* a proxy's loopback would be another one */
		curl_easy_setopt(c, CURLOPT_PROXY, "");
	if ((host && registry_insecure(r, host)) || (own && t->skip_verify)) {
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (own && t->cert) {
		curl_easy_setopt(c, CURLOPT_SSLCERT, t->cert);
		curl_easy_setopt(c, CURLOPT_SSLKEY, t->key);
	}
}
