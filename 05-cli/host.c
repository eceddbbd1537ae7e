/*
 * host.c - see host.h.
 */
#include "host.h"

#include <string.h>
#include <unistd.h>

#include "01-kernel/base/strbuf.h"
#include "ssh.h"

static int malformed(const char *text, struct err *err)
{
	return err_set(err, ERR_INVALID,
		       "unable to resolve docker endpoint: invalid bind address format: %s", text);
}

/* A file of the TLS three: the one named, or the usual one where it exists. */
static char *tls_file(const char *named, const char *directory, const char *usual)
{
	AUTO_FREE char *path = named ? xstrdup(named) : xasprintf("%s/%s", directory, usual);

	return named || !access(path, F_OK) ? steal_ptr(&path) : NULL;
}

static int load_tls(struct cli_host *host, const struct cli_tls_flags *flags,
		    const char *cert_directory, struct err *err)
{
	const char *files[] = { NULL, NULL, NULL };

	host->verify = flags->verify;
	host->tls = host->tls || flags->tls || host->verify;
	if (!host->tls)
		return 0;
	host->ca = tls_file(flags->ca, cert_directory, "ca.pem");
	host->cert = tls_file(flags->cert, cert_directory, "cert.pem");
	host->key = tls_file(flags->key, cert_directory, "key.pem");
	files[0] = host->ca;
	files[1] = host->cert;
	files[2] = host->key;
	for (int i = 0; i < 3; i++)
		if (files[i] && access(files[i], R_OK))
			return err_sys(err, "unable to resolve docker endpoint: open %s", files[i]);
	if (host->verify && !host->ca)
		return err_set(err, ERR_NOT_FOUND,
			       "unable to resolve docker endpoint: open %s/ca.pem: no such file or directory",
			       cert_directory);
	if (!host->cert != !host->key)
		return err_set(err, ERR_INVALID,
			       "unable to resolve docker endpoint: a client certificate needs both its "
			       "certificate and its key file");
	return 0;
}

/* "host", "host:port", "[v6]:port": the port added where it is missing. */
static int parse_tcp(struct cli_host *host, const char *text, const char *address, struct err *err)
{
	const char *bracket = strrchr(address, ']');
	const char *colon = strrchr(bracket ? bracket : address, ':');
	size_t len = strcspn(address, "/");
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]%";

	if (!len || strspn(address, allowed) < len || (address[len] && address[len + 1]))
		return malformed(text, err);
	if (colon && (!colon[1] || strspn(colon + 1, "0123456789/") != strlen(colon + 1) ||
		      atol(colon + 1) > 65535))
		return malformed(text, err);
	host->name = colon ? xstrndup(address, len)
			   : xasprintf("%.*s:%d", (int)len, address, host->tls ? 2376 : 2375);
	host->base = xasprintf("%s://%s", host->tls ? "https" : "http", host->name);
	host->text = xasprintf("tcp://%s", host->name);
	return 0;
}

int cli_host_parse(struct cli_host *host, const char *text, const struct cli_tls_flags *flags,
		   const char *cert_directory, struct err *err)
{
	const char *scheme = strstr(text, "://");
	const char *address = scheme ? scheme + 3 : text;

	*host = (struct cli_host){ 0 };
	if (str_starts(text, "unix://")) {
		if (*address != '/')
			return malformed(text, err);
		host->text = xstrdup(text);
		host->socket = xstrdup(address);
		host->base = xstrdup("http://localhost");
		host->name = xstrdup("localhost");
		return 0;
	}
	if (str_starts(text, "ssh://")) {
		host->text = xstrdup(text);
		host->base = xstrdup("http://127.0.0.1"); /* libcurl would look up a name */
		host->name = xstrdup("docker.example.com");
		return cli_ssh_parse(text, &host->ssh, err);
	}
	if (scheme && !str_starts(text, "tcp://") && !str_starts(text, "http://") &&
	    !str_starts(text, "https://"))
		return malformed(text, err);
	host->tls = str_starts(text, "https://");
	if (load_tls(host, flags, cert_directory, err))
		return -1;
	return parse_tcp(host, text, address, err);
}

void cli_host_free(struct cli_host *host)
{
	char *owned[] = { host->text, host->socket, host->base, host->name,
			  host->ca, host->cert, host->key };

	for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
		free(owned[i]);
	strlist_free(&host->ssh);
	*host = (struct cli_host){ 0 };
}
