/*
 * sweep.c - see sweep.h.
 */
#include "sweep.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/log.h"
#include "01-kernel/base/strbuf.h"

static bool is_temporary(const char *name)
{
	const char *tail = strstr(name, ".json.");
	unsigned serial;
	int pid, end = 0;

	return tail && sscanf(tail, ".json.%d.%u.tmp%n", &pid, &serial, &end) == 2 && end &&
	       !tail[end];
}

#define STORES 2 /* how many levels are below the root, seen from it */

/* The deepest is a snapshot's own directory, or a volume's: what is in their directories is an
 * image's or a container's, and none of ours. */
static void sweep_at(int dirfd, const char *name, int deeper)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	AUTO_CLOSEDIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	for (struct dirent *de; dir && (de = readdir(dir));) {
		if (is_temporary(de->d_name) && !unlinkat(fd, de->d_name, 0))
			log_info("removed %s, an unfinished document", de->d_name);
		else if (deeper && de->d_type == DT_DIR && de->d_name[0] != '.' &&
			 (deeper < STORES || strcmp(de->d_name, "content")))
			sweep_at(fd, de->d_name, deeper - 1);
	}
}

void ctrd_sweep(const char *root)
{
	AUTO_FREE char *top = xasprintf("%s/.", root); /* which may be a link itself */

	sweep_at(AT_FDCWD, top, STORES);
}
