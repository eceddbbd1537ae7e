/*
 * http_tls.c - who the client of a TLS connection is.
 *
 * libmicrohttpd asks for a client's certificate where it was given an authority, and takes
 * whatever comes, or nothing: judging it is left to us. So this stands before the first look
 * at a request, and who fails it is answered nothing.
 */
#include "http_private.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

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
