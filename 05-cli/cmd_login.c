/*
 * cmd_login.c - docker login and docker logout. The daemon asks the registry
 * whether the password is right; it is then kept here (auth.h).
 */
#include <stdio.h>
#include <string.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "ask.h"
#include "ansi.h"
#include "auth.h"
#include "verbs.h"

#define PASSWORD_LIMIT (64u << 10)

struct options {
	const char *user, *password;
	bool from_stdin;
};

#define AT(field) offsetof(struct options, field)
static const struct cli_flag flags[] = {
	{ 'p', "password", CLI_STRING, AT(password), "Password or Personal Access Token (PAT)" },
	{ 0, "password-stdin", CLI_BOOL, AT(from_stdin),
	  "Take the Password or Personal Access Token (PAT) from stdin" },
	{ 'u', "username", CLI_STRING, AT(user), "Username" },
	{ 0 },
};

/* The host of what the user typed: "https://registry.example/v2/" is one. New. */
static char *server_key(const char *server)
{
	if (!server || !*server || !strcmp(server, CLI_AUTH_HUB))
		return xstrdup(CLI_AUTH_HUB);
	const char *scheme = strstr(server, "://");
	const char *host = scheme ? scheme + 3 : server;
	AUTO_FREE char *name = xstrndup(host, strcspn(host, "/"));
	return xstrdup(cli_auth_key(name));
}

/* ---- login --------------------------------------------------------------- */

static int check(const struct options *o, struct err *err)
{
	if (o->password && o->from_stdin)
		return err_set(err, ERR_INVALID, "conflicting options: cannot specify both --password and --password-stdin");
	if (o->from_stdin && !o->user)
		return err_set(err, ERR_INVALID, "the --password-stdin option requires --username to be set");
	if (o->user && !*o->user) /* as an unset variable is; it is not who is known already */
		return err_set(err, ERR_INVALID, "username is empty");
	if (o->password)
		fputs("WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n", stderr);
	return 0;
}

/* From stdin, all of it but the line feed at its end. New, or NULL. */
static char *read_password(struct err *err)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;

	strbuf_reserve(&sb, 1);
	if (file_read_fd(STDIN_FILENO, &sb, PASSWORD_LIMIT, err))
		return NULL;
	while (sb.len && strchr("\r\n", sb.data[sb.len - 1]))
		sb.data[--sb.len] = 0;
	return strbuf_steal(&sb);
}

static int ask_missing(char **user, char **password, const char *known, struct err *err)
{
	AUTO_FREE char *prompt = known ? xasprintf("Username (%s): ", known) : xstrdup("Username: ");

	if ((!*user || !*password) && !isatty(STDIN_FILENO))
		return err_set(err, ERR_INVALID, "Error: Cannot perform an interactive login from a non TTY device");
	if (!*user)
		*user = cli_ask_line(prompt, false);
	if (*user && !**user && known) {
		free(*user);
		*user = xstrdup(known);
	}
	if (!*user || !**user)
		return err_set(err, ERR_INVALID, "username is required");
	if (!*password)
		*password = cli_ask_line("Password: ", true);
	if (!*password || !**password)
		return err_set(err, ERR_INVALID, "password is required");
	return 0;
}

static void warn_plain(const struct cli *cli)
{
	fprintf(stderr,
		"\nWARNING! Your credentials are stored unencrypted in '%s/config.json'.\n"
		"Configure a credential helper to remove this warning. See\n"
		"https://docs.docker.com/go/credential-store/\n\n",
		cli->config.directory);
}

/* `kept` is what is known of the user; where it is nothing new, the warning was there when it was kept. */
static int login(struct cli *cli, const char *key, const json_t *kept, json_t *auth, struct err *err)
{
	AUTO_JSON json_t *answer = NULL;
	bool plain, known = json_equal(kept, auth);

	if (cli_api_call(&cli->api, "POST", "/auth", auth, &answer, err))
		return -1;
	const char *token = jsonx_str(answer, "IdentityToken", "");
	if (*token) {
		json_object_del(auth, "password");
		json_object_set_new(auth, "identitytoken", json_string(token));
	}
	if (cli_auth_put(&cli->config, key, auth, &plain, err))
		return err_wrap(err, "Error saving credentials");
	if (plain && !known)
		warn_plain(cli);
	puts(*jsonx_str(answer, "Status", "") ? jsonx_str(answer, "Status", "") : "Login Succeeded");
	return 0;
}

/* Who is known already, and says nothing new, is only asked for anew when the
 * registry does not take it any more. */
static int run_login(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct options *o = options;
	AUTO_FREE char *key = server_key(n ? args[0] : NULL);
	AUTO_FREE char *user = xstrdup(o->user), *password = xstrdup(o->password);

	if (check(o, err) || (o->from_stdin && !(password = read_password(err))))
		return -1;
	AUTO_JSON json_t *known = cli_auth_get(&cli->config, key, err);
	if (!known)
		return -1;
	const char *name = jsonx_str(known, "username", NULL);
	bool again = !user && !password && (name || json_object_get(known, "identitytoken"));
	if (again) {
		cli_complain("Authenticating with existing credentials...%s%s%s\n", name ? " [Username: " : "", name ? name : "",
			     name ? "]" : "");
		cli_ansi_note("To login with a different account, run 'docker logout' followed by 'docker login'");
	}
	if (again && !login(cli, key, known, known, err))
		return 0;
	if (again)
		cli_complain("Login did not succeed, error: %s", err->msg);
	if (ask_missing(&user, &password, name, err))
		return -1;
	AUTO_JSON json_t *auth =
		json_pack("{s:s, s:s, s:s}", "username", user, "password", password, "serveraddress", key);
	return auth ? login(cli, key, known, auth, err) : err_set(err, ERR_INVALID, "a name or password that is not UTF-8");
}

const struct cli_command cli_cmd_login = {
	.usage = "[OPTIONS] [SERVER]", .summary = "Authenticate to a registry", .max = 1,
	.about = "Authenticate to a registry.\nDefaults to Docker Hub if no server is specified.",
	.options_size = sizeof(struct options), .flags = flags, .run = run_login,
};

/* ---- logout -------------------------------------------------------------- */

static int run_logout(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	AUTO_FREE char *key = server_key(n ? args[0] : NULL);

	(void)options;
	printf("Removing login credentials for %s\n", key);
	if (!cli_auth_erase(&cli->config, key, err))
		return 0;
	cli_complain("WARNING: could not erase credentials:\n%s: %s", key, err->msg);
	return 0;
}

const struct cli_command cli_cmd_logout = {
	.usage = "[SERVER]", .summary = "Log out from a registry", .max = 1,
	.about = "Log out from a registry.\nIf no server is specified, the default is defined by the daemon.",
	.run = run_logout,
};
