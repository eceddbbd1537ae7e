/*
 * html.h - making a page for a browser out of what clients pushed: everything is escaped.
 */
#ifndef DOCKYARD_REG_HTML_H
#define DOCKYARD_REG_HTML_H

#include <stdint.h>

#include "01-kernel/base/strbuf.h"
#include "03-containerd/http.h"

/* Append text as text: in an element, or in an attribute between quotes. */
void html_text(struct strbuf *page, const char *text);
/* "1.9 MB" */
void html_size(struct strbuf *page, uint64_t bytes);

void html_begin(struct strbuf *page, const char *title);
/* End it and send it, with headers that let it load its style sheet and nothing else. */
void html_reply(struct http_reply *rep, int status, struct strbuf *page);

#endif
