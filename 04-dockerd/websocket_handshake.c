/*
 * websocket_handshake.c - from HTTP to WebSocket (websocket.h; RFC 6455, section 4). The key shows
 * both sides that the other speaks it; it is no secret, and SHA-1 keeps none.
 */
#include "websocket.h"

#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* section 1.3 */

void dockerd_ws_accept(const char *key, char accept[WS_ACCEPT_SIZE])
{
	AUTO_FREE char *text = xasprintf("%s" GUID, key);
	unsigned char sha1[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	EVP_Digest(text, strlen(text), sha1, &n, EVP_sha1(), NULL);
	EVP_EncodeBlock((unsigned char *)accept, sha1, (int)n);
}

/* Is the word in the comma-separated list? */
static bool lists(const char *list, const char *word)
{
	AUTO_FREE char *copy = xstrdup(list ? list : "");
	char *save = NULL;

	for (char *w = strtok_r(copy, ", \t", &save); w; w = strtok_r(NULL, ", \t", &save))
		if (!strcasecmp(w, word))
			return true;
	return false;
}

/* 16 bytes in base64 (section 4.1). */
static bool is_key(const char *key)
{
	unsigned char bytes[18];

	return key && strlen(key) == 24 && !strcmp(key + 22, "==") &&
	       EVP_DecodeBlock(bytes, (const unsigned char *)key, 24) == 18;
}

int dockerd_ws_handshake(const struct http_request *req, struct http_reply *rep, struct err *err)
{
	const char *version = http_header(req, "Sec-WebSocket-Version"),
		   *key = http_header(req, "Sec-WebSocket-Key"),
		   *protocol = http_header(req, "Sec-WebSocket-Protocol");
	char accept[WS_ACCEPT_SIZE];

	if (!lists(http_header(req, "Upgrade"), "websocket") ||
	    !lists(http_header(req, "Connection"), "Upgrade"))
		return err_set(err, ERR_INVALID, "this is no WebSocket handshake: Upgrade: websocket "
						 "and Connection: Upgrade are missing");
	if (!version || strcmp(version, "13"))
		return err_set(err, ERR_INVALID, "Sec-WebSocket-Version: expected 13");
	if (!is_key(key))
		return err_set(err, ERR_INVALID, "Sec-WebSocket-Key: expected 16 bytes in base64");
	dockerd_ws_accept(key, accept);
	http_reply_header(rep, "Sec-WebSocket-Accept", accept);
	/* One subprotocol is whatever the client calls its stream of bytes; among several we have
	 * no choice to make, and choose none. */
	if (protocol && !strchr(protocol, ','))
		http_reply_header(rep, "Sec-WebSocket-Protocol", protocol);
	return 0;
}
