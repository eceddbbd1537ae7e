/*
 * registries.c - what all transfers of a daemon share: tokens that are still good, and where
 * registries are configured.
 *
 * A token is kept under the SHA-256 of all that it depends on, credentials included: so no
 * transfer gets one by somebody else's password, and no password is kept.
 */
#include "fetch_private.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TOKENS_MAX 256

struct token {
	char key[DIGEST_SIZE];
	char *authorization; /* NULL: the slot is free */
	time_t expires;      /* CLOCK_MONOTONIC */
};

struct ctrd_registries {
	struct strlist certs_dirs;
	pthread_mutex_t lock; /* guards tokens */
	struct token tokens[TOKENS_MAX];
};

struct ctrd_registries *ctrd_registries_new(const char *const *certs_dirs)
{
	struct ctrd_registries *regs = xcalloc(1, sizeof(*regs));

	pthread_mutex_init(&regs->lock, NULL);
	for (size_t i = 0; certs_dirs && certs_dirs[i]; i++)
		strlist_add(&regs->certs_dirs, certs_dirs[i]);
	return regs;
}

void ctrd_registries_free(struct ctrd_registries *regs)
{
	if (!regs)
		return;
	for (size_t i = 0; i < TOKENS_MAX; i++)
		free(regs->tokens[i].authorization);
	strlist_free(&regs->certs_dirs);
	pthread_mutex_destroy(&regs->lock);
	free(regs);
}

const struct strlist *registries_certs_dirs(const struct ctrd_registries *regs)
{
	return regs ? &regs->certs_dirs : NULL;
}

static time_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static struct token *find_locked(struct ctrd_registries *regs, const char *key)
{
	for (struct token *t = regs->tokens; t < regs->tokens + TOKENS_MAX; t++)
		if (t->authorization && !strcmp(t->key, key))
			return t;
	return NULL;
}

/* A free slot, or that of the token which has the least time left. */
static struct token *room_locked(struct ctrd_registries *regs)
{
	struct token *oldest = regs->tokens;

	for (struct token *t = regs->tokens; t < regs->tokens + TOKENS_MAX; t++) {
		if (!t->authorization)
			return t;
		if (t->expires < oldest->expires)
			oldest = t;
	}
	return oldest;
}

char *registries_token(struct ctrd_registries *regs, const char *key)
{
	struct token *t;
	char *copy = NULL;

	if (!regs)
		return NULL;
	pthread_mutex_lock(&regs->lock);
	t = find_locked(regs, key);
	if (t && t->expires > now())
		copy = xstrdup(t->authorization);
	pthread_mutex_unlock(&regs->lock);
	return copy;
}

void registries_keep_token(struct ctrd_registries *regs, const char *key, const char *token,
			   int64_t seconds)
{
	struct token *t;

	if (!regs)
		return;
	pthread_mutex_lock(&regs->lock);
	t = find_locked(regs, key);
	if (!t)
		t = room_locked(regs);
	free(t->authorization);
	snprintf(t->key, sizeof(t->key), "%s", key);
	t->authorization = xstrdup(token);
	t->expires = now() + (time_t)seconds;
	pthread_mutex_unlock(&regs->lock);
}

void registries_forget_token(struct ctrd_registries *regs, const char *key)
{
	struct token *t;

	if (!regs)
		return;
	pthread_mutex_lock(&regs->lock);
	t = find_locked(regs, key);
	if (t)
		free(steal_ptr(&t->authorization));
	pthread_mutex_unlock(&regs->lock);
}
