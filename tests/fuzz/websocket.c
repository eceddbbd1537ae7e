/*
 * websocket.c - what a client sends over a WebSocket: frames of any kind, in pieces of any size.
 */
#include <string.h>

#include "04-dockerd/websocket.h"
#include "fuzz.h"

static int feed(const uint8_t *in, size_t size, size_t piece, struct strbuf *data,
		struct strbuf *answer)
{
	struct ws_reader r = { .have = 0 };
	int ended = 0;

	strbuf_reserve(data, 0);
	strbuf_reserve(answer, 0);
	for (size_t at = 0; at < size && !ended; at += piece)
		ended = dockerd_ws_feed(&r, in + at, piece < size - at ? piece : size - at, data, answer);
	return ended;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_STRBUF struct strbuf whole = STRBUF_INIT, said = STRBUF_INIT;
	AUTO_STRBUF struct strbuf cut = STRBUF_INIT, said_cut = STRBUF_INIT;
	int ended;

	if (!size)
		return 0;
	ended = feed(data, size, size, &whole, &said);
	MUST(ended == feed(data, size, data[0] % 7 + 1, &cut, &said_cut));
	MUST(whole.len == cut.len && !memcmp(whole.data, cut.data, cut.len));
	MUST(said.len == said_cut.len && !memcmp(said.data, said_cut.data, said.len));
	/* Nothing grows: what is kept for either side is no more than what came, and a close. */
	MUST(whole.len <= size && said.len <= size + 4);
	/* The last word is a close: of at most a status. */
	MUST(!ended || (said.len >= 2 && ((uint8_t)said.data[said.len - 2] == 0x88 ||
					  (said.len >= 4 && (uint8_t)said.data[said.len - 4] == 0x88))));
	return 0;
}
