/*
 * platform.c - see platform.h. The names are Go's, which OCI images use.
 */
#include "platform.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/words.h"
#include "api.h"

const char *cli_platform_machine(void)
{
	static const char *const names[][2] = {
		{ "x86_64", "amd64" }, { "aarch64", "arm64" }, { "i686", "386" }, { "armv7l", "arm" },
	};
	static struct utsname name;

	uname(&name);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(name.machine, names[i][0]))
			return names[i][1];
	return name.machine;
}

const char *cli_platform_default(const char *flag)
{
	const char *env = getenv("DOCKER_DEFAULT_PLATFORM");

	if (flag && *flag)
		return flag;
	return env && *env ? env : NULL;
}

/* Other spellings of an architecture. */
static const char *usual(const char *arch)
{
	static const char *const other[][2] = {
		{ "x86_64", "amd64" }, { "x86-64", "amd64" }, { "aarch64", "arm64" }, { "i386", "386" },
		{ "armhf", "arm" },
	};

	for (size_t i = 0; i < sizeof other / sizeof *other; i++)
		if (!strcmp(arch, other[i][0]))
			return other[i][1];
	return arch;
}

static bool is_architecture(const char *arch)
{
	static const char *const names[] = { "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le",
					     "riscv64", "s390x", "wasm", NULL };

	return words_have(names, arch);
}

json_t *cli_platform_parse(const char *text, struct err *err)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	static const char *const systems[] = { "linux", "windows", "darwin", "freebsd", NULL };
	AUTO_FREE char *copy = xstrdup(text);
	char *part[4] = { NULL }, *save = NULL;
	size_t n = 0;

	for (char *word = strtok_r(copy, "/", &save); word && n < 4; word = strtok_r(NULL, "/", &save)) {
		if (strspn(word, allowed) != strlen(word))
			n = 4;
		else
			part[n++] = word;
	}
	if (!n || n > 3 || strstr(text, "//") || text[0] == '/') {
		err_set(err, ERR_INVALID, "\"%s\" is an invalid platform: expected os[/arch[/variant]]", text);
		return NULL;
	}
	bool system = words_have(systems, part[0]);
	if (n == 1 && !system && !is_architecture(usual(part[0]))) {
		err_set(err, ERR_INVALID, "\"%s\": unknown operating system or architecture: invalid argument", text);
		return NULL;
	}
	if (n == 1 && !system)
		return json_pack("{s:s, s:s}", "architecture", usual(part[0]), "os", "linux");
	json_t *platform = json_pack("{s:s, s:s}", "architecture", n > 1 ? usual(part[1]) : cli_platform_machine(),
				     "os", part[0]);
	/* arm64 has one variant that is the usual, and is not said. */
	if (n > 2 && !(!strcmp(usual(part[1]), "arm64") && !strcmp(part[2], "v8")))
		json_object_set_new(platform, "variant", json_string(part[2]));
	return platform;
}

int cli_platform_query(struct strbuf *path, const char *text, struct err *err)
{
	if (!text || !*text)
		return 0;
	AUTO_JSON json_t *platform = cli_platform_parse(text, err);
	if (!platform)
		return err_wrap(err, "invalid platform");
	AUTO_FREE char *doc = jsonx_text(platform);
	cli_query(path, "platform", doc);
	return 0;
}
