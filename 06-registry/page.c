/*
 * page.c - the registry for a browser. No script, no form, nothing that changes anything:
 *
 *     /                          repositories
 *     /?repository=a/b           its tags
 *     /?repository=a/b&ref=v1    an image: its layers; or an index: its images
 *
 * Long lists are cut; ?after= is where the next page begins.
 */
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "errors.h"
#include "html.h"
#include "index.h"
#include "manifest.h"
#include "paging.h"
#include "server.h"

#define ROWS 100      /* of a page */
#define PARTS_MAX 500 /* of a manifest that are shown: a thousand layers are somebody's joke */

/* ---- lists, page by page -------------------------------------------------------------- */

/* `more`: the rest of the address; names and tags need no escaping in it. */
static void next_link(struct strbuf *page, const struct strlist *all, const struct reg_page *rows,
		      const char *more)
{
	if (rows->to == all->n)
		return;
	strbuf_adds(page, "<p><a href=\"/?after=");
	html_text(page, all->v[rows->to - 1]);
	strbuf_adds(page, more);
	strbuf_addf(page, "\">the next of %zu</a></p>\n", all->n);
}

/* ---- repositories ------------------------------------------------------------------------ */

static void repository_row(struct reg_server *server, const char *name, struct strbuf *page)
{
	AUTO_STRLIST struct strlist tags = STRLIST_INIT;
	struct err err;
	json_t *index = reg_index_load(server->store, name, true, &err);

	if (index)
		reg_index_tags(index, &tags);
	json_decref(index);
	strbuf_adds(page, "<tr><td><a href=\"/?repository=");
	html_text(page, name);
	strbuf_adds(page, "\">");
	html_text(page, name);
	strbuf_addf(page, "</a></td><td class=\"n\">%zu</td></tr>\n", tags.n);
}

/* Whoever may see the list of all need not be allowed to look into each. */
static void keep_readable(struct reg_server *server, struct http_request *req,
			  struct strlist *names)
{
	size_t kept = 0;

	for (size_t i = 0; i < names->n; i++)
		if (reg_auth_may_pull(server->auth, req, names->v[i]))
			names->v[kept++] = names->v[i];
		else
			free(names->v[i]);
	names->n = kept;
	if (names->v)
		names->v[kept] = NULL;
}

static int show_repositories(struct reg_server *server, struct http_request *req,
			     const char *after, struct strbuf *page, struct err *err)
{
	AUTO_STRLIST struct strlist names = STRLIST_INIT;
	struct reg_page rows;

	if (reg_repo_list(server->store, &names, err))
		return -1;
	keep_readable(server, req, &names);
	rows = reg_page_after(&names, strcmp, after, ROWS);
	html_begin(page, "Repositories");
	if (!names.n)
		strbuf_adds(page, "<p>There are none yet.</p>\n");
	strbuf_adds(page, "<table><tr><th>name</th><th>tags</th></tr>\n");
	for (size_t i = rows.from; i < rows.to; i++)
		repository_row(server, names.v[i], page);
	strbuf_adds(page, "</table>\n");
	next_link(page, &names, &rows, "");
	return 0;
}

/* ---- tags ---------------------------------------------------------------------------------- */

static void manifest_link(struct strbuf *page, const char *name, const char *ref)
{
	strbuf_adds(page, "<a href=\"/?repository=");
	html_text(page, name);
	strbuf_adds(page, "&amp;ref=");
	html_text(page, ref);
	strbuf_adds(page, "\">");
	html_text(page, ref);
	strbuf_adds(page, "</a>");
}

static void tag_row(const json_t *index, const char *name, const char *tag, struct strbuf *page)
{
	const json_t *d = reg_index_tag(index, tag);

	strbuf_adds(page, "<tr><td>");
	manifest_link(page, name, tag);
	strbuf_adds(page, "</td><td class=\"d\">");
	html_text(page, jsonx_str(d, "digest", ""));
	strbuf_adds(page, "</td></tr>\n");
}

static int show_tags(struct reg_server *server, const char *name, const char *after,
		     struct strbuf *page, struct err *err)
{
	AUTO_JSON json_t *index = reg_index_load(server->store, name, false, err);
	AUTO_FREE char *more = xasprintf("&amp;repository=%s", name);
	AUTO_STRLIST struct strlist tags = STRLIST_INIT;
	struct reg_page rows;

	if (!index)
		return -1;
	reg_index_tags(index, &tags);
	rows = reg_page_after(&tags, reg_tag_compare, after, ROWS);
	html_begin(page, name);
	strbuf_adds(page, "<p><a href=\"/\">all repositories</a></p>\n"
			  "<table><tr><th>tag</th><th>digest</th></tr>\n");
	for (size_t i = rows.from; i < rows.to; i++)
		tag_row(index, name, tags.v[i], page);
	strbuf_adds(page, "</table>\n");
	next_link(page, &tags, &rows, more);
	return 0;
}

/* ---- an image -------------------------------------------------------------------------------- */

struct parts {
	struct strbuf *page;
	const char *name;
	size_t n;
	uint64_t size;
};

static int part_row(void *arg, const struct reg_part *part, struct err *err)
{
	struct parts *p = arg;

	(void)err;
	p->size += part->size;
	if (p->n++ >= PARTS_MAX)
		return 0;
	strbuf_adds(p->page, "<tr><td class=\"d\">");
	if (part->manifest)
		manifest_link(p->page, p->name, part->digest);
	else
		html_text(p->page, part->digest);
	strbuf_adds(p->page, "</td><td>");
	html_text(p->page, part->media_type);
	strbuf_adds(p->page, "</td><td class=\"n\">");
	html_size(p->page, part->size);
	strbuf_adds(p->page, "</td></tr>\n");
	return 0;
}

static void show_parts(const struct reg_manifest *m, const char *name, struct strbuf *page)
{
	struct parts p = { page, name, 0, 0 };
	struct err none;

	strbuf_addf(page, "<h2>%s</h2>\n<table><tr><th>digest</th><th>type</th><th>size</th></tr>\n",
		    m->type->index ? "Manifests" : "Config and layers");
	reg_manifest_each(m, part_row, &p, &none);
	strbuf_adds(page, "</table>\n");
	if (p.n > PARTS_MAX)
		strbuf_addf(page, "<p>and %zu more</p>\n", p.n - PARTS_MAX);
	if (m->type->index)
		return;
	strbuf_adds(page, "<p>");
	html_size(page, p.size);
	strbuf_adds(page, " in all</p>\n");
}

/* How to get it, by the name that the browser has for this registry. */
static void show_command(struct http_request *req, const char *name, const char *ref,
			 struct strbuf *page)
{
	const char *host = http_header(req, "Host");

	strbuf_adds(page, "<p><code>docker pull ");
	html_text(page, host ? host : "");
	strbuf_adds(page, "/");
	html_text(page, name);
	strbuf_adds(page, strchr(ref, ':') ? "@" : ":");
	html_text(page, ref);
	strbuf_adds(page, "</code></p>\n");
}

static int show_image(struct reg_server *server, struct http_request *req, const char *name,
		      const char *ref, struct strbuf *page, struct err *err)
{
	AUTO_JSON json_t *index = reg_index_load(server->store, name, false, err);
	const json_t *d = reg_index_find(index, ref);
	AUTO_FREE char *title = xasprintf("%s%c%s", name, strchr(ref, ':') ? '@' : ':', ref);
	AUTO_FREE char *text = NULL;
	struct reg_manifest m;
	size_t n;

	if (!index)
		return -1;
	if (!d)
		return reg_refuse(err, REG_MANIFEST_UNKNOWN, "%s has no manifest %.150s", name, ref);
	text = reg_blob_read(server->store, name, jsonx_str(d, "digest", ""), &n, err);
	if (!text || reg_manifest_parse(text, n, jsonx_str(d, "mediaType", NULL), &m, err))
		return -1;
	html_begin(page, title);
	strbuf_adds(page, "<p><a href=\"/?repository=");
	html_text(page, name);
	strbuf_adds(page, "\">all tags</a></p>\n");
	show_command(req, name, ref, page);
	strbuf_adds(page, "<p class=\"d\">");
	html_text(page, jsonx_str(d, "digest", ""));
	strbuf_adds(page, "<br>");
	html_text(page, jsonx_str(d, "mediaType", ""));
	strbuf_adds(page, "</p>\n");
	show_parts(&m, name, page);
	reg_manifest_free(&m);
	return 0;
}

/* ---- which of them ----------------------------------------------------------------------------- */

static int show(struct reg_server *server, struct http_request *req, struct strbuf *page,
		struct err *err)
{
	const char *name = http_query(req, "repository");
	const char *ref = http_query(req, "ref");
	const char *after = http_query(req, "after");

	if (!name)
		return show_repositories(server, req, after, page, err);
	if (reg_name_check(name, err))
		return -1;
	if (!reg_auth_may_pull(server->auth, req, name))
		return reg_refuse(err, REG_DENIED, "you may not look into %s", name);
	return ref ? show_image(server, req, name, ref, page, err)
		   : show_tags(server, name, after, page, err);
}

int reg_get_page(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	AUTO_STRBUF struct strbuf page = STRBUF_INIT;
	int status = 200;

	if (show(daemon, req, &page, err)) {
		status = http_status_of(err->kind);
		html_begin(&page, "That did not work");
		strbuf_adds(&page, "<p>");
		html_text(&page, err->msg);
		strbuf_adds(&page, "</p>\n<p><a href=\"/\">all repositories</a></p>\n");
	}
	html_reply(rep, status, &page);
	return 0;
}
