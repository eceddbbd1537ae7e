/*
 * s3.c - where the object store is, and who we are there.
 *
 * Credentials come from the environment or from a file as Amazon's own tools read them
 * (~/.aws/credentials); only its section [default] is looked at.
 */
#include "s3_private.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"

/* ---- the address -------------------------------------------------------------------- */

static bool plain_path(const char *path)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "-._~/";

	return path[strspn(path, good)] == '\0' && !strstr(path, "//") && !strstr(path, "/../") &&
	       !strstr(path, "/./");
}

static int bad_url(const char *url, struct err *err)
{
	return err_set(err, ERR_INVALID,
		       "--s3 %.200s: expected https://endpoint/bucket[/prefix], of letters, digits "
		       "and - . _ ~ /",
		       url);
}

/* libcurl sends the port in Host unless it is the scheme's own, and it is signed as sent. */
static char *host_header(const char *authority, bool tls)
{
	const char *port = tls ? ":443" : ":80";
	size_t n = strlen(authority);

	return str_ends(authority, port) ? xstrndup(authority, n - strlen(port))
					 : xstrdup(authority);
}

static int parse_url(struct reg_s3 *s3, const char *url, struct err *err)
{
	bool tls = str_starts(url, "https://");
	const char *authority = url + (tls ? 8 : 7);
	size_t n, end = strlen(url);
	AUTO_FREE char *host = NULL;

	if (!tls && !str_starts(url, "http://"))
		return bad_url(url, err);
	while (end && url[end - 1] == '/')
		end--;
	s3->url = xstrndup(url, end);
	n = strcspn(authority, "/");
	host = xstrndup(authority, n);
	if (!n || strpbrk(host, "@?#\\ ") || strlen(s3->url) < (size_t)(authority - url) + n)
		return bad_url(url, err);
	s3->host = host_header(host, tls);
	s3->path = xstrdup(s3->url + (authority - url) + n);
	return plain_path(s3->path) ? 0 : bad_url(url, err);
}

/* ---- credentials ---------------------------------------------------------------------- */

struct credentials {
	struct reg_s3 *s3;
	bool ours; /* the section at hand is [default], or there was none yet */
};

static int take_line(void *arg, char *line, struct err *err)
{
	struct credentials *c = arg;
	size_t name = strcspn(line, " \t=");
	const struct {
		const char *name;
		char **where;
	} settings[] = { { "aws_access_key_id", &c->s3->key_id },
			 { "aws_secret_access_key", &c->s3->secret },
			 { "aws_session_token", &c->s3->token } };

	(void)err;
	if (*line == '[')
		c->ours = str_starts(line, "[default]");
	for (size_t i = 0; c->ours && i < sizeof(settings) / sizeof(settings[0]); i++) {
		const char *eq = strchr(line, '=');

		if (!eq || strlen(settings[i].name) != name || strncmp(line, settings[i].name, name))
			continue;
		free(*settings[i].where);
		*settings[i].where = xstrdup(eq + 1 + strspn(eq + 1, " \t"));
	}
	return 0;
}

static char *from_environment(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? xstrdup(value) : NULL;
}

static int find_credentials(struct reg_s3 *s3, const char *path, struct err *err)
{
	struct credentials c = { s3, true };

	if (path) {
		if (reg_lines_read(path, take_line, &c, err))
			return err_wrap(err, "the credentials for --s3");
	} else {
		s3->key_id = from_environment("AWS_ACCESS_KEY_ID");
		s3->secret = from_environment("AWS_SECRET_ACCESS_KEY");
		s3->token = from_environment("AWS_SESSION_TOKEN");
	}
	if (s3->key_id && s3->secret)
		return 0;
	return err_set(err, ERR_INVALID, "--s3: no %s in %s",
		       s3->key_id ? "secret access key" : "access key id",
		       path ? path : "the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)");
}

/* ---- open, close ------------------------------------------------------------------------ */

static void choose_region(struct reg_s3 *s3, const char *region)
{
	s3->region = region ? xstrdup(region) : from_environment("AWS_REGION");
	if (!s3->region)
		s3->region = from_environment("AWS_DEFAULT_REGION");
	if (!s3->region)
		s3->region = xstrdup("us-east-1");
}

const char *reg_s3_url(const struct reg_s3 *s3)
{
	return s3->url;
}

struct reg_s3 *reg_s3_open(const struct reg_s3_options *o, struct err *err)
{
	struct reg_s3 *s3 = xcalloc(1, sizeof(*s3));

	pthread_mutex_init(&s3->lock, NULL);
	signal(SIGPIPE, SIG_IGN); /* a connection that the store closed is an error, no end */
	curl_global_init(CURL_GLOBAL_DEFAULT);
	choose_region(s3, o->region);
	if (!parse_url(s3, o->url, err) && !find_credentials(s3, o->credentials, err))
		return s3;
	reg_s3_close(s3);
	return NULL;
}

void reg_s3_close(struct reg_s3 *s3)
{
	if (!s3)
		return;
	while (s3->n_idle)
		curl_easy_cleanup(s3->idle[--s3->n_idle]);
	pthread_mutex_destroy(&s3->lock);
	free(s3->url);
	free(s3->host);
	free(s3->path);
	free(s3->region);
	free(s3->key_id);
	free(s3->secret);
	free(s3->token);
	free(s3);
}
