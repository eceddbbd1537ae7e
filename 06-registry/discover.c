/*
 * discover.c - the category "content discovery": end-8, end-12, and _catalog,
 * which the specification leaves out and every client has (Docker's HTTP API V2).
 *
 * Lists are cut by ?n= and continued by ?last=, the last entry of the page
 * before; a Link header carries the address of the next page (RFC 8288).
 */
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/strbuf.h"
#include "errors.h"
#include "index.h"
#include "paging.h"
#include "referrers.h"
#include "server.h"

static int cut_page(struct http_request *req, const struct strlist *all,
		    int (*compare)(const char *, const char *), struct reg_page *page,
		    struct err *err)
{
	const char *n = http_query(req, "n");

	if (n && (!*n || strspn(n, "0123456789") != strlen(n)))
		return reg_refuse(err, REG_PAGE_INVALID, "n=%.30s is not a number", n);
	/* ULONG_MAX for more than that, which is as good. */
	*page = reg_page_after(all, compare, http_query(req, "last"),
			       n ? strtoul(n, NULL, 10) : all->n);
	return 0;
}

/* Names and tags consist of characters that a URL takes as they are. */
static json_t *page_list(struct http_reply *rep, const struct strlist *all,
			 const struct reg_page *page, const char *path)
{
	json_t *list = json_array();

	for (size_t i = page->from; i < page->to; i++)
		json_array_append_new(list, json_string(all->v[i]));
	if (page->to > page->from && page->to < all->n) {
		AUTO_FREE char *link =
			xasprintf("<%s?n=%zu&last=%s>; rel=\"next\"", path, page->to - page->from,
				  all->v[page->to - 1]);

		http_reply_header(rep, "Link", link);
	}
	return list;
}

int reg_get_tags(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	struct reg_server *server = daemon;
	const char *name = reg_repository(req, err);
	json_t *index = name ? reg_index_load(server->store, name, false, err) : NULL;
	AUTO_STRLIST struct strlist tags = STRLIST_INIT;
	AUTO_FREE char *path = xasprintf("/v2/%s/tags/list", name ? name : "");
	struct reg_page page;

	if (!index)
		return -1;
	reg_index_tags(index, &tags);
	json_decref(index);
	if (cut_page(req, &tags, reg_tag_compare, &page, err))
		return -1;
	http_reply_json(rep, 200, json_pack("{s:s, s:o}", "name", name, "tags",
					    page_list(rep, &tags, &page, path)));
	return 0;
}

int reg_get_catalog(struct http_request *req, struct http_reply *rep, void *daemon,
		    struct err *err)
{
	struct reg_server *server = daemon;
	AUTO_STRLIST struct strlist names = STRLIST_INIT;
	struct reg_page page;

	if (reg_repo_list(server->store, &names, err) || cut_page(req, &names, strcmp, &page, err))
		return -1;
	http_reply_json(rep, 200, json_pack("{s:o}", "repositories",
					    page_list(rep, &names, &page, "/v2/_catalog")));
	return 0;
}

int reg_get_referrers(struct http_request *req, struct http_reply *rep, void *daemon,
		      struct err *err)
{
	struct reg_server *server = daemon;
	const char *name = reg_repository(req, err);
	const char *subject = http_param(req, "digest");
	const char *type = http_query(req, "artifactType");
	json_t *index;
	char *text;

	if (!name || reg_digest_check(subject, err))
		return -1;
	if (type && !*type)
		type = NULL;
	index = reg_referrers_load(server->store, name, subject, type, err);
	if (!index)
		return -1;
	if (type)
		http_reply_header(rep, "OCI-Filters-Applied", "artifactType");
	text = json_dumps(index, JSON_COMPACT);
	http_reply_bytes(rep, 200, "application/vnd.oci.image.index.v1+json", text, strlen(text));
	free(text);
	json_decref(index);
	return 0;
}
