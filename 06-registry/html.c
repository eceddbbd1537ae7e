/*
 * html.c - see html.h.
 */
#include "html.h"

#include "server.h"

static const char style[] =
	"body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
	"table{border-collapse:collapse;width:100%}"
	"th,td{text-align:left;padding:.2em 1em .2em 0;border-bottom:1px solid #ddd}"
	"td.n{text-align:right;white-space:nowrap}"
	"code,td.d{font-family:monospace;font-size:90%;word-break:break-all}\n";

void html_text(struct strbuf *page, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '&': strbuf_adds(page, "&amp;"); break;
		case '<': strbuf_adds(page, "&lt;"); break;
		case '>': strbuf_adds(page, "&gt;"); break;
		case '"': strbuf_adds(page, "&quot;"); break;
		case '\'': strbuf_adds(page, "&#39;"); break;
		default: strbuf_addc(page, *text);
		}
}

void html_size(struct strbuf *page, uint64_t bytes)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB" };
	double n = (double)bytes;
	int unit = 0;

	while (n >= 999.5 && unit < 5) {
		n /= 1000;
		unit++;
	}
	strbuf_addf(page, unit && n < 9.95 ? "%.1f %s" : "%.0f %s", n, units[unit]);
}

void html_begin(struct strbuf *page, const char *title)
{
	strbuf_adds(page, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
			  "<meta name=\"viewport\" content=\"width=device-width\"><title>");
	html_text(page, title);
	strbuf_adds(page, "</title><link rel=\"stylesheet\" href=\"/style.css\"></head><body>\n<h1>");
	html_text(page, title);
	strbuf_adds(page, "</h1>\n");
}

/* Were something not escaped after all, it could neither run nor fetch nor send anything. */
static void safe_headers(struct http_reply *rep)
{
	http_reply_header(rep, "Content-Security-Policy",
			  "default-src 'none'; style-src 'self'; base-uri 'none'; "
			  "form-action 'none'; frame-ancestors 'none'");
	http_reply_header(rep, "X-Content-Type-Options", "nosniff");
	http_reply_header(rep, "Referrer-Policy", "no-referrer");
}

void html_reply(struct http_reply *rep, int status, struct strbuf *page)
{
	strbuf_adds(page, "</body></html>\n");
	safe_headers(rep);
	http_reply_header(rep, "Cache-Control", "no-cache");
	http_reply_bytes(rep, status, "text/html; charset=utf-8", page->data, page->len);
}

int reg_get_style(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	(void)req, (void)daemon, (void)err;
	http_reply_header(rep, "X-Content-Type-Options", "nosniff");
	http_reply_bytes(rep, 200, "text/css", style, sizeof(style) - 1);
	return 0;
}
