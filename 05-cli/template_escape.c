/*
 * template_escape.c - html, js and urlquery: text for another language.
 */
#include <ctype.h>
#include <string.h>

#include "template_private.h"

/* What all three take: any values, as `print` shows them. */
static char *text_of_all(json_t **args, size_t n)
{
	struct strbuf sb = STRBUF_INIT;

	template_print(&sb, args, n);
	return strbuf_steal(&sb);
}

json_t *template_html(json_t **args, size_t n, struct err *err)
{
	static const char *const entities[][2] = {
		{ "\"", "&#34;" }, { "'", "&#39;" }, { "&", "&amp;" }, { "<", "&lt;" }, { ">", "&gt;" },
	};
	AUTO_FREE char *text = text_of_all(args, n);
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;

	(void)err;
	strbuf_reserve(&sb, 1);
	for (const char *c = text; *c; c++) {
		const char *entity = NULL;
		for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
			if (*c == *entities[i][0])
				entity = entities[i][1];
		strbuf_add(&sb, entity ? entity : c, entity ? strlen(entity) : 1);
	}
	return json_string(sb.data);
}

json_t *template_js(json_t **args, size_t n, struct err *err)
{
	AUTO_FREE char *text = text_of_all(args, n);
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;

	(void)err;
	strbuf_reserve(&sb, 1);
	for (const char *c = text; *c; c++)
		if (strchr("\\'\"", *c))
			strbuf_addf(&sb, "\\%c", *c);
		else if (strchr("<>&=", *c) || (unsigned char)*c < 0x20)
			strbuf_addf(&sb, "\\u%04X", (unsigned char)*c);
		else
			strbuf_addc(&sb, *c);
	return json_string(sb.data);
}

json_t *template_urlquery(json_t **args, size_t n, struct err *err)
{
	AUTO_FREE char *text = text_of_all(args, n);
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;

	(void)err;
	strbuf_reserve(&sb, 1);
	for (const char *c = text; *c; c++)
		if (isalnum((unsigned char)*c) || strchr("-_.~", *c))
			strbuf_addc(&sb, *c);
		else if (*c == ' ')
			strbuf_addc(&sb, '+');
		else
			strbuf_addf(&sb, "%%%02X", (unsigned char)*c);
	return json_string(sb.data);
}
