/*
 * access.c - see access.h.
 */
#include "access.h"

#include <pthread.h>
#include <string.h>

#include "01-kernel/base/ignore.h"
#include "01-kernel/base/log.h"
#include "01-kernel/base/strbuf.h"
#include "lines.h"

#define BLANK " \t"

struct rule {
	char *who;
	char *repositories; /* NULL: this is about the catalog */
	unsigned rights;
};

struct rules {
	struct rule *v;
	size_t n;
};

struct reg_access {
	char *path;
	pthread_mutex_t lock; /* guards what follows */
	struct reg_edition edition;
	struct rules rules;
};

unsigned reg_right_of(const char *word, size_t n)
{
	static const struct {
		const char *word;
		unsigned right;
	} rights[] = { { "pull", REG_PULL }, { "push", REG_PUSH }, { "delete", REG_DELETE } };

	for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++)
		if (strlen(rights[i].word) == n && !memcmp(rights[i].word, word, n))
			return rights[i].right;
	return 0;
}

static void rules_free(struct rules *rules)
{
	for (size_t i = 0; i < rules->n; i++) {
		free(rules->v[i].who);
		free(rules->v[i].repositories);
	}
	free(rules->v);
}

static int read_rights(const char *words, unsigned *rights, struct err *err)
{
	for (;;) {
		size_t n = strcspn(words, ",");
		unsigned right = reg_right_of(words, n);

		if (!right)
			return err_set(err, ERR_INVALID, "\"%.*s\" is none of pull, push, delete",
				       (int)n, words);
		*rights |= right;
		if (!words[n])
			return 0;
		words += n + 1;
	}
}

static int add_rule(void *arg, char *line, struct err *err)
{
	struct rules *rules = arg;
	char *save = NULL;
	const char *who = strtok_r(line, BLANK, &save);
	const char *what = strtok_r(NULL, BLANK, &save);
	const char *words = strtok_r(NULL, BLANK, &save);
	struct rule rule = { NULL, NULL, REG_CATALOG };

	if (!what || (!words && strcmp(what, "catalog")) || strtok_r(NULL, BLANK, &save))
		return err_set(err, ERR_INVALID,
			       "expected WHO REPOSITORIES RIGHT[,RIGHT...] or WHO catalog");
	if (words) {
		rule.rights = 0;
		if (read_rights(words, &rule.rights, err))
			return -1;
		rule.repositories = xstrdup(what);
	}
	rule.who = xstrdup(who);
	rules->v = xrealloc(rules->v, (rules->n + 1) * sizeof(rule));
	rules->v[rules->n++] = rule;
	return 0;
}

/* Needs the lock. */
static int reload(struct reg_access *access, struct err *err)
{
	struct rules rules = { NULL, 0 };

	if (reg_lines_read(access->path, add_rule, &rules, err)) {
		rules_free(&rules);
		return -1;
	}
	rules_free(&access->rules);
	access->rules = rules;
	return 0;
}

struct reg_access *reg_access_open(const char *path, struct err *err)
{
	struct reg_access *access = xcalloc(1, sizeof(*access));

	access->path = xstrdup(path);
	pthread_mutex_init(&access->lock, NULL);
	reg_lines_new(path, &access->edition);
	if (!reload(access, err))
		return access;
	reg_access_free(access);
	return NULL;
}

void reg_access_free(struct reg_access *access)
{
	if (!access)
		return;
	rules_free(&access->rules);
	pthread_mutex_destroy(&access->lock);
	free(access->path);
	free(access);
}

static bool applies(const struct rule *rule, const char *user, const char *repository)
{
	if (strcmp(rule->who, "anonymous") &&
	    (!user || (strcmp(rule->who, "*") && strcmp(rule->who, user))))
		return false;
	if (!repository || !rule->repositories)
		return !repository && !rule->repositories;
	return ignore_match(rule->repositories, repository);
}

unsigned reg_access_rights(struct reg_access *access, const char *user, const char *repository)
{
	unsigned rights = 0;
	struct err err;

	pthread_mutex_lock(&access->lock);
	if (reg_lines_new(access->path, &access->edition) && reload(access, &err))
		log_error("the rights stay as they were: %s", err.msg);
	for (size_t i = 0; i < access->rules.n; i++)
		if (applies(&access->rules.v[i], user, repository))
			rights |= access->rules.v[i].rights;
	pthread_mutex_unlock(&access->lock);
	return rights;
}
