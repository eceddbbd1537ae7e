/*
 * http_route.c - patterns against paths.
 *
 * A path is matched as it came, percent-encoded, and only the captured pieces
 * are decoded: so "/v1/images/docker.io%2Flibrary%2Fnginx/x" has three
 * segments after /v1, and {name} can hold a slash.
 */
#include "http_private.h"

#include <string.h>

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

char *http_decode(const char *s, size_t n, bool plus)
{
	AUTO_FREE char *out = xmalloc(n + 1);
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (c == '+' && plus) {
			c = ' ';
		} else if (c == '%') {
			int high = i + 2 < n ? hex(s[i + 1]) : -1;
			int low = i + 2 < n ? hex(s[i + 2]) : -1;

			if (high < 0 || low < 0)
				return NULL;
			c = (char)(high * 16 + low);
			i += 2;
		}
		if (!c)
			return NULL; /* C strings end there: two readers would see two names */
		out[len++] = c;
	}
	out[len] = '\0';
	return steal_ptr(&out);
}

static bool capture(struct http_pairs *params, const char *name, size_t name_len, const char *value,
		    size_t len)
{
	char *decoded = http_decode(value, len, false);

	if (!decoded || params->n == HTTP_PARAMS_MAX) {
		free(decoded);
		return false;
	}
	http_pairs_add(params, xstrndup(name, name_len), decoded);
	return true;
}

/* "{name...}": the longest piece after which the rest of the pattern matches. */
static bool match_greedy(const char *name, size_t name_len, const char *rest, const char *path,
			 struct http_pairs *params)
{
	size_t had = params->n;

	for (size_t len = strlen(path); len > 0; len--) {
		if (path[len] && path[len] != '/')
			continue;
		/* The rest first: it fails at its first byte nearly always, and a copy of
		 * the piece for each slash would make a long path quadratic. */
		if (http_route_match(rest, path + len, params) &&
		    capture(params, name, name_len, path, len))
			return true;
		http_pairs_cut(params, had);
	}
	return false;
}

bool http_route_match(const char *pattern, const char *path, struct http_pairs *params)
{
	for (; *pattern; pattern++) {
		const char *name = pattern + 1, *end;
		size_t len;

		if (*pattern != '{') {
			if (*pattern != *path++)
				return false;
			continue;
		}
		end = strchr(name, '}');
		if (end - name > 3 && !strncmp(end - 3, "...", 3))
			return match_greedy(name, (size_t)(end - name) - 3, end + 1, path, params);
		len = strcspn(path, "/");
		if (!len || !capture(params, name, (size_t)(end - name), path, len))
			return false;
		path += len;
		pattern = end;
	}
	return !*path;
}
