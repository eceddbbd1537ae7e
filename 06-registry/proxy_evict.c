/*
 * proxy_evict.c - what has to go when the mirror has more than it may keep.
 *
 * The blobs that nobody asked for longest, by the time of their last access: the mirror sets
 * that itself (reg_blob_touch), whatever the file system is mounted with. Whoever reads one that
 * goes has it open, and reads on.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "01-kernel/base/log.h"
#include "errors.h"
#include "manifest.h"
#include "proxy_private.h"

struct old {
	char digest[DIGEST_SIZE];
	uint64_t size;
	struct timespec used;
};

struct olds {
	struct reg_proxy *proxy;
	struct old *v;
	size_t n, cap;
};

static int by_use(const void *a, const void *b)
{
	const struct timespec *x = &((const struct old *)a)->used;
	const struct timespec *y = &((const struct old *)b)->used;

	if (x->tv_sec != y->tv_sec)
		return x->tv_sec < y->tv_sec ? -1 : 1;
	return x->tv_nsec < y->tv_nsec ? -1 : x->tv_nsec > y->tv_nsec;
}

static int note(void *arg, const char *digest, uint64_t size)
{
	struct olds *all = arg;
	struct err ignored;
	AUTO_CLOSE int fd = content_reader(all->proxy->store->content, digest, NULL, &ignored);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return 0; /* it has just gone */
	if (all->n == all->cap) {
		all->cap = all->cap ? 2 * all->cap : 256;
		all->v = xrealloc(all->v, all->cap * sizeof(*all->v));
	}
	all->v[all->n] = (struct old){ .size = size, .used = st.st_atim };
	snprintf(all->v[all->n++].digest, DIGEST_SIZE, "%s", digest);
	return 0;
}

/* Out of every repository: a manifest with its tags, or a blob. The last link takes the bytes. */
static void forget(struct reg_store *store, const struct strlist *names, const char *digest)
{
	struct err err;

	for (size_t i = 0; i < names->n; i++) {
		if (!reg_blob_has(store, names->v[i], digest, NULL) ||
		    !reg_manifest_delete(store, names->v[i], digest, &err))
			continue;
		if ((reg_refused(&err, REG_MANIFEST_UNKNOWN) ||
		     reg_refused(&err, REG_NAME_UNKNOWN)) && /* it has blobs alone */
		    !reg_blob_delete(store, names->v[i], digest, &err))
			continue;
		log_warn("mirror: evict %s of %s: %s", digest, names->v[i], err.msg);
	}
}

/* Down to nine tenths, so that the next blob does not call for this again; but what came last
 * is what is wanted now. */
static int evict(struct reg_proxy *p, uint64_t *kept, struct err *err)
{
	AUTO_STRLIST struct strlist names = STRLIST_INIT;
	struct olds all = { .proxy = p };
	AUTO_FREE struct old *owned = NULL;
	uint64_t sum = 0, aim = p->max_size / 10 * 9;
	size_t gone = 0;
	int rc = reg_repo_list_all(p->store, &names, err) ||
		 content_walk(p->store->content, note, &all, err);

	owned = all.v;
	if (rc)
		return -1;
	for (size_t i = 0; i < all.n; i++)
		sum += all.v[i].size;
	if (all.n)
		qsort(all.v, all.n, sizeof(*all.v), by_use);
	for (; gone + 1 < all.n && sum > aim; gone++) {
		forget(p->store, &names, all.v[gone].digest);
		sum -= all.v[gone].size;
	}
	log_info("mirror: evicted %zu of %zu blobs, %llu bytes are left", gone, all.n,
		 (unsigned long long)sum);
	*kept = sum;
	return 0;
}

void proxy_kept(struct reg_proxy *p, uint64_t bytes)
{
	struct err err;
	uint64_t kept;
	bool now;

	pthread_mutex_lock(&p->lock);
	p->kept += bytes;
	kept = p->kept;
	now = p->max_size && kept > p->max_size && !p->evicting;
	p->evicting |= now;
	pthread_mutex_unlock(&p->lock);
	if (!now)
		return;
	if (evict(p, &kept, &err))
		log_warn("mirror: evict: %s", err.msg);
	pthread_mutex_lock(&p->lock);
	p->kept = kept;
	p->evicting = false;
	pthread_mutex_unlock(&p->lock);
}

static int weigh(void *arg, const char *digest, uint64_t size)
{
	(void)digest;
	*(uint64_t *)arg += size;
	return 0;
}

int proxy_weigh(struct reg_proxy *p, struct err *err)
{
	return content_walk(p->store->content, weigh, &p->kept, err);
}
