/*
 * http_tls.c - who the client of a TLS connection is, and whether it speaks TLS at all.
 *
 * libmicrohttpd asks for a client's certificate where it was given an authority, and takes
 * whatever comes, or nothing: judging it is left to us. So this stands before the first look
 * at a request, and who fails it is answered nothing.
 */
#include "http_private.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <sys/socket.h>

#include "01-kernel/base/log.h"

bool http_tls_client_trusted(struct MHD_Connection *conn, const char *peer)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(conn, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	gnutls_typed_vdata_st for_clients = { .type = GNUTLS_DT_KEY_PURPOSE_OID,
					      .data = (void *)GNUTLS_KP_TLS_WWW_CLIENT };
	unsigned status = 0;
	int rc = info ? gnutls_certificate_verify_peers(info->tls_session, &for_clients, 1, &status)
		      : GNUTLS_E_NO_CERTIFICATE_FOUND;

	if (!rc && !status)
		return true;
	log_warn("%s: a client without a certificate that is good here: %s", peer,
		 rc ? gnutls_strerror(rc) : "not signed by the authority, expired, or not for clients");
	return false;
}

/* RFC 8446, 5.1: what a client says first is a record of type 22, a handshake. */
#define TLS_HANDSHAKE 22
#define HELLO_BLOCKS 16 /* more than any has */

void http_tls_mismatch(int fd, bool tls)
{
	char said[4096];
	int n;

	if (recv(fd, said, 1, MSG_PEEK | MSG_DONTWAIT) != 1 || (said[0] == TLS_HANDSHAKE) == tls)
		return;
	/* Closing on what was not read would reset the connection, and take the answer along. That is all that
	 * who goes on and on gets: this is the thread that accepts. */
	for (int i = 0; i < HELLO_BLOCKS && recv(fd, said, sizeof(said), MSG_DONTWAIT) > 0; i++)
		;
	n = snprintf(said, sizeof(said),
		     "HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n%s\n",
		     tls ? "Client sent an HTTP request to an HTTPS server."
			 : "Client sent a TLS handshake to an HTTP server.");
	(void)!send(fd, said, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
	shutdown(fd, SHUT_RDWR);
}
