/*
 * cleanup.h - resources that give themselves back when their scope ends.
 *
 *     AUTO_CLOSE int fd = open(...);      closed on every way out
 *     AUTO_FREE char *name = strdup(...); freed on every way out
 *     return steal_fd(&fd);               ... unless it is handed over
 *
 * gcc and clang run the cleanup attribute in reverse order of declaration
 * (GCC manual, "Common Variable Attributes"). A variable carrying it must be
 * initialised where it is declared, and a function that uses it has no goto.
 * errno survives a cleanup, so that the caller still sees why a call failed.
 */
#ifndef DOCKYARD_CLEANUP_H
#define DOCKYARD_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* `unused`: clang warns of a variable that nothing but its cleanup looks at. */
#define AUTO(fn) __attribute__((cleanup(fn), unused))

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close(const int *fd)
{
	int saved = errno;
	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static inline void cleanup_fclose(FILE **f)
{
	int saved = errno;
	if (*f)
		fclose(*f);
	errno = saved;
}

static inline void cleanup_closedir(DIR **d)
{
	int saved = errno;
	if (*d)
		closedir(*d);
	errno = saved;
}

#define AUTO_FREE AUTO(cleanup_free)
#define AUTO_CLOSE AUTO(cleanup_close)
#define AUTO_FCLOSE AUTO(cleanup_fclose)
#define AUTO_CLOSEDIR AUTO(cleanup_closedir)

/* Hand an owned descriptor to the caller; the scope no longer closes it. */
static inline int steal_fd(int *fd)
{
	int taken = *fd;
	*fd = -1;
	return taken;
}

/* Hand an owned pointer to the caller; the scope no longer frees it. */
#define steal_ptr(p) __extension__({ __auto_type taken_ = *(p); *(p) = NULL; taken_; })

#endif
