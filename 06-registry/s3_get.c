/*
 * s3_get.c - an object, read while it comes, for clients that cannot reach the store themselves.
 *
 * libcurl pushes what arrives and our reader pulls: between them stands a buffer, and libcurl is
 * told to pause while there is enough in it. So a slow client slows the store down, and the
 * memory that a download needs does not depend on its size.
 */
#include <stdlib.h>
#include <string.h>

#include "s3_private.h"

#define BUFFER (256u << 10) /* pause above this; one piece from libcurl may come on top */
#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

struct reg_s3_object {
	struct reg_s3 *s3;
	char *key;
	CURL *easy;
	CURLM *multi;
	struct curl_slist *headers;
	struct strbuf buffer;
	size_t read;       /* of the buffer */
	uint64_t first;    /* of what was asked for, */
	uint64_t left;     /* and how much of it is still to be read */
	bool paused, done; /* done: nothing more will come */
	CURLcode result;
};

static size_t on_data(char *data, size_t size, size_t count, void *arg)
{
	struct reg_s3_object *o = arg;

	if (o->buffer.len - o->read >= BUFFER) {
		o->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	strbuf_add(&o->buffer, data, size * count);
	return size * count;
}

/* Let libcurl work until there is something to read, or nothing more to come. */
static void wait_for_data(struct reg_s3_object *o)
{
	int running = 1, left;

	while (!o->done && o->read == o->buffer.len) {
		const CURLMsg *m;

		if (o->paused) {
			o->paused = false;
			curl_easy_pause(o->easy, CURLPAUSE_CONT);
		}
		curl_multi_perform(o->multi, &running);
		while ((m = curl_multi_info_read(o->multi, &left)))
			if (m->msg == CURLMSG_DONE)
				o->result = m->data.result;
		o->done = !running;
		if (running && o->read == o->buffer.len)
			curl_multi_poll(o->multi, NULL, 0, 1000, NULL);
	}
}

/* The first of it, or the reason why there will be none. */
static int begin(struct reg_s3_object *o, struct err *err)
{
	long status = 0;

	wait_for_data(o);
	curl_easy_getinfo(o->easy, CURLINFO_RESPONSE_CODE, &status);
	if (o->done && o->result)
		return err_set(err, ERR_UNAVAILABLE, "object store: GET %s: %s", o->key,
			       curl_easy_strerror(o->result));
	if (status == 206 || (status == 200 && !o->first)) /* 200: all of it, which begins there, too */
		return 0;
	return s3_refused("GET", o->key, status, o->buffer.data, err);
}

static int start(struct reg_s3_object *o, struct err *err)
{
	AUTO_FREE char *range = xasprintf("%llu-%llu", (unsigned long long)o->first,
					  (unsigned long long)(o->first + o->left - 1));

	o->easy = s3_handle(o->s3);
	o->multi = curl_multi_init();
	o->headers = s3_prepare(o->s3, o->easy, o->key, NULL, EMPTY_SHA256);
	curl_easy_setopt(o->easy, CURLOPT_RANGE, range);
	curl_easy_setopt(o->easy, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(o->easy, CURLOPT_WRITEDATA, o);
	curl_easy_setopt(o->easy, CURLOPT_BUFFERSIZE, 64L << 10);
	curl_multi_add_handle(o->multi, o->easy);
	return begin(o, err);
}

struct reg_s3_object *reg_s3_get(struct reg_s3 *s3, const char *key, uint64_t first,
				 uint64_t count, struct err *err)
{
	struct reg_s3_object *o = xcalloc(1, sizeof(*o));

	o->s3 = s3;
	o->key = xstrdup(key);
	o->first = first;
	o->left = count;
	if (!count) { /* there is no range for nothing */
		o->done = true;
		return o;
	}
	if (!start(o, err))
		return o;
	reg_s3_end(o);
	return NULL;
}

ssize_t reg_s3_read(struct reg_s3_object *o, void *buf, size_t max, struct err *err)
{
	size_t n;

	wait_for_data(o);
	n = o->buffer.len - o->read;
	if (n > max)
		n = max;
	if (n > o->left)
		n = o->left;
	if (!n && o->left)
		return err_set(err, ERR_UNAVAILABLE, "object store: GET %s: it ended early: %s",
			       o->key, curl_easy_strerror(o->result));
	memcpy(buf, o->buffer.data + o->read, n);
	o->read += n;
	o->left -= n;
	if (o->read == o->buffer.len) {
		strbuf_clear(&o->buffer);
		o->read = 0;
	}
	return (ssize_t)n;
}

void reg_s3_end(struct reg_s3_object *o)
{
	if (o->multi) {
		curl_multi_remove_handle(o->multi, o->easy);
		curl_multi_cleanup(o->multi);
		curl_slist_free_all(o->headers);
		curl_easy_cleanup(o->easy); /* its connection was the multi handle's */
	}
	strbuf_free(&o->buffer);
	free(o->key);
	free(o);
}
