/*
 * git.c - see git.h: which repository, and what is asked of git to have its files.
 *
 *     init ─▶ fetch the one commit ─▶ checkout ─▶ submodules
 *               └─▶ or, from a server that cannot, all of them
 */
#include "git.h"

#include <ctype.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/ignore.h"
#include "01-kernel/path.h"

/* --- names ------------------------------------------------------------------------------------- */

static bool is_web(const char *text)
{
	return str_starts(text, "https://") || str_starts(text, "http://");
}

/* A page of the web is a repository if its path says so. */
bool git_is_url(const char *text)
{
	AUTO_FREE char *path = xstrndup(text, strcspn(text, "#?"));

	if (is_web(text))
		return str_ends(path, ".git");
	return str_starts(text, "git://") || str_starts(text, "git@") || str_starts(text, "ssh://") ||
	       str_starts(text, "github.com/");
}

/* What git check-ref-format(1) forbids, and what would be an option or more than one ref. */
static bool is_ref(const char *ref)
{
	if (*ref == '-' || *ref == '+' || strstr(ref, "..") || strstr(ref, "@{"))
		return false;
	for (const char *c = ref; *c; c++)
		if (iscntrl((unsigned char)*c) || strchr(" ~^:?*[\\", *c))
			return false;
	return true;
}

int git_parse(const char *text, struct git_source *out, struct err *err)
{
	size_t n = strcspn(text, "#");
	const char *fragment = text[n] ? text + n + 1 : "", *colon = strchr(fragment, ':');

	*out = (struct git_source){
		.url = xasprintf("%s%.*s", str_starts(text, "github.com/") ? "https://" : "", (int)n, text),
		.ref = xstrndup(fragment, colon ? (size_t)(colon - fragment) : strlen(fragment)),
		.dir = ignore_clean(colon ? colon + 1 : ""),
	};
	for (const char *c = out->url; *c; c++)
		if (isspace((unsigned char)*c) || iscntrl((unsigned char)*c))
			return err_set(err, ERR_INVALID, "invalid URL of a git repository: %s", out->url);
	return is_ref(out->ref) ? 0 : err_set(err, ERR_INVALID, "invalid git ref: %s", out->ref);
}

void git_source_free(struct git_source *g)
{
	free(g->url);
	free(g->ref);
	free(g->dir);
	*g = (struct git_source){ 0 };
}

/* --- what git is told ---------------------------------------------------------------------------- */

/* Of the daemon's own: the way to the outside. */
static void pass(struct strlist *env, const char *name)
{
	const char *value = getenv(name);

	if (value)
		strlist_addf(env, "%s=%s", name, value);
}

#define SSH_COMMAND "GIT_SSH_COMMAND=ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=accept-new " \
		    "-o UserKnownHostsFile=/tmp/known_hosts"

/* gitcredentials(7), git-config(1), "Environment": nothing is asked, nothing read but what stands here. */
static void environment(const struct git_source *g, const struct git_job *job, struct strlist *env)
{
	static const char *const fixed[] = {
		"HOME=/tmp", "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_ATTR_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=/bin/false",
		"GIT_ALLOW_PROTOCOL=git:http:https:ssh", "GIT_CEILING_DIRECTORIES=/tmp",
		(SSH_COMMAND),
	};
	static const char *const passed[] = { "PATH", "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
					      "ALL_PROXY", "no_proxy", "NO_PROXY", "SSL_CERT_FILE",
					      "SSL_CERT_DIR" };
	const char *host = strstr(g->url, "://");

	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		strlist_add(env, fixed[i]);
	for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
		pass(env, passed[i]);
	if (!job->header || !is_web(g->url))
		return;
	host += strlen("://");
	strlist_add(env, "GIT_CONFIG_COUNT=1");
	strlist_addf(env, "GIT_CONFIG_KEY_0=http.%.*s/.extraHeader",
		     (int)(host - g->url + (ptrdiff_t)strcspn(host, "/")), g->url);
	strlist_addf(env, "GIT_CONFIG_VALUE_0=%s", job->header);
}

/* --- its files ------------------------------------------------------------------------------------- */

#define RUN(...) git_run(job, env, (const char *const[]){ __VA_ARGS__, NULL }, err)
#define IN "-C", GIT_REPO

static int try_checkout(const struct git_job *job, const struct strlist *env, const char *what,
			struct err *err)
{
	return RUN(IN, "checkout", "-q", "--detach", what, "--");
}

/* An old server, one of files alone (http), or the beginning of a commit's name: all is fetched, and what the
 * ref means is looked up here. */
static int fetch_all(const struct git_source *g, const struct git_job *job, const struct strlist *env,
		     struct err *err)
{
	AUTO_FREE char *branch = xasprintf("refs/remotes/origin/%s", g->ref);
	AUTO_FREE char *commit = xasprintf("%s^{commit}", g->ref);
	struct err ignored;

	if (RUN(IN, "fetch", "-q", "--tags", "--no-recurse-submodules", "origin", "HEAD",
		"+refs/heads/*:refs/remotes/origin/*"))
		return -1;
	if (!*g->ref)
		return try_checkout(job, env, "FETCH_HEAD", err);
	return !try_checkout(job, env, branch, &ignored) ? 0 : try_checkout(job, env, commit, err);
}

static int fetch_one(const struct git_source *g, const struct git_job *job, const struct strlist *env,
		     struct err *err)
{
	return RUN(IN, "fetch", "-q", "--depth=1", "--no-tags", "--no-recurse-submodules", "origin",
		   *g->ref ? g->ref : "HEAD") || try_checkout(job, env, "FETCH_HEAD", err) ? -1 : 0;
}

static int fetch_submodules(const struct git_job *job, const struct strlist *env, struct err *err)
{
	AUTO_FREE char *list = xasprintf("%s/" GIT_REPO "/.gitmodules", job->sandbox);
	struct err ignored;
	struct stat st;

	if (lstat(list, &st))
		return 0;
	if (!git_run(job, env, (const char *const[]){ IN, "submodule", "-q", "update", "--init", "--recursive",
						      "--depth=1", NULL }, &ignored))
		return 0;
	return RUN(IN, "submodule", "-q", "update", "--init", "--recursive");
}

/* HEAD is detached, and so the commit's name. */
static int read_commit(const struct git_job *job, char commit[GIT_COMMIT_SIZE], struct err *err)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	AUTO_CLOSE int dir = open(job->sandbox, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int fd = dir < 0 ? -1 : kern_path_open(dir, GIT_REPO "/.git/HEAD", O_RDONLY | O_NONBLOCK, 0, 0, err);
	size_t n;

	if (fd < 0 || file_read_fd(fd, &text, 4096, err))
		return dir < 0 ? err_sys(err, "open %s", job->sandbox) : -1;
	n = text.data ? strspn(text.data, "0123456789abcdef") : 0;
	if ((n != 40 && n != 64) || text.len != n + 1)
		return err_set(err, ERR_INVALID, "git: no commit was checked out");
	memcpy(commit, text.data, n);
	commit[n] = '\0';
	return 0;
}

int git_fetch(const struct git_source *g, const struct git_job *job, char commit[GIT_COMMIT_SIZE],
	      struct err *err)
{
	AUTO_STRLIST struct strlist all = STRLIST_INIT;
	const struct strlist *env = &all;

	environment(g, job, &all);
	if (RUN("init", "-q", "--template=", GIT_REPO) || RUN(IN, "remote", "add", "--", "origin", g->url))
		return -1;
	if (fetch_one(g, job, env, err) &&
	    (err->kind != ERR_INVALID || fetch_all(g, job, env, err)))
		return err_wrap(err, "%s", g->url);
	return fetch_submodules(job, env, err) ? err_wrap(err, "submodules of %s", g->url)
					       : read_commit(job, commit, err);
}
