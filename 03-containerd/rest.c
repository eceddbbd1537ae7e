/*
 * rest.c - see rest.h.
 *
 * A program that has started, or done some work, holds two kinds of memory that it does not need now.
 * Of the heap, what was freed: malloc keeps it for the next caller. And of its libraries
 * (some forty, through libcurl and libmicrohttpd), the pages that were read: names for the
 * loader, code that ran once. The kernel would take those back when
 * it wants memory; madvise(2) with MADV_DONTNEED lets go at once. Nothing is lost: such
 * a page is an unchanged copy of its file's, and is mapped again if it is touched again.
 */
#include "rest.h"

#include <link.h>
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define REST_SECONDS 5
#define IDLE_NS 2000000 /* looking costs something itself, and so does a shim's message */

void ctrd_rest_share_heap(void)
{
	mallopt(M_ARENA_MAX, 1);
}

/* One loaded object. A segment that may be written, with what the loader fixes up and then
 * protects (PT_GNU_RELRO lies inside), is not a copy of the file: it stays. */
static int let_go(struct dl_phdr_info *object, size_t size, void *arg)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGE_SIZE);

	(void)size;
	(void)arg;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &object->dlpi_phdr[i];
		uintptr_t start = (object->dlpi_addr + ph->p_vaddr) & ~(page - 1);
		uintptr_t end = object->dlpi_addr + ph->p_vaddr + ph->p_filesz;

		if (ph->p_type == PT_LOAD && !(ph->p_flags & PF_W))
			madvise((void *)start, end - start, MADV_DONTNEED);
	}
	return 0;
}

static void give_back(void)
{
	malloc_trim(0);
	/* The loader holds its lock meanwhile: no object comes or goes. */
	dl_iterate_phdr(let_go, NULL);
}

static int64_t cpu_used(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* At each look after some work, not only when it is over. That takes some milliseconds, and what is needed again is
 * mapped again. */
int ctrd_rest_until(const sigset_t *signals)
{
	const struct timespec look = { .tv_sec = REST_SECONDS };
	int64_t used;
	int sig;

	do {
		give_back();
		used = cpu_used();
		while ((sig = sigtimedwait(signals, NULL, &look)) < 0 && cpu_used() - used < IDLE_NS)
			used = cpu_used();
	} while (sig < 0);
	return sig;
}
