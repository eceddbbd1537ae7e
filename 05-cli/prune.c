/*
 * prune.c - see prune.h.
 */
#include "prune.h"

#include <stdio.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "list.h"

/* What is asked, and where in the answer the names of the removed are. */
static const struct kind {
	const char *path, *member, *title;
} kinds[] = {
	[PRUNE_CONTAINERS] = { "/containers/prune", "ContainersDeleted", "Deleted Containers:" },
	[PRUNE_NETWORKS] = { "/networks/prune", "NetworksDeleted", "Deleted Networks:" },
	[PRUNE_VOLUMES] = { "/volumes/prune", "VolumesDeleted", "Deleted Volumes:" },
	[PRUNE_IMAGES] = { "/images/prune", "ImagesDeleted", "Deleted Images:" },
	[PRUNE_CACHE] = { "/build/prune", "CachesDeleted", "Deleted build cache objects:" },
};

/* pruneFilters of config.json hold for every prune; where a label is named
 * by the command line, the file's opposite of it does not count. */
static void add_configured(struct cli *cli, struct strlist *filters)
{
	const json_t *configured = json_object_get(cli->config.doc, "pruneFilters");
	json_t *item;
	size_t i, given = filters->n;

	json_array_foreach((json_t *)configured, i, item) {
		const char *text = json_is_string(item) ? json_string_value(item) : "";
		bool negative = str_starts(text, "label!="), positive = str_starts(text, "label=");
		const char *label = negative ? text + 7 : positive ? text + 6 : "";
		AUTO_FREE char *opposite = xasprintf("label%s%s", negative ? "=" : "!=", label);
		bool overruled = false;
		for (size_t k = 0; *label && k < given; k++)
			overruled = overruled || !strcmp(filters->v[k], opposite);
		if (!overruled && strchr(text, '='))
			strlist_add(filters, text);
	}
}

/* "--all" is a filter of each kind's own. */
static void add_all(const struct cli *cli, enum cli_prune_kind kind, bool all, struct strlist *filters)
{
	if (kind == PRUNE_IMAGES)
		strlist_addf(filters, "dangling=%s", all ? "false" : "true");
	if (kind == PRUNE_VOLUMES && all && cli_api_at_least(&cli->api, "1.42"))
		strlist_add(filters, "all=true");
}

static void print_removed(const struct kind *kind, const json_t *removed)
{
	json_t *item;
	size_t i;

	if (!json_array_size(removed))
		return;
	puts(kind->title);
	json_array_foreach((json_t *)removed, i, item)
		if (json_is_object(item)) {
			const char *untagged = jsonx_str(item, "Untagged", NULL);
			printf("%s: %s\n", untagged ? "untagged" : "deleted", untagged ? untagged : jsonx_str(item, "Deleted", ""));
		} else {
			puts(json_is_string(item) ? json_string_value(item) : "");
		}
	putchar('\n');
}

int cli_prune(struct cli *cli, enum cli_prune_kind kind, const struct cli_prune_options *o, double *freed,
	      struct err *err)
{
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;
	AUTO_STRLIST struct strlist filters = STRLIST_INIT;
	AUTO_JSON json_t *answer = NULL;
	char keep[24];

	if (cli_api_negotiate(&cli->api, err))
		return -1;
	for (size_t i = 0; i < o->filters.n; i++)
		strlist_add(&filters, o->filters.v[i]);
	add_configured(cli, &filters);
	add_all(cli, kind, o->all, &filters);
	strbuf_adds(&path, kinds[kind].path);
	if (kind == PRUNE_CACHE && o->all)
		cli_query(&path, "all", "1");
	if (kind == PRUNE_CACHE && o->keep.set) {
		snprintf(keep, sizeof keep, "%lld", (long long)o->keep.value);
		cli_query(&path, "keep-storage", keep);
	}
	cli_filter_query(&path, &filters);
	if (cli_api_call(&cli->api, "POST", path.data, NULL, &answer, err))
		return -1;
	print_removed(&kinds[kind], json_object_get(answer, kinds[kind].member));
	*freed += (double)jsonx_int(answer, "SpaceReclaimed", 0);
	return 0;
}
