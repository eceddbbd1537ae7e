/*
 * shim_sink.h - a log that goes to another program: a syslog server, or systemd's journal.
 *
 *     line ──▶ shim_syslog.c or shim_journald.c ──▶ queue ──▶ socket
 *              one message each
 *
 * Nothing here blocks. While a server that is there takes nothing, the container waits, as Docker's
 * does (shim_log.h says when it does not). While none is there it does not wait: the newest lines
 * over SINK_AWAY bytes are lost, and counted in shim.log; a new connection is tried every second.
 *
 * What a container writes is the text of a message and nothing else: each page says how it is kept
 * from looking like the end of one.
 */
#ifndef DOCKYARD_CTRD_SHIM_SINK_H
#define DOCKYARD_CTRD_SHIM_SINK_H

#include <jansson.h>
#include <sys/socket.h>

#include "01-kernel/base/strbuf.h"
#include "shim_loop.h"

#define SINK_AWAY 65536 /* bytes that wait for a server that is not there */

struct shim_log_line;
struct shim_sink;

typedef void shim_format_fn(const struct shim_sink *s, struct strbuf *to,
			    const struct shim_log_line *line);

struct shim_sink {
	struct shim_loop *loop;  /* NULL: nobody waits for the socket (tests) */
	struct shim_watch watch; /* the socket; -1: there is no server */
	struct shim_timer again; /* when the next connection is tried */
	bool connecting;
	struct sockaddr_storage to;
	socklen_t to_size;
	int type;                /* SOCK_STREAM or SOCK_DGRAM */
	char *name;              /* "tcp 10.0.0.1:514", for people */
	struct strbuf queue;     /* messages, each behind its length as a uint32_t */
	size_t at, sent;         /* where the oldest begins; how much of it is gone */
	unsigned long lost;      /* lines, since the server went away */
	void (*progress)(void *owner);
	void *owner;
	/* How a line becomes a message. */
	shim_format_fn *format;
	json_t *options;         /* of the format; borrowed */
	struct strbuf fields;    /* the journal's that every message has */
};

/* {"driver":"syslog","syslog":{…}} or {"driver":"journald","journald":{…}}, as containerd has checked
 * it; `log` must outlive the sink. Connects, as Docker does before a container starts. New, or NULL. */
struct shim_sink *shim_sink_open(const json_t *log, struct err *err);
/* From now on the loop is told what to wait for; progress(owner) after each time it went on. */
void shim_sink_attach(struct shim_sink *s, struct shim_loop *loop, void (*progress)(void *owner),
		      void *owner);
void shim_sink_add(struct shim_sink *s, const struct shim_log_line *line);
void shim_sink_flush(struct shim_sink *s);
size_t shim_sink_pending(const struct shim_sink *s); /* bytes */
/* Should the container wait? */
bool shim_sink_waits(const struct shim_sink *s);
/* What is left over will not be sent any more. */
void shim_sink_abandon(struct shim_sink *s);
void shim_sink_close(struct shim_sink *s); /* may be NULL */

/* --- shim_sink_open.c: who is on the other side ------------------------------------------- */

/* Fill in `to`, `type` and `name`, as `format` and `options` ask, and connect for the first time: it
 * must succeed. */
int shim_sink_dial(struct shim_sink *s, struct err *err);
/* A socket that connects, or has connected (*done); -1 with errno. */
int shim_sink_connect(const struct shim_sink *s, bool *done);
/* What has become of one that was waited for: 0, or an errno. */
int shim_sink_outcome(int fd);

/* --- shim_syslog.c, shim_journald.c --------------------------------------------------------- */

shim_format_fn shim_syslog_format, shim_journald_format;
/* The fields of every message, from {"NAME": "value"}. A name that is none, or that each message
 * has its own value of, is left out. */
void shim_journald_fields(struct strbuf *to, const json_t *fields);
/* A message that no datagram holds goes as a file: 0 or -1 with errno. fd does not block. */
int shim_journald_send_file(int fd, const void *message, size_t n);

#endif
