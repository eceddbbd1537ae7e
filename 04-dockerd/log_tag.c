/*
 * log_tag.c - what is said of a container beside its lines: a tag, and labels and variables of the
 * environment that were chosen (log_config.h).
 *
 * A tag is text with fields: `{{.ImageName}}/{{.Name}}`. Docker has Go's templates there; what is
 * more than a field is refused.
 */
#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "log_config.h"

#define SHORT 12 /* of an ID, also of "sha256:…", as Docker has it */

/* --- tags ------------------------------------------------------------------------------------ */

enum value { ID, FULL_ID, NAME, SLASH_NAME, IMAGE_ID, IMAGE_FULL_ID, IMAGE_NAME, DAEMON, HOST };

static const struct {
	const char *name;
	enum value value;
} fields[] = {
	{ "ID", ID }, { "FullID", FULL_ID }, { "ContainerID", FULL_ID },
	{ "Name", NAME }, { "ContainerName", SLASH_NAME },
	{ "ImageID", IMAGE_ID }, { "ImageFullID", IMAGE_FULL_ID }, { "ContainerImageID", IMAGE_FULL_ID },
	{ "ImageName", IMAGE_NAME }, { "ContainerImageName", IMAGE_NAME },
	{ "DaemonName", DAEMON }, { "Hostname", HOST },
};

/* The field of "{{ .Name }}" at *p, which moves behind it; -1. */
static int field_at(const char **p)
{
	const char *start = *p + 2, *close;
	size_t n;

	start += strspn(start, " ");
	if (*start++ != '.')
		return -1;
	n = strspn(start, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
	close = start + n + strspn(start + n, " ");
	if (strncmp(close, "}}", 2))
		return -1;
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (strlen(fields[i].name) == n && !strncmp(fields[i].name, start, n)) {
			*p = close + 2;
			return (int)fields[i].value;
		}
	return -1;
}

int dockerd_log_tag_check(const char *text, struct err *err)
{
	while (*text) {
		if (iscntrl((unsigned char)*text))
			return err_set(err, ERR_INVALID, "a tag has no control characters");
		if (strncmp(text, "{{", 2))
			text++;
		else if (field_at(&text) < 0)
			return err_set(err, ERR_INVALID, "a template has {{.ID}}, {{.FullID}}, {{.Name}}, "
				       "{{.ImageID}}, {{.ImageFullID}}, {{.ImageName}}, {{.DaemonName}} and "
				       "{{.Hostname}} here");
	}
	return 0;
}

static void add_value(struct strbuf *to, enum value value, const struct container *c)
{
	const char *image = jsonx_str(c->config, "Image", "");
	char host[65] = "";

	gethostname(host, sizeof host - 1);
	switch (value) {
	case ID: strbuf_addf(to, "%.*s", SHORT, c->id); break;
	case FULL_ID: strbuf_adds(to, c->id); break;
	case NAME: strbuf_adds(to, c->name); break;
	case SLASH_NAME: strbuf_addf(to, "/%s", c->name); break;
	case IMAGE_ID: strbuf_addf(to, "%.*s", SHORT, c->image_id); break;
	case IMAGE_FULL_ID: strbuf_adds(to, c->image_id); break;
	case IMAGE_NAME: strbuf_adds(to, image); break;
	case DAEMON: strbuf_adds(to, "docker"); break;
	case HOST: strbuf_adds(to, host); break;
	}
}

char *dockerd_log_tag(struct daemon *d, const struct container *c, const char *text)
{
	struct strbuf out = STRBUF_INIT;

	strbuf_adds(&out, "");
	dockerd_lock(d);
	while (*text) {
		int field = strncmp(text, "{{", 2) ? -1 : field_at(&text);

		if (field < 0)
			strbuf_addc(&out, *text++);
		else
			add_value(&out, (enum value)field, c);
	}
	dockerd_unlock(d);
	return strbuf_steal(&out);
}

/* --- labels and environment -------------------------------------------------------------------- */

/* Go's expressions are RE2's, ours POSIX's extended ones: what one has and the other reads otherwise is
 * refused, and not misread. */
int dockerd_log_regex_check(const char *text, struct err *err)
{
	char why[256];
	regex_t re;
	int rc;

	for (const char *p = text; *p; p++) {
		if (*p == '\\' && p[1] && isalnum((unsigned char)p[1]) && !strchr("wWsSbB", p[1]))
			return err_set(err, ERR_INVALID, "\\%c is not known here", p[1]);
		if (*p == '\\' && p[1])
			p++;
		else if (*p == '(' && p[1] == '?')
			return err_set(err, ERR_INVALID, "(? is not known here");
	}
	rc = regcomp(&re, text, REG_EXTENDED | REG_NOSUB);
	if (!rc) {
		regfree(&re);
		return 0;
	}
	regerror(rc, &re, why, sizeof why);
	return err_set(err, ERR_INVALID, "%s", why);
}

/* Those of {"name": "value"} that stand in the list "a,b" or match the expression. */
static void choose(json_t *out, const json_t *from, const char *list, const char *expression)
{
	bool has_regex = false;
	const char *name;
	regex_t re;
	json_t *v;

	if (expression && *expression)
		has_regex = !regcomp(&re, expression, REG_EXTENDED | REG_NOSUB);
	json_object_foreach((json_t *)from, name, v) {
		AUTO_FREE char *wanted = xasprintf(",%s,", name), *all = xasprintf(",%s,", list ? list : "");

		if (strstr(all, wanted) || (has_regex && !regexec(&re, name, 0, NULL, 0)))
			json_object_set(out, name, v);
	}
	if (has_regex)
		regfree(&re);
}

/* {"A": "b"} of ["A=b"]. New. */
static json_t *environment(const struct container *c)
{
	json_t *list = json_object_get(c->config, "Env"), *out = json_object(), *v;
	size_t i;

	json_array_foreach(list, i, v) {
		AUTO_FREE char *name = xstrdup(json_string_value(v));
		char *value = name ? strchr(name, '=') : NULL;

		if (!value)
			continue;
		*value++ = '\0';
		json_object_set_new(out, name, json_string(value));
	}
	return out;
}

json_t *dockerd_log_attributes(const struct container *c, const json_t *log)
{
	AUTO_JSON json_t *env = environment(c);
	json_t *out = json_object();

	choose(out, json_object_get(c->config, "Labels"), dockerd_log_option(log, "labels"),
	       dockerd_log_option(log, "labels-regex"));
	choose(out, env, dockerd_log_option(log, "env"), dockerd_log_option(log, "env-regex"));
	return out;
}
