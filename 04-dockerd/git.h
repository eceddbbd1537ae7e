/*
 * git.h - a repository as files: what a build's context and ADD may name.
 *
 *     https://host/repo.git#ref:dir   git://host/repo   ssh://host/repo   git@host:repo   github.com/owner/repo
 *
 * The program `git` fetches it, and neither the repository nor its server is trusted: it runs as nobody, in
 * mount and pid namespaces of its own, with one directory that it may write to, without anybody's
 * configuration and hooks, and with the protocols git, http, https and ssh alone, for submodules too.
 */
#ifndef DOCKYARD_DOCKERD_GIT_H
#define DOCKYARD_DOCKERD_GIT_H

#include <stdbool.h>

#include "01-kernel/base/err.h"
#include "01-kernel/base/strbuf.h"

struct git_source {
	char *url, *ref, *dir; /* ref: a branch, a tag, a commit; "" is the default branch. dir: "." is all */
};
bool git_is_url(const char *text);
int git_parse(const char *text, struct git_source *out, struct err *err);
void git_source_free(struct git_source *g);

#define GIT_COMMIT_SIZE 65
#define GIT_REPO "repo"

/* Who waits for it, and what it may have. */
struct git_job {
	const char *sandbox; /* a directory that is empty; afterwards GIT_REPO is in it, nobody's */
	const char *header;  /* of HTTP, for the source's own host; or NULL */
	bool (*given_up)(void *arg);
	void *arg;
};
int git_fetch(const struct git_source *g, const struct git_job *job, char commit[GIT_COMMIT_SIZE],
	      struct err *err);

/* git_run.c: `git` with these arguments, as above. ERR_UNSUPPORTED: there is none on this machine; ERR_INVALID:
 * what it complained about. */
int git_run(const struct git_job *job, const struct strlist *env, const char *const *args, struct err *err);

#endif
