/*
 * shim_log.h - a container's output as a log, a line each: Docker's json-file, what
 * Kubernetes's CRI wants to find, or a shorter form of our own, "local".
 *
 *     {"log":"hello\n","stream":"stdout","attrs":{"env":"x"},"time":"2026-01-02T03:04:05.000000006Z"}
 *     2026-01-02T03:04:05.000000006Z stdout F hello
 *     1767323045.000000006 1F hello                                     (2: standard error)
 *
 * A line longer than 16 KiB comes in pieces: of Docker's only the last ends in \n, of
 * the others all but the last say P. A line is written in one write(2) with others that are
 * ready, never in two, and what a full disk refuses is kept and offered again: the log
 * loses nothing and repeats nothing.
 *
 * Lines may also, or only, go to another program (shim_sink.h): the file is then what `docker logs`
 * reads, who has no way to ask that program.
 *
 * While a line waits, for the disk or for that program, the caller takes no more output, and the
 * container waits; or (`buffer`: Docker's mode non-blocking) the container goes on and what does not
 * fit into so many bytes is lost.
 *
 * Whoever writes holds a lock on the file (flock(2)). A shim whose task was deleted while the disk
 * was full stays until its lines are written; the shim of the next task waits for it.
 */
#ifndef DOCKYARD_CTRD_SHIM_LOG_H
#define DOCKYARD_CTRD_SHIM_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "01-kernel/base/err.h"
#include "01-kernel/base/strbuf.h"

#define SHIM_LOG_LINE 16384 /* bytes of output in one line of the log, as Docker's */

enum shim_stream { SHIM_STDOUT, SHIM_STDERR, SHIM_STREAMS };
enum shim_log_format { SHIM_LOG_JSON, SHIM_LOG_CRI, SHIM_LOG_LOCAL };

struct shim_sink;

struct shim_log_options {
	const char *path; /* NULL: no file */
	enum shim_log_format format;
	int64_t max_size; /* rotate before growing past it; 0: never */
	int max_file;     /* files kept, the current one included */
	bool compress;    /* all but the current one */
	const char *attributes;   /* of every line of json-file, as JSON; NULL: none */
	size_t buffer;            /* bytes that may wait; 0: the container waits */
	struct shim_sink *remote; /* taken over; NULL: the file only */
};

struct shim_log {
	char *path;
	enum shim_log_format format;
	int fd;              /* -1: not open yet, as another shim has it or the disk is full */
	off_t size;          /* what the file holds: whole lines only */
	int64_t max_size;
	int max_file;
	bool compress;
	char *attributes;
	size_t buffer;
	unsigned long lost;  /* lines, since one was last taken */
	struct shim_sink *remote;
	off_t rotate_at;     /* max_size, or later after a rotation that failed */
	struct strbuf ready; /* whole lines, not yet in the file */
	struct strbuf open[SHIM_STREAMS]; /* output of which the line's end has not come */
	bool parted[SHIM_STREAMS];        /* parts of that line are written */
	struct timespec began[SHIM_STREAMS];
};

/* Open or create for appending. A torn last line, which a crash can leave, is cut off. */
int shim_log_open(struct shim_log *l, const struct shim_log_options *o, struct err *err);

/* Somebody has renamed the file, to rotate it: go on in a new one of the same name. On
 * failure it goes on in the old one. */
int shim_log_reopen(struct shim_log *l, struct err *err);

/* Take output that arrived at `when`, and write the lines that it completes. */
void shim_log_add(struct shim_log *l, enum shim_stream stream, const char *buf, size_t n,
		  const struct timespec *when);

/* End of a stream's output: an unfinished line is a line too. */
void shim_log_end(struct shim_log *l, enum shim_stream stream, const struct timespec *when);

/* Offer again what was refused. False: as shim_log_waits. */
bool shim_log_flush(struct shim_log *l);

/* Is something left over? And should the caller take no more output because of it? */
bool shim_log_pending(const struct shim_log *l);
bool shim_log_waits(const struct shim_log *l);

/* Somebody has deleted the file: what is left over will never be wanted. */
bool shim_log_gone(const struct shim_log *l);

void shim_log_close(struct shim_log *l);

/* --- shim_log_gzip.c --------------------------------------------------------------------- */

/* log.1, open and locked at fd, becomes log.1.gz in the course of time. The caller closes fd; its
 * child is reaped like any other. */
void shim_log_gzip(const struct shim_log *l, int fd);
/* That is still going on. */
bool shim_log_gzip_busy(const struct shim_log *l);

/* --- shim_log_line.c ---------------------------------------------------------- */

struct shim_log_line {
	enum shim_stream stream;
	struct timespec when;
	const char *text; /* with its end of line, if it has come */
	size_t n;
	bool partial;     /* it was cut: more of it comes */
};
/* `attributes`: of json-file, NULL: none. */
void shim_log_line(struct strbuf *to, enum shim_log_format format, const char *attributes,
		   const struct shim_log_line *line);

/* Append `n` bytes as a JSON string, escaped as Docker does: control characters,
 * quotes, <, > and &, U+2028 and U+2029, and \ufffd for each byte that is not UTF-8. */
void shim_log_quote(struct strbuf *sb, const char *buf, size_t n);

#endif
