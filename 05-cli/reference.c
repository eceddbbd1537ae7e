/*
 * reference.c - see reference.h. The grammar is that of the distribution
 * project's package "reference", which every registry and tool follows.
 */
#include "reference.h"

#include <ctype.h>
#include <string.h>

#include "01-kernel/base/strbuf.h"

#define HUB "docker.io"
#define LIBRARY "library/"
#define NAME_MAX_LEN 255
#define TAG_MAX_LEN 128

static const char digits_lower[] = "abcdefghijklmnopqrstuvwxyz0123456789";

/* path-component: [a-z0-9]+ joined by ".", "_", "__" or dashes. */
static bool good_component(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n) {
		size_t run = strspn(p + i, digits_lower);
		if (!run)
			return false;
		i += run;
		if (i >= n)
			return i == n;
		size_t dashes = strspn(p + i, "-");
		i += dashes ? dashes : p[i] == '.' ? 1 : p[i] == '_' ? 1 + (p[i + 1] == '_') : n + 1;
	}
	return false;
}

static bool good_path(const char *path)
{
	for (const char *p = path;; p++) {
		size_t n = strcspn(p, "/");
		if (!good_component(p, n))
			return false;
		p += n;
		if (!*p)
			return true;
	}
}

static bool good_host(const char *host)
{
	size_t name = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");

	for (size_t i = 0; i < name; i++)
		if (!isalnum((unsigned char)host[i]) && !strchr(host[0] == '[' ? "[]:" : ".-", host[i]))
			return false;
	if (!name || host[0] == '-' || host[0] == '.' || name > strlen(host))
		return false;
	return !host[name] || (host[name] == ':' && host[name + 1] &&
			       strspn(host + name + 1, "0123456789") == strlen(host + name + 1));
}

static bool good_tag(const char *tag)
{
	size_t n = strlen(tag);

	if (!n || n > TAG_MAX_LEN || (!isalnum((unsigned char)*tag) && *tag != '_'))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)tag[i]) && !strchr("_.-", tag[i]))
			return false;
	return true;
}

bool cli_reference_digest(const char *digest)
{
	static const char hex[] = "0123456789abcdef";
	const char *colon = strchr(digest, ':');

	return colon && strspn(digest, digits_lower) == (size_t)(colon - digest) && colon > digest &&
	       strspn(colon + 1, hex) == strlen(colon + 1) && strlen(colon + 1) >= 32 &&
	       (!str_starts(digest, "sha256:") || strlen(colon + 1) == 64);
}

/* Does the first part name a host? A capital letter makes it one too, because
 * no path has capitals. */
static bool is_host(const char *first, size_t n)
{
	bool capital = false;

	for (size_t i = 0; i < n; i++) {
		if (first[i] == '.' || first[i] == ':')
			return true;
		capital = capital || isupper((unsigned char)first[i]);
	}
	return capital || (n == 9 && !strncmp(first, "localhost", 9));
}

static int set_name(struct cli_reference *ref, const char *name, struct err *err)
{
	const char *slash = strchr(name, '/');
	bool host = slash && is_host(name, (size_t)(slash - name));
	AUTO_FREE char *domain = host ? xstrndup(name, (size_t)(slash - name)) : xstrdup(HUB);
	const char *path = host ? slash + 1 : name;
	bool hub = !strcmp(domain, HUB) || !strcmp(domain, "index.docker.io");
	AUTO_FREE char *full = xasprintf("%s%s", hub && !strchr(path, '/') ? LIBRARY : "", path);

	for (const char *c = full; *c; c++)
		if (isupper((unsigned char)*c))
			return err_set(err, ERR_INVALID,
				       "invalid reference format: repository name (%s) must be lowercase", full);
	if (!good_path(full) || !good_host(domain))
		return err_set(err, ERR_INVALID, "invalid reference format");
	if (strlen(full) > NAME_MAX_LEN)
		return err_set(err, ERR_INVALID, "repository name must not be more than %d characters",
			       NAME_MAX_LEN);
	ref->name = xasprintf("%s/%s", hub ? HUB : domain, full);
	const char *familiar = hub ? full : ref->name;
	if (hub && str_starts(familiar, LIBRARY) && !strchr(familiar + strlen(LIBRARY), '/'))
		familiar += strlen(LIBRARY);
	ref->familiar = xstrdup(familiar);
	return 0;
}

int cli_reference_parse(struct cli_reference *ref, const char *text, struct err *err)
{
	AUTO_FREE char *name = xstrdup(text);
	char *at, *colon;

	*ref = (struct cli_reference){ 0 };
	if (strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64) {
		ref->id = true;
		ref->familiar = xstrdup(text);
		return 0;
	}
	if ((at = strchr(name, '@'))) {
		*at = 0;
		ref->digest = xstrdup(at + 1);
	}
	colon = strrchr(name, ':');
	if (colon && !strchr(colon, '/')) {
		*colon = 0;
		ref->tag = xstrdup(colon + 1);
	}
	int rc = 0;
	if ((ref->tag && !good_tag(ref->tag)) || (ref->digest && !cli_reference_digest(ref->digest)))
		rc = err_set(err, ERR_INVALID, "invalid reference format");
	if (rc || set_name(ref, name, err)) {
		cli_reference_free(ref);
		return -1;
	}
	return 0;
}

int cli_reference_parse_name(struct cli_reference *ref, const char *text, struct err *err)
{
	if (cli_reference_parse(ref, text, err))
		return -1;
	if (!ref->id)
		return 0;
	cli_reference_free(ref);
	return err_set(err, ERR_INVALID, "invalid repository name (%s), cannot specify 64-byte hexadecimal strings", text);
}

void cli_reference_free(struct cli_reference *ref)
{
	free(ref->name);
	free(ref->familiar);
	free(ref->tag);
	free(ref->digest);
	*ref = (struct cli_reference){ 0 };
}
