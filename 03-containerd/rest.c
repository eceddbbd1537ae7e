/*
 * rest.c - see rest.h.
 *
 * A program that has just started holds two kinds of memory that it will not need again.
 * Of the heap, what was freed: malloc keeps it for the next caller. And of its libraries
 * (some forty, through libcurl and libmicrohttpd), the pages with the names and the code
 * that only the loader and the initialisers read. The kernel would take those back when
 * it wants memory; madvise(2) with MADV_DONTNEED lets go at once. Nothing is lost: such
 * a page is an unchanged copy of its file's, and is mapped again if it is touched again.
 */
#include "rest.h"

#include <link.h>
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

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

void ctrd_rest(void)
{
	malloc_trim(0);
	/* The loader holds its lock meanwhile: no object comes or goes. */
	dl_iterate_phdr(let_go, NULL);
}
