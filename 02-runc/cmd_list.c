/*
 * cmd_list.c - `list`: the containers under this root.
 */
#include <dirent.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "01-kernel/base/log.h"
#include "cmd.h"

static int visible(const struct dirent *e)
{
	struct err ignored;

	return !runc_state_check_id(e->d_name, &ignored);
}

/* Whose the state is, by name if /etc/passwd has one. */
static json_t *owner_of(const struct runc_state *st)
{
	AUTO_FCLOSE FILE *passwd = fopen("/etc/passwd", "re");
	const struct passwd *p;
	struct stat dir;

	if (fstat(st->dir, &dir))
		return json_string("");
	while (passwd && (p = fgetpwent(passwd)))
		if (p->pw_uid == dir.st_uid)
			return json_string(p->pw_name);
	return json_sprintf("#%u", (unsigned)dir.st_uid);
}

static json_t *row(const struct runc_state *st)
{
	enum runc_status status = runc_state_status(st);
	json_t *o = json_pack("{s:s, s:s, s:i, s:s, s:s, s:s, s:s}", "ociVersion",
			      RUNC_SPEC_VERSION, "id", st->id, "pid",
			      status == STATUS_STOPPED ? 0 : (int)st->pid, "status",
			      runc_status_names[status], "bundle", st->bundle, "rootfs",
			      st->rootfs, "created", st->created);

	if (st->annotations)
		json_object_set(o, "annotations", st->annotations);
	json_object_set_new(o, "owner", owner_of(st));
	return o;
}

/* A directory that is not (or not yet, or no longer) a container is passed over; of one that was,
 * and cannot be read, the user hears. */
static json_t *collect(const char *root)
{
	json_t *rows = json_array();
	struct dirent **names = NULL;
	int n = scandir(root, &names, visible, alphasort);

	for (int i = 0; i < n; i++) {
		AUTO_STATE struct runc_state st = RUNC_STATE_INIT;
		struct err err;

		if (!runc_state_load(&st, root, names[i]->d_name, &err))
			json_array_append_new(rows, row(&st));
		else if (err.kind != ERR_NOT_FOUND)
			log_warn("load container %s: %s", names[i]->d_name, err.msg);
		free(names[i]);
	}
	free(names);
	return rows;
}

static const struct column { const char *title, *key; } columns[] = {
	{ "ID", "id" }, { "PID", "pid" }, { "STATUS", "status" }, { "BUNDLE", "bundle" },
	{ "CREATED", "created" }, { "OWNER", "owner" },
};

#define N_COLUMNS (sizeof columns / sizeof *columns)

static const char *cell(const json_t *r, const struct column *c, char number[16])
{
	snprintf(number, 16, "%d", (int)jsonx_int(r, c->key, 0));
	return jsonx_str(r, c->key, number);
}

/* As wide as the widest cell and three blanks, at least twelve: scripts that cut
 * runc's table into columns cut ours. */
static int width(const json_t *rows, const struct column *c)
{
	size_t most = strlen(c->title), i;
	char number[16];
	json_t *r;

	json_array_foreach(rows, i, r) {
		size_t n = strlen(cell(r, c, number));

		most = n > most ? n : most;
	}
	return most + 3 > 12 ? (int)most + 3 : 12;
}

/* A bundle's path may hold a line end, and what follows it look like a container. */
static void print_cell(const char *text, int width_)
{
	for (; *text; text++, width_--)
		putchar((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text);
	for (; width_ > 0; width_--)
		putchar(' ');
}

static void print_table(const json_t *rows)
{
	int widths[N_COLUMNS];
	char number[16];
	size_t i, c;
	json_t *r;

	for (c = 0; c < N_COLUMNS; c++) {
		widths[c] = c + 1 < N_COLUMNS ? width(rows, &columns[c]) : 0;
		printf("%-*s", widths[c], columns[c].title);
	}
	putchar('\n');
	json_array_foreach(rows, i, r) {
		for (c = 0; c < N_COLUMNS; c++)
			print_cell(cell(r, &columns[c], number), widths[c]);
		putchar('\n');
	}
}

int runc_cmd_list(const struct runc_global *g, int argc, char **argv, struct err *err)
{
	static const struct cmd_usage usage = { "[options]", "list containers", 0, 0 };
	const char *format = "table";
	bool quiet = false;
	const struct option_def defs[] = {
		{ "format", 'f', OPTION_TEXT, &format, "table or json" },
		{ "quiet", 'q', OPTION_FLAG, &quiet, "ids only" },
		{ NULL },
	};
	AUTO_JSON json_t *rows = NULL;
	json_t *r;
	size_t i;
	int rest;

	if (runc_cmd_parse(&usage, defs, argc, argv, &rest, err))
		return -1;
	if (rest < 0)
		return 0;
	if (strcmp(format, "table") && strcmp(format, "json"))
		return err_set(err, ERR_INVALID, "invalid format option '%s'", format);
	rows = collect(g->root);
	if (quiet)
		json_array_foreach(rows, i, r)
			puts(jsonx_str(r, "id", ""));
	else if (!strcmp(format, "table"))
		print_table(rows);
	else if (!json_dumpf(rows, stdout, JSON_COMPACT))
		putchar('\n');
	return 0;
}
