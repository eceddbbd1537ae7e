/*
 * logfile.h - reading what a container has said: Docker's json-file format, or our own "local".
 *
 *     {"log":"text\n","stream":"stdout","attrs":{"name":"value"},"time":"2026-01-02T03:04:05.000000006Z"}
 *     1767323045.000000006 1F text     (1: stdout, 2: stderr; F: it had a newline, P: it had none)
 *
 * one entry per line, appended by the shim, its first character says which; `<path>.1` (newer) to `<path>.N` (older) are what
 * was rotated away, `<path>.1.gz` and so on if it was compressed. A reader goes from old to new and knows when it has reached the end,
 * which may move. A line that is not complete yet is left for the next look.
 */
#ifndef DOCKYARD_DOCKERD_LOGFILE_H
#define DOCKYARD_DOCKERD_LOGFILE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include <zlib.h>

#include "01-kernel/base/err.h"
#include "01-kernel/base/log.h"
#include "01-kernel/base/strbuf.h"

struct log_entry {
	int stream;           /* 1 stdout, 2 stderr */
	const char *text;     /* valid until the next call */
	size_t len;
	const char *time;
	struct timespec when;
	const json_t *attributes; /* NULL: none */
};

struct logfile {
	char *path;
	int fd;               /* the file being read, or -1 */
	gzFile gz;            /* it is compressed, and read through this; or NULL */
	unsigned rotated;     /* it is path.<rotated>; 0: path itself */
	struct strbuf buf;    /* read, not yet handed out */
	size_t at;
	json_t *line;         /* what the last entry points into */
	char when[TIME_TEXT_SIZE]; /* the same */
};

/* Start `tail` lines before the end; -1: at the beginning. A log that does not
 * exist yet is empty. */
int logfile_open(struct logfile *f, const char *path, long tail, struct err *err);
void logfile_close(struct logfile *f);

/* 1: *e is the next entry; 0: the end, for now; -1. A line that cannot be parsed (the
 * machine crashed while it was written) is skipped. */
int logfile_next(struct logfile *f, struct log_entry *e, struct err *err);

#endif
