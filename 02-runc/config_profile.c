/*
 * config_profile.c - linux.seccomp, mostly without reading it.
 *
 * A profile like Docker's is two thirds of config.json, and nearly always one whose filter
 * is kept. So it is looked for in the text; if the filter of exactly these bytes is known,
 * they were a good profile once, and the document is read as if `null` stood there.
 *
 * Where the profile begins is a guess, which the reading confirms: then linux.seccomp is
 * null, and since no name may be there twice, it was there that something was cut out.
 * Otherwise, and whenever there is an error, the whole is read in the ordinary way.
 */
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"
#include "01-kernel/base/strbuf.h"
#include "config.h"

#define BLANKS " \t\r\n"

struct span {
	const char *start; /* NULL: nothing was found */
	size_t n;
};

/* From an opening brace to the one that closes it, braces in strings apart. */
static size_t object_length(const char *start)
{
	size_t depth = 0;

	for (const char *p = start; (p = strpbrk(p, "{}\"")); p++) {
		if (*p == '"')
			for (p++; *p && *p != '"'; p++)
				p += *p == '\\' && p[1];
		else if (*p == '{')
			depth++;
		else
			depth--;
		if (!*p || !depth)
			return *p ? (size_t)(p + 1 - start) : 0;
	}
	return 0;
}

static struct span find_profile(const char *text)
{
	static const char name[] = "\"seccomp\"";
	const char *p = strstr(text, name);
	struct span s = { NULL, 0 };

	if (!p)
		return s;
	p += strlen(name);
	p += strspn(p, BLANKS);
	p += *p == ':';
	p += strspn(p, BLANKS);
	if (*p == '{')
		s.n = object_length(p);
	s.start = s.n ? p : NULL;
	return s;
}

/* The document without it; NULL if that was not linux.seccomp, or something is wrong. */
static json_t *tree_without(const struct strbuf *text, const struct span *profile)
{
	const char *after = profile->start + profile->n;
	AUTO_STRBUF struct strbuf rest = STRBUF_INIT;
	struct err ignored;
	json_t *doc;

	strbuf_reserve(&rest, text->len - profile->n + 8);
	strbuf_add(&rest, text->data, (size_t)(profile->start - text->data));
	strbuf_adds(&rest, "null");
	strbuf_add(&rest, after, (size_t)(text->data + text->len - after));
	doc = runc_config_tree(&rest, "", &ignored);
	if (json_is_null(jsonx_at(doc, "linux.seccomp")))
		return doc;
	json_decref(doc);
	return NULL;
}

/* Where an agent listens is to be read each time. */
static bool names_listener(const struct span *profile)
{
	return memmem(profile->start, profile->n, "\"listener", strlen("\"listener"));
}

json_t *runc_config_doc(const struct strbuf *text, const char *path, struct runc_filter *f,
			struct err *err)
{
	struct span profile = find_profile(text->data);

	if (profile.start && !names_listener(&profile) &&
	    runc_seccomp_recall(profile.start, profile.n, f)) {
		json_t *doc = tree_without(text, &profile);

		if (doc)
			return doc;
		runc_seccomp_free(f);
	}
	return runc_config_tree(text, path, err);
}

/* Is this what the configuration has as its profile? */
static bool confirmed(const struct runc_config *c, const struct span *profile)
{
	struct strbuf text = { .data = c->text, .len = strlen(c->text) };
	AUTO_JSON json_t *doc = tree_without(&text, profile);

	return doc;
}

static int build_filter(struct runc_config *c, struct err *err)
{
	struct span profile = { NULL, 0 };

	if (c->text)
		profile = find_profile(c->text);
	if (profile.start && !confirmed(c, &profile))
		profile.start = NULL;
	if (profile.start && runc_seccomp_recall(profile.start, profile.n, &c->filter))
		return 0;
	if (runc_seccomp_build(c->seccomp, &c->filter, err))
		return -1;
	if (profile.start && c->filter.n)
		runc_seccomp_remember(profile.start, profile.n, &c->filter);
	return 0;
}

int runc_config_filter(struct runc_config *c, struct err *err)
{
	if (!c->filter.n && c->seccomp && build_filter(c, err))
		return -1;
	if (c->filter.n)
		log_debug("seccomp filter flags: %u", c->filter.flags);
	return 0;
}
