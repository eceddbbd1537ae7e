/*
 * images_tree.c - see images_tree.h.
 *
 *     IMAGE                ID             DISK USAGE   CONTENT SIZE   EXTRA
 *     busybox:latest       adb9cf149aa5       2.08MB         1.03MB    U
 *     └─ linux/amd64       403fc04d346c       3.11MB         1.03MB    U
 *
 * The first column takes what the others leave of the terminal's width; where
 * that is too little, the last columns are left out.
 */
#include "images_tree.h"

#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "ansi.h"
#include "human.h"
#include "list.h"
#include "table.h"

#define SPACING 3
#define FIRST_MIN 12
#define COLUMNS 4 /* after the first */

#define HEADING "\033[39m\033[1m"
#define NAME "\033[34m\033[1m"
#define NORMAL "\033[39m"
#define FAINT "\033[39m\033[2m"
#define WARNING "\033[93m"

static const struct {
	const char *title;
	int width;
	bool right;
} columns[COLUMNS] = { { "ID", 12, false }, { "DISK USAGE", 10, true }, { "CONTENT SIZE", 12, true }, { "EXTRA", 5, false } };

/* How it is laid out this time. */
struct layout {
	const struct cli_images_tree *how;
	size_t first; /* width of the first column */
	int n;        /* of the others */
	struct strbuf *out;
};

/* What one line says after its name. */
struct details {
	const char *id;
	double disk, content;
	bool used;
};

/* ---- cells --------------------------------------------------------------- */

static void coloured(const struct layout *l, const char *colour, const char *text)
{
	strbuf_addf(l->out, "%s%s%s", l->how->colours ? colour : "", text, l->how->colours ? CLI_ANSI_RESET : "");
}

static void cell(const struct layout *l, const char *colour, const char *text, size_t width, bool right)
{
	AUTO_FREE char *shown = cli_text_ellipsis(text, width);
	int fill = (int)(width - cli_text_width(shown, strlen(shown)));

	strbuf_addf(l->out, "%*s", right ? fill : 0, "");
	coloured(l, colour, shown);
	strbuf_addf(l->out, "%*s", right ? 0 : fill, "");
}

static void put_chip(const struct layout *l)
{
	strbuf_adds(l->out, l->how->colours ? "\033[38;5;0m\033[48;5;14m U " CLI_ANSI_RESET : "U");
}

static void put_details(const struct layout *l, const char *colour, const struct details *d)
{
	char disk[CLI_HUMAN_SIZE], content[CLI_HUMAN_SIZE];
	AUTO_FREE char *id = cli_short_id(d->id, false);
	const char *texts[] = { id, cli_human_size(d->disk, 3, disk), cli_human_size(d->content, 3, content) };

	for (int i = 0; i < l->n; i++) {
		strbuf_addf(l->out, "%*s", SPACING, "");
		if (i < COLUMNS - 1) {
			cell(l, colour, texts[i], (size_t)columns[i].width, columns[i].right);
			continue;
		}
		if (d->used)
			put_chip(l);
		strbuf_addf(l->out, "%*s", d->used ? l->how->colours ? 2 : 4 : columns[i].width, "");
	}
	strbuf_addc(l->out, '\n');
}

/* ---- one image ----------------------------------------------------------- */

static bool is_image(const json_t *manifest)
{
	return !strcmp(jsonx_str(manifest, "Kind", ""), "image");
}

static char *platform_text(const json_t *manifest)
{
	const json_t *p = json_object_get(json_object_get(manifest, "ImageData"), "Platform");
	const char *variant = jsonx_str(p, "variant", "");

	return xasprintf("%s/%s%s%s", jsonx_str(p, "os", "unknown"), jsonx_str(p, "architecture", "unknown"),
			 *variant ? "/" : "", variant);
}

static struct details details_of(const json_t *manifest)
{
	const json_t *size = json_object_get(manifest, "Size");
	const json_t *containers = json_object_get(json_object_get(manifest, "ImageData"), "Containers");

	return (struct details){ jsonx_str(manifest, "ID", ""), (double)jsonx_int(size, "Total", 0),
				 (double)jsonx_int(size, "Content", 0), json_array_size(containers) > 0 };
}

/* The longest first, as in a fir. */
static int by_length(const void *a, const void *b)
{
	size_t left = strlen(*(char *const *)a), right = strlen(*(char *const *)b);

	return left < right ? 1 : left > right ? -1 : strcmp(*(char *const *)a, *(char *const *)b);
}

static void put_names(const struct layout *l, const json_t *image)
{
	AUTO_STRLIST struct strlist names = STRLIST_INIT;
	json_t *tag;
	size_t i;

	json_array_foreach(json_object_get(image, "RepoTags"), i, tag)
		strlist_add(&names, json_is_string(tag) ? json_string_value(tag) : "");
	if (names.n)
		qsort(names.v, names.n, sizeof *names.v, by_length);
	for (i = 0; i + 1 < names.n; i++) { /* alone in its line */
		AUTO_FREE char *name = cli_text_ellipsis(names.v[i], l->how->width);
		coloured(l, NAME, name);
		strbuf_addc(l->out, '\n');
	}
	cell(l, names.n ? NAME : FAINT, names.n ? names.v[names.n - 1] : "<untagged>", l->first, false);
}

static void put_image(const struct layout *l, const json_t *image)
{
	struct details all = { jsonx_str(image, "Id", ""), (double)jsonx_int(image, "Size", 0), 0,
			       jsonx_int(image, "Containers", 0) > 0 };
	json_t *manifests = json_object_get(image, "Manifests"), *m;
	size_t i, left = 0;

	json_array_foreach(manifests, i, m)
		if (is_image(m)) {
			struct details d = details_of(m);
			all.used = all.used || d.used;
			all.content += d.content;
			left++;
		}
	put_names(l, image);
	put_details(l, NORMAL, &all);
	json_array_foreach(manifests, i, m)
		if (is_image(m)) {
			struct details d = details_of(m);
			const char *colour = jsonx_bool(m, "Available", false) ? NORMAL : FAINT;
			AUTO_FREE char *platform = platform_text(m);
			AUTO_FREE char *text = xasprintf("%s %s", --left ? "├─" : "└─", platform);
			cell(l, colour, text, l->first, false);
			put_details(l, colour, &d);
		}
	strbuf_addc(l->out, '\n');
}

/* ---- all ----------------------------------------------------------------- */

static size_t longest(size_t before, const char *text, size_t more)
{
	return strlen(text) + more > before ? strlen(text) + more : before;
}

static size_t widest_first(const struct cli_images_tree *how, const json_t *images)
{
	size_t widest = strlen("IMAGE"), i, k;
	json_t *image, *item;

	json_array_foreach((json_t *)images, i, image) {
		json_array_foreach(json_object_get(image, "RepoTags"), k, item)
			widest = longest(widest, json_is_string(item) ? json_string_value(item) : "", 0);
		if (how->untagged && !json_array_size(json_object_get(image, "RepoTags")))
			widest = longest(widest, "<untagged>", 0);
		json_array_foreach(json_object_get(image, "Manifests"), k, item) {
			AUTO_FREE char *platform = platform_text(item);
			widest = longest(widest, is_image(item) ? platform : "", strlen("└─ "));
		}
	}
	return widest;
}

static void put_head(const struct layout *l)
{
	int legend = l->how->colours ? 21 : 18; /* the characters of the line that follows */

	coloured(l, WARNING, "WARNING: This is an experimental feature. The output may change and shouldn't be depended on.");
	strbuf_addf(l->out, "\n%*s", (int)l->how->width > legend ? (int)l->how->width - legend : 0, "");
	strbuf_adds(l->out, l->how->colours ? CLI_ANSI_INFO " "
					    : "Info ->  ");
	put_chip(l);
	strbuf_adds(l->out, " In Use \n\n");
	cell(l, HEADING, "IMAGE", l->first, false);
	for (int i = 0; i < l->n; i++) {
		strbuf_addf(l->out, "%*s", SPACING, "");
		cell(l, HEADING, columns[i].title, (size_t)columns[i].width, columns[i].right);
	}
	strbuf_addc(l->out, '\n');
}

static int newest_first(const void *a, const void *b)
{
	json_int_t left = jsonx_int(*(json_t *const *)a, "Created", 0), right = jsonx_int(*(json_t *const *)b, "Created", 0);

	return left < right ? 1 : left > right ? -1 : 0;
}

void cli_images_tree(const struct cli_images_tree *how, const json_t *images, struct strbuf *out)
{
	struct layout l = { how, how->width, 0, out };
	size_t n = json_array_size(images), widest = widest_first(how, images);
	AUTO_FREE json_t **sorted = xcalloc(n + 1, sizeof *sorted);

	while (l.n < COLUMNS && l.first >= FIRST_MIN + SPACING + (size_t)columns[l.n].width)
		l.first -= SPACING + (size_t)columns[l.n++].width;
	l.first = l.first > widest ? widest : l.first;
	for (size_t i = 0; i < n; i++)
		sorted[i] = json_array_get(images, i);
	qsort(sorted, n, sizeof *sorted, newest_first);
	put_head(&l);
	for (size_t i = 0; i < n; i++)
		if (how->untagged || json_array_size(json_object_get(sorted[i], "RepoTags")))
			put_image(&l, sorted[i]);
}
