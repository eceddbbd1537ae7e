/*
 * websocket.c - the frames of WebSocket (websocket.h; RFC 6455, section 5).
 *
 *      0 1 2 3  4..7    0    1..7
 *     FIN RSV  opcode  MASK  length   [16 or 64 bits of length]   [mask]   payload
 *
 * Every number is in network byte order. A client masks what it sends, so that no page can
 * make a browser write bytes of its choice to a server that takes them for something else.
 */
#include "websocket.h"

/* --- frames to the client ------------------------------------------------------------------- */

void dockerd_ws_frame(struct strbuf *out, enum ws_opcode opcode, const void *payload, size_t n)
{
	strbuf_addc(out, (char)(0x80 | opcode));
	if (n < 126) {
		strbuf_addc(out, (char)n);
	} else {
		int bytes = n <= UINT16_MAX ? 2 : 8;

		strbuf_addc(out, bytes == 2 ? 126 : 127);
		while (bytes--)
			strbuf_addc(out, (char)((uint64_t)n >> (8 * bytes)));
	}
	strbuf_add(out, payload, n);
}

void dockerd_ws_close(struct strbuf *out, enum ws_status status)
{
	const unsigned char code[2] = { (unsigned char)(status >> 8), (unsigned char)status };

	dockerd_ws_frame(out, WS_CLOSE, code, sizeof code);
}

/* --- frames from the client ------------------------------------------------------------------ */

static unsigned opcode_of(const struct ws_reader *r)
{
	return r->head[0] & 0xf;
}

static bool is_control(const struct ws_reader *r)
{
	return opcode_of(r) & 8;
}

/* How long the head is, as far as what is there of it tells. */
static size_t head_size(const struct ws_reader *r)
{
	unsigned length = r->have < 2 ? 0 : r->head[1] & 0x7f;

	return 2 + (length == 126 ? 2 : length == 127 ? 8 : 0) + 4;
}

static uint64_t payload_size(const struct ws_reader *r)
{
	unsigned length = r->head[1] & 0x7f;
	int bytes = length == 126 ? 2 : length == 127 ? 8 : 0;
	uint64_t n = bytes ? 0 : length;

	for (int i = 0; i < bytes; i++)
		n = n << 8 | r->head[2 + i];
	return n;
}

/* Told from its first two bytes: it is not read to the end to find it wrong (section 5.2). */
static bool is_wrong(const struct ws_reader *r)
{
	bool fin = r->head[0] & 0x80, masked = r->head[1] & 0x80;
	unsigned op = opcode_of(r);

	if ((r->head[0] & 0x70) || !masked)
		return true;
	if (is_control(r))
		return op > WS_PONG || !fin || (r->head[1] & 0x7f) > sizeof r->control;
	return op > WS_BINARY || (op == WS_CONTINUATION) != r->fragmented;
}

static int fail(struct strbuf *answer, enum ws_status status)
{
	dockerd_ws_close(answer, status);
	return 1;
}

/* A byte of the head. 0, or 1: not a frame that we take. */
static int take_head(struct ws_reader *r, unsigned char byte, struct strbuf *answer)
{
	r->head[r->have++] = byte;
	if (r->have == 2 && is_wrong(r))
		return fail(answer, WS_PROTOCOL_ERROR);
	if (r->have < 2 || r->have < head_size(r))
		return 0;
	r->left = payload_size(r);
	r->at = 0;
	if (r->left > WS_FRAME_MAX)
		return fail(answer, WS_TOO_BIG);
	if (!is_control(r))
		r->fragmented = !(r->head[0] & 0x80);
	return 0;
}

static void take_payload(struct ws_reader *r, const unsigned char *in, size_t n,
			 struct strbuf *data)
{
	const unsigned char *mask = r->head + head_size(r) - 4;

	for (size_t i = 0; i < n; i++, r->at++) {
		unsigned char byte = in[i] ^ mask[r->at % 4];

		if (is_control(r))
			r->control[r->at] = byte;
		else
			strbuf_addc(data, (char)byte);
	}
	r->left -= n;
}

/* The frame is complete. */
static int end_frame(struct ws_reader *r, struct strbuf *answer)
{
	size_t n = (size_t)r->at;

	r->have = 0;
	if (opcode_of(r) == WS_PING)
		dockerd_ws_frame(answer, WS_PONG, r->control, n);
	if (opcode_of(r) != WS_CLOSE)
		return 0;
	if (n == 1) /* a status has two bytes (section 5.5.1) */
		return fail(answer, WS_PROTOCOL_ERROR);
	dockerd_ws_frame(answer, WS_CLOSE, r->control, n ? 2 : 0);
	return 1;
}

int dockerd_ws_feed(struct ws_reader *r, const unsigned char *in, size_t n, struct strbuf *data,
		    struct strbuf *answer)
{
	while (n) {
		size_t used = 1;
		bool in_head = r->have < 2 || r->have < head_size(r);

		if (in_head && take_head(r, *in, answer))
			return 1;
		if (!in_head) {
			used = r->left < n ? (size_t)r->left : n;
			take_payload(r, in, used, data);
		}
		in += used;
		n -= used;
		if (r->have >= 2 && r->have == head_size(r) && !r->left && end_frame(r, answer))
			return 1;
	}
	return 0;
}
