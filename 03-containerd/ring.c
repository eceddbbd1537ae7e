/*
 * ring.c - see ring.h.
 *
 * Slots are counted from the beginning of time; slot number i lies at i modulo the number
 * of slots. What is between a reader's count and the writer's is that reader's to
 * read; the writer's own slot belongs to it alone. So the lock guards counts, never bytes.
 */
#include "ring.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "01-kernel/base/strbuf.h"

struct ring {
	unsigned slots, readers;
	size_t slot_size;
	char *memory;
	size_t filled; /* of the slot that ring_write is at; the writer's own */

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t moved;
	uint64_t written, read[RING_READERS_MAX];
	size_t *len; /* of each slot */
	bool ended, stopped;
};

/* A mapping of its own: malloc would keep it for later, and a daemon is idle most of the time. */
static char *map(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		abort(); /* as xmalloc does */
	return p;
}

struct ring *ring_new(unsigned slots, size_t slot_size, unsigned readers)
{
	struct ring *r = xcalloc(1, sizeof(*r));

	r->slots = slots;
	r->slot_size = slot_size;
	r->readers = readers;
	r->len = xcalloc(slots, sizeof(*r->len));
	r->memory = map(slots * slot_size);
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->moved, NULL);
	return r;
}

void ring_free(struct ring *r)
{
	if (!r)
		return;
	munmap(r->memory, r->slots * r->slot_size);
	pthread_mutex_destroy(&r->lock);
	pthread_cond_destroy(&r->moved);
	free(r->len);
	free(r);
}

static char *slot(const struct ring *r, uint64_t i)
{
	return r->memory + i % r->slots * r->slot_size;
}

static uint64_t slowest(const struct ring *r)
{
	uint64_t least = r->read[0];

	for (unsigned i = 1; i < r->readers; i++)
		if (r->read[i] < least)
			least = r->read[i];
	return least;
}

void *ring_room(struct ring *r, size_t *size)
{
	void *room = NULL;

	pthread_mutex_lock(&r->lock);
	while (!r->stopped && r->written - slowest(r) == r->slots)
		pthread_cond_wait(&r->moved, &r->lock);
	if (!r->stopped)
		room = slot(r, r->written);
	pthread_mutex_unlock(&r->lock);
	*size = r->slot_size;
	return room;
}

void ring_put(struct ring *r, size_t n)
{
	pthread_mutex_lock(&r->lock);
	r->len[r->written++ % r->slots] = n;
	pthread_cond_broadcast(&r->moved);
	pthread_mutex_unlock(&r->lock);
}

bool ring_write(struct ring *r, const void *buf, size_t n)
{
	while (n) {
		size_t size, some;
		char *room = ring_room(r, &size);

		if (!room)
			return false;
		some = size - r->filled < n ? size - r->filled : n;
		memcpy(room + r->filled, buf, some);
		r->filled += some;
		buf = (const char *)buf + some;
		n -= some;
		if (r->filled == size) {
			ring_put(r, size);
			r->filled = 0;
		}
	}
	return true;
}

void ring_end(struct ring *r)
{
	if (r->filled)
		ring_put(r, r->filled);
	r->filled = 0;
	pthread_mutex_lock(&r->lock);
	r->ended = true;
	pthread_cond_broadcast(&r->moved);
	pthread_mutex_unlock(&r->lock);
}

bool ring_next(struct ring *r, unsigned reader, const void **bytes, size_t *n)
{
	uint64_t i;
	bool go;

	pthread_mutex_lock(&r->lock);
	i = r->read[reader];
	while (!r->stopped && !r->ended && i == r->written)
		pthread_cond_wait(&r->moved, &r->lock);
	go = !r->stopped;
	*n = i == r->written ? 0 : r->len[i % r->slots];
	pthread_mutex_unlock(&r->lock);
	*bytes = slot(r, i);
	return go;
}

void ring_done(struct ring *r, unsigned reader)
{
	pthread_mutex_lock(&r->lock);
	r->read[reader]++;
	pthread_cond_broadcast(&r->moved);
	pthread_mutex_unlock(&r->lock);
}

void ring_stop(struct ring *r)
{
	pthread_mutex_lock(&r->lock);
	r->stopped = true;
	pthread_cond_broadcast(&r->moved);
	pthread_mutex_unlock(&r->lock);
}
