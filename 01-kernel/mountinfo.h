/*
 * mountinfo.h - the mount table as the calling thread sees it
 * (/proc/thread-self/mountinfo, proc_pid_mountinfo(5)).
 */
#ifndef DOCKYARD_MOUNTINFO_H
#define DOCKYARD_MOUNTINFO_H

#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"

/* One mount. The strings live in the table's text; octal escapes are undone. */
struct kern_mount {
	int id, parent;
	const char *root;    /* the directory of the file system that is mounted */
	const char *target;  /* where, as seen from this process's root */
	const char *options; /* of the mount: "rw,nosuid,relatime" */
	const char *tags;    /* propagation: "shared:3 master:1", "" if private */
	const char *type;    /* "ext4", "cgroup2" */
	const char *source;
	const char *super;   /* options of the file system: "rw,memory" */
};

struct kern_mount_table {
	struct kern_mount *v; /* in mount order: a later one hides an earlier one */
	size_t n;
	char *text;
};

int kern_mount_table_read(struct kern_mount_table *t, struct err *err);
/* The same from a text, which is taken over. A line that is none is passed over. */
void kern_mount_table_parse(struct kern_mount_table *t, char *text);
void kern_mount_table_free(struct kern_mount_table *t);

#define AUTO_MOUNT_TABLE AUTO(kern_mount_table_free)

/* Is `word` one of the comma-separated words? */
int kern_mount_has_option(const char *options, const char *word);

#endif
