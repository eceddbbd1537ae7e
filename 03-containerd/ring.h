/*
 * ring.h - bytes on their way between the threads of a pipeline.
 *
 *            writer
 *              ▼
 *   ┌────┬────┬────┬────┬────┬────┐    a slot is free again when every reader
 *   │    │ 7  │    │ 4  │ 5  │ 6  │    is past it: so the slowest sets the pace,
 *   └────┴────┴────┴────┴────┴────┘    and memory is bounded
 *               reader 0 ▲    ▲ reader 1
 *
 * One thread writes; each reader, a thread of its own, sees all of it, where it
 * lies: the bytes are not copied on. ring_stop, from any thread, lets everybody go at
 * once: a stage that fails takes the others with it, and none waits for one that is gone.
 */
#ifndef DOCKYARD_CTRD_RING_H
#define DOCKYARD_CTRD_RING_H

#include <stdbool.h>
#include <stddef.h>

#define RING_READERS_MAX 2

struct ring;
struct ring *ring_new(unsigned slots, size_t slot_size, unsigned readers);
void ring_free(struct ring *r); /* when its threads are gone */

/* The writer: a slot to fill (waits for one; NULL: stopped), and how much was put into it. */
void *ring_room(struct ring *r, size_t *size);
void ring_put(struct ring *r, size_t n);
/* Or, for bytes that are elsewhere: copy them in. False: stopped. */
bool ring_write(struct ring *r, const void *buf, size_t n);
void ring_end(struct ring *r); /* there is no more */

/* A reader: the slot that comes next (waits for it), borrowed until ring_done. *n is 0 at the
 * end. False: stopped. */
bool ring_next(struct ring *r, unsigned reader, const void **bytes, size_t *n);
void ring_done(struct ring *r, unsigned reader);

void ring_stop(struct ring *r);

#endif
