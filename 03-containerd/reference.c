/*
 * reference.c - see reference.h. The grammar, in the distribution project's words:
 *
 *   reference  := name [ ":" tag ] [ "@" digest ]
 *   name       := [ domain "/" ] component { "/" component }
 *   domain     := host [ ":" port ]
 *   component  := [a-z0-9]+ { ( "." | "_" | "__" | "-"+ ) [a-z0-9]+ }
 *   tag        := [A-Za-z0-9_][A-Za-z0-9_.-]{0,127}
 *
 * What stands before the first slash is a domain only if it could not be a
 * component of Docker Hub: it has a dot, a colon or a capital, or is "localhost".
 */
#include "reference.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "01-kernel/base/strbuf.h"
#include "content.h"

#define HUB "docker.io"
#define HUB_OLD "index.docker.io"
#define OFFICIAL "library/"
#define LOWER_ALNUM "abcdefghijklmnopqrstuvwxyz0123456789"
#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZ" LOWER_ALNUM

static int invalid(const char *text, const char *why, struct err *err)
{
	return err_set(err, ERR_INVALID, "invalid reference format: \"%.200s\": %s", text, why);
}

/* One separator between runs of letters and digits; its length, 0 if there is none. */
static size_t separator(const char *s)
{
	if (*s == '-')
		return strspn(s, "-");
	if (*s == '_')
		return s[1] == '_' ? 2 : 1;
	return *s == '.';
}

static bool path_valid(const char *s)
{
	for (;;) {
		size_t run = strspn(s, LOWER_ALNUM), sep;

		if (!run)
			return false;
		s += run;
		if (!*s)
			return true;
		sep = *s == '/' ? 1 : separator(s);
		if (!sep)
			return false;
		s += sep;
	}
}

/* A DNS name, an IPv4 address, or "[IPv6]", with an optional port. */
static bool domain_valid(const char *s)
{
	size_t n;

	if (*s == '[') {
		n = strspn(s + 1, "0123456789abcdefABCDEF:.");
		if (!n || s[1 + n] != ']')
			return false;
		s += n + 2;
	} else {
		for (;; s++) {
			n = strspn(s, ALNUM "-");
			if (!n || s[0] == '-' || s[n - 1] == '-')
				return false;
			s += n;
			if (*s != '.')
				break;
		}
	}
	if (*s == ':')
		return s[1] && strspn(s + 1, "0123456789") == strlen(s + 1) && strlen(s + 1) <= 5;
	return !*s;
}

static bool tag_valid(const char *s)
{
	return *s && *s != '.' && *s != '-' && strlen(s) <= 128 &&
	       strspn(s, ALNUM "_.-") == strlen(s);
}

static bool is_domain(const char *s, size_t n)
{
	if (n == strlen("localhost") && !strncmp(s, "localhost", n))
		return true;
	for (size_t i = 0; i < n; i++)
		if (s[i] == '.' || s[i] == ':' || isupper((unsigned char)s[i]))
			return true;
	return false;
}

static int split_name(const char *text, char *name, struct reference *ref, struct err *err)
{
	char *slash = strchr(name, '/');
	const char *domain = HUB, *path = name, *prefix;
	bool hub;

	if (slash && is_domain(name, (size_t)(slash - name))) {
		*slash = '\0';
		domain = name;
		path = slash + 1;
	}
	hub = !strcmp(domain, HUB) || !strcmp(domain, HUB_OLD);
	if (!domain_valid(domain) || strlen(domain) >= sizeof(ref->domain))
		return invalid(text, "the registry's name is malformed", err);
	strcpy(ref->domain, hub ? HUB : domain);
	for (const char *p = path; *p; p++)
		if (isupper((unsigned char)*p))
			return invalid(text, "repository name must be lowercase", err);
	if (!path_valid(path))
		return invalid(text, "the repository's name is malformed", err);
	prefix = hub && !strchr(path, '/') ? OFFICIAL : "";
	if (strlen(prefix) + strlen(path) >= sizeof(ref->path)) /* a name with its prefix is one, too */
		return invalid(text, "the repository's name is too long", err);
	strcpy(stpcpy(ref->path, prefix), path);
	return 0;
}

int reference_parse(const char *text, struct reference *ref, struct err *err)
{
	AUTO_FREE char *name = xstrdup(text);
	char *at = strchr(name, '@'), *colon;

	memset(ref, 0, sizeof(*ref));
	if (at) {
		*at++ = '\0';
		if (!digest_valid(at))
			return invalid(text, "the digest is malformed", err);
		strcpy(ref->digest, at);
	}
	colon = strrchr(name, ':');
	if (colon && !strchr(colon, '/')) {
		*colon++ = '\0';
		if (!tag_valid(colon))
			return invalid(text, "the tag is malformed", err);
		strcpy(ref->tag, colon);
	}
	if (!*name)
		return invalid(text, "the repository's name is missing", err);
	if (strlen(name) == 64 && strspn(name, "0123456789abcdef") == 64)
		return invalid(text, "64 hex digits are an image's ID, not a name", err);
	if (!*ref->tag && !*ref->digest)
		strcpy(ref->tag, "latest");
	return split_name(text, name, ref, err);
}

static char *compose(const struct reference *ref, const char *domain, const char *path)
{
	return xasprintf("%s%s%s%s%s%s%s", domain, *domain ? "/" : "", path, *ref->tag ? ":" : "",
			 ref->tag, *ref->digest ? "@" : "", ref->digest);
}

char *reference_full(const struct reference *ref)
{
	return compose(ref, ref->domain, ref->path);
}

char *reference_familiar(const struct reference *ref)
{
	bool hub = !strcmp(ref->domain, HUB);
	const char *path = ref->path;

	/* "library/x" shortens; "library/x/y" would read as another repository's name. */
	if (hub && str_starts(path, OFFICIAL) && !strchr(path + strlen(OFFICIAL), '/'))
		path += strlen(OFFICIAL);
	return compose(ref, hub ? "" : ref->domain, path);
}
