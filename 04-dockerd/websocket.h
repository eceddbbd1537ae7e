/*
 * websocket.h - connections that speak WebSocket (RFC 6455), the only kind of stream that a
 * page in a browser can open.
 *
 *     client ══ frames ══ dockerd_ws_serve ══ socketpair ══ run, which knows no frames
 *
 * What the client sends in data frames is run's input; what run writes goes out in data
 * frames. A ping is answered; a close ends both. Who breaks the protocol is told so and dropped.
 */
#ifndef DOCKYARD_DOCKERD_WEBSOCKET_H
#define DOCKYARD_DOCKERD_WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "01-kernel/base/strbuf.h"
#include "03-containerd/http.h"

/* --- the handshake -------------------------------------------------------------------------- */

#define WS_ACCEPT_SIZE 32

/* The Sec-WebSocket-Accept that answers a key. */
void dockerd_ws_accept(const char *key, char accept[WS_ACCEPT_SIZE]);
/* Is it an opening handshake? Then the reply's headers are set; else ERR_INVALID. */
int dockerd_ws_handshake(const struct http_request *req, struct http_reply *rep, struct err *err);

/* --- what the client sends ----------------------------------------------------------------------- */

#define WS_FRAME_MAX (32u << 20) /* of one frame's payload; a message may have many frames */

struct ws_reader {
	unsigned char head[14]; /* of the frame under way */
	size_t have;            /* bytes of it; once they are all there, `left` counts */
	uint64_t left, at;      /* of its payload */
	bool fragmented;        /* a message is under way, to be continued */
	unsigned char control[125];
};

/*
 * Take n bytes. Payloads of data frames are appended to *data, answers (pong, close) to
 * *answer. 0; or 1: the closing handshake has begun, and *answer ends with our part of it:
 * nothing more may be sent, or read.
 */
int dockerd_ws_feed(struct ws_reader *r, const unsigned char *in, size_t n, struct strbuf *data,
		    struct strbuf *answer);

/* --- what it is sent ------------------------------------------------------------------------------ */

enum ws_opcode { WS_CONTINUATION, WS_TEXT, WS_BINARY, WS_CLOSE = 8, WS_PING, WS_PONG };
enum ws_status { WS_NORMAL = 1000, WS_PROTOCOL_ERROR = 1002, WS_TOO_BIG = 1009 };

void dockerd_ws_frame(struct strbuf *out, enum ws_opcode opcode, const void *payload, size_t n);
void dockerd_ws_close(struct strbuf *out, enum ws_status status);

/* --- a connection ----------------------------------------------------------------------------------- */

struct ws_serve {
	int client;
	bool text;   /* send text frames, as the API did before 1.28 */
	bool framed; /* what run writes is in Docker's frames: they are taken off */
	void (*run)(int fd, void *arg);
	void *arg;
};
void dockerd_ws_serve(const struct ws_serve *s);

#endif
