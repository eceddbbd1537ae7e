/*
 * commands.c - see commands.h.
 */
#include "commands.h"

#include <string.h>

#include "verbs.h"

/* In the order of their short names, as the help lists them. */
const struct cli_verb cli_verbs[] = {
	{ "attach", "container", "attach", 0, &cli_cmd_attach },
	{ "build", "image", "build", 4, &cli_cmd_build },
	{ NULL, "builder", "build", 0, &cli_cmd_build },
	{ "commit", "container", "commit", 0, &cli_cmd_commit },
	{ "cp", "container", "cp", 0, &cli_cmd_cp },
	{ "create", "container", "create", 0, &cli_cmd_create },
	{ "diff", "container", "diff", 0, &cli_cmd_diff },
	{ "events", "system", "events", 0, &cli_cmd_events },
	{ "exec", "container", "exec", 2, &cli_cmd_exec },
	{ "export", "container", "export", 0, &cli_cmd_export },
	{ "history", "image", "history", 0, &cli_cmd_history },
	{ "images", "image", "ls list", 7, &cli_cmd_images },
	{ "import", "image", "import", 0, &cli_cmd_import },
	{ "info", "system", "info", 12, &cli_cmd_info },
	{ "inspect", NULL, NULL, 0, &cli_cmd_inspect },
	{ "kill", "container", "kill", 0, &cli_cmd_kill },
	{ "load", "image", "load", 0, &cli_cmd_load },
	{ "login", NULL, NULL, 8, &cli_cmd_login },
	{ "logout", NULL, NULL, 9, &cli_cmd_logout },
	{ "logs", "container", "logs", 0, &cli_cmd_logs },
	{ "pause", "container", "pause", 0, &cli_cmd_pause },
	{ "port", "container", "port", 0, &cli_cmd_port },
	{ "ps", "container", "ls list ps", 3, &cli_cmd_ps },
	{ "pull", "image", "pull", 5, &cli_cmd_pull },
	{ "push", "image", "push", 6, &cli_cmd_push },
	{ "rename", "container", "rename", 0, &cli_cmd_rename },
	{ "restart", "container", "restart", 0, &cli_cmd_restart },
	{ "rm", "container", "rm remove", 0, &cli_cmd_rm },
	{ "rmi", "image", "rm remove", 0, &cli_cmd_rmi },
	{ "run", "container", "run", 1, &cli_cmd_run },
	{ "save", "image", "save", 0, &cli_cmd_save },
	{ "search", NULL, NULL, 10, &cli_cmd_search },
	{ "start", "container", "start", 0, &cli_cmd_start },
	{ "stats", "container", "stats", 0, &cli_cmd_stats },
	{ "stop", "container", "stop", 0, &cli_cmd_stop },
	{ "tag", "image", "tag", 0, &cli_cmd_tag },
	{ "top", "container", "top", 0, &cli_cmd_top },
	{ "unpause", "container", "unpause", 0, &cli_cmd_unpause },
	{ "update", "container", "update", 0, &cli_cmd_update },
	{ "version", NULL, NULL, 11, &cli_cmd_version },
	{ "wait", "container", "wait", 0, &cli_cmd_wait },
	{ "__complete", NULL, NULL, CLI_VERB_HIDDEN, &cli_cmd_complete },
	{ NULL, "completion", "bash", 0, &cli_cmd_completion_bash },
	{ NULL, "completion", "fish", 0, &cli_cmd_completion_fish },
	{ NULL, "completion", "zsh", 0, &cli_cmd_completion_zsh },
	{ NULL, "builder", "prune", 0, &cli_cmd_builder_prune },
	{ NULL, "container", "inspect", 0, &cli_cmd_container_inspect },
	{ NULL, "container", "prune", 0, &cli_cmd_container_prune },
	{ NULL, "context", "create", 0, &cli_cmd_context_create },
	{ NULL, "context", "export", 0, &cli_cmd_context_export },
	{ NULL, "context", "import", 0, &cli_cmd_context_import },
	{ NULL, "context", "inspect", 0, &cli_cmd_context_inspect },
	{ NULL, "context", "ls list", 0, &cli_cmd_context_ls },
	{ NULL, "context", "rm remove", 0, &cli_cmd_context_rm },
	{ NULL, "context", "show", 0, &cli_cmd_context_show },
	{ NULL, "context", "update", 0, &cli_cmd_context_update },
	{ NULL, "context", "use", 0, &cli_cmd_context_use },
	{ NULL, "image", "inspect", 0, &cli_cmd_image_inspect },
	{ NULL, "image", "prune", 0, &cli_cmd_image_prune },
	{ NULL, "manifest", "annotate", 0, &cli_cmd_manifest_annotate },
	{ NULL, "manifest", "create", 0, &cli_cmd_manifest_create },
	{ NULL, "manifest", "inspect", 0, &cli_cmd_manifest_inspect },
	{ NULL, "manifest", "push", 0, &cli_cmd_manifest_push },
	{ NULL, "manifest", "rm", 0, &cli_cmd_manifest_rm },
	{ NULL, "network", "connect", 0, &cli_cmd_network_connect },
	{ NULL, "network", "create", 0, &cli_cmd_network_create },
	{ NULL, "network", "disconnect", 0, &cli_cmd_network_disconnect },
	{ NULL, "network", "inspect", 0, &cli_cmd_network_inspect },
	{ NULL, "network", "ls list", 0, &cli_cmd_network_ls },
	{ NULL, "network", "prune", 0, &cli_cmd_network_prune },
	{ NULL, "network", "rm remove", 0, &cli_cmd_network_rm },
	{ NULL, "system", "df", 0, &cli_cmd_df },
	{ NULL, "system", "dial-stdio", CLI_VERB_HIDDEN, &cli_cmd_dial },
	{ NULL, "system", "prune", 0, &cli_cmd_system_prune },
	{ NULL, "volume", "create", 0, &cli_cmd_volume_create },
	{ NULL, "volume", "inspect", 0, &cli_cmd_volume_inspect },
	{ NULL, "volume", "ls list", 0, &cli_cmd_volume_ls },
	{ NULL, "volume", "prune", 0, &cli_cmd_volume_prune },
	{ NULL, "volume", "rm remove", 0, &cli_cmd_volume_rm },
	{ NULL, "volume", "update", 0, &cli_cmd_volume_update },
	{ NULL, NULL, NULL, 0, NULL },
};

const struct cli_group cli_groups[] = {
	{ "builder", "Manage builds" },
	{ "completion", NULL },
	{ "container", "Manage containers" },
	{ "context", "Manage contexts" },
	{ "image", "Manage images" },
	{ "manifest", "Manage Docker image manifests and manifest lists" },
	{ "network", "Manage networks" },
	{ "system", "Manage Docker" },
	{ "volume", "Manage volumes" },
	{ NULL, NULL },
};

/* Is `word` one of the blank-separated names? */
static bool among(const char *names, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = names; p && *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");
		if (n == len && !strncmp(p, word, n))
			return true;
		p += n;
	}
	return false;
}

static const struct cli_verb *verb_in(const char *group, const char *word)
{
	for (const struct cli_verb *v = cli_verbs; v->command; v++)
		if (group ? v->group && !strcmp(v->group, group) && among(v->names, word)
			  : v->top && !strcmp(v->top, word))
			return v;
	return NULL;
}

void cli_find(char **words, int n, struct cli_found *found)
{
	*found = (struct cli_found){ 0 };
	if (!n)
		return;
	for (const struct cli_group *g = cli_groups; g->name; g++)
		if (!strcmp(g->name, words[0]))
			found->group = g;
	if (!found->group) {
		found->verb = verb_in(NULL, words[0]);
		found->used = found->verb ? 1 : 0;
		found->path = xstrdup(words[0]);
		return;
	}
	found->used = 1;
	if (n > 1 && (found->verb = verb_in(found->group->name, words[1])))
		found->used = 2;
	found->path = found->verb ? xasprintf("%s %s", words[0], words[1]) : xstrdup(words[0]);
}

/* ---- typos --------------------------------------------------------------- */

#define NAME_MAX_LEN 31

/* The edits (insert, drop, replace, swap neighbours) from a to b. */
static int distance(const char *a, const char *b)
{
	int d[NAME_MAX_LEN + 2][NAME_MAX_LEN + 2];
	int la = (int)strlen(a), lb = (int)strlen(b);

	if (la > NAME_MAX_LEN || lb > NAME_MAX_LEN)
		return NAME_MAX_LEN;
	for (int i = 0; i <= la; i++)
		for (int j = 0; j <= lb; j++) {
			int best = !i ? j : !j ? i : d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			if (i && d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (j && d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	return d[la][lb];
}

static void consider(const char *name, size_t len, const char *typed, int *best, char **found)
{
	AUTO_FREE char *word = xstrndup(name, len);
	int edits = distance(typed, word);

	if (edits >= *best || edits >= (int)len)
		return;
	*best = edits;
	free(*found);
	*found = steal_ptr(&word);
}

char *cli_suggest(const char *group, const char *typed)
{
	char *found = NULL;
	int best = strlen(typed) > 3 ? 3 : 2; /* so at most two edits, or one in a short word */

	for (const struct cli_verb *v = cli_verbs; v->command; v++) {
		if (!group && v->top && v->common != CLI_VERB_HIDDEN)
			consider(v->top, strlen(v->top), typed, &best, &found);
		if (group && v->group && !strcmp(v->group, group))
			for (const char *p = v->names; *p; p += strspn(p, " ")) {
				size_t n = strcspn(p, " ");
				consider(p, n, typed, &best, &found);
				p += n;
			}
	}
	for (const struct cli_group *g = cli_groups; !group && g->name; g++)
		consider(g->name, strlen(g->name), typed, &best, &found);
	return found;
}
