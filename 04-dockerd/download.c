/*
 * download.c - see download.h.
 */
#include "download.h"

#include <curl/curl.h>

#include "01-kernel/base/file.h"

#define STALL_SECONDS 30L

static size_t keep(char *data, size_t size, size_t n, void *arg)
{
	return io_write_full(*(int *)arg, data, size * n) ? 0 : size * n;
}

static int on_progress(void *arg, curl_off_t total, curl_off_t now, curl_off_t a, curl_off_t b)
{
	const struct download *d = arg;

	(void)a;
	(void)b;
	return d->report(d->arg, now, total);
}

int dockerd_download(const char *url, int fd, struct download *d, struct err *err)
{
	CURL *c = curl_easy_init();
	struct curl_slist *headers = d->header ? curl_slist_append(NULL, d->header) : NULL;
	char why[CURL_ERROR_SIZE] = "";
	curl_off_t when = -1;
	CURLcode rc;

	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(c, CURLOPT_MAXREDIRS, 10L);
	curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_FILETIME, 1L);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, STALL_SECONDS);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, keep);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &fd);
	/* Authorization is never sent to another host: CURLOPT_UNRESTRICTED_AUTH is off. */
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, d->report ? 0L : 1L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, d);
	rc = curl_easy_perform(c);
	curl_easy_getinfo(c, CURLINFO_FILETIME_T, &when);
	curl_easy_cleanup(c);
	curl_slist_free_all(headers);
	d->modified = (time_t)when;
	return rc ? err_set(err, ERR_INVALID, "%s: %s", url, *why ? why : curl_easy_strerror(rc)) : 0;
}
