/*
 * build_git.c - see build.h: a repository, as a build's context or as what ADD adds (git.h).
 *
 * What git has written is copied like any other hostile tree: names are resolved below its root, owners are set.
 * A step that adds it has the commit in its key, so no file of it has to be read for that.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/file.h"
#include "01-kernel/path.h"
#include "build.h"
#include "git.h"

static bool given_up(void *build)
{
	return build_stopped(build);
}

static int fetch(struct build *b, const struct git_source *g, bool keep, char **identity, struct err *err)
{
	char commit[GIT_COMMIT_SIZE];
	AUTO_FREE char *dir = build_temporary(b, b->dir, "git"), *header = build_auth_git(b, g->url);
	struct git_job job = { .sandbox = dir, .header = header, .given_up = given_up, .arg = b };
	AUTO_CLOSE int sandbox = -1, repo = -1;

	if (file_mkdir_p(dir, 0700, err) || git_fetch(g, &job, commit, err))
		return -1;
	sandbox = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (sandbox < 0)
		return err_sys(err, "open %s", dir);
	repo = kern_path_open(sandbox, GIT_REPO, O_RDONLY | O_DIRECTORY, 0, 0, err);
	if (repo < 0 || (!keep && file_remove_tree(repo, ".git", err)))
		return -1;
	*identity = xasprintf("%s:%s%s", commit, g->dir, keep ? " and .git" : "");
	return kern_path_open(repo, g->dir, O_RDONLY | O_DIRECTORY, 0, 0, err);
}

int build_git(struct build *b, const char *url, bool keep, char **identity, struct err *err)
{
	struct git_source g;
	int fd = git_parse(url, &g, err) ? -1 : fetch(b, &g, keep, identity, err);

	git_source_free(&g);
	return fd;
}
