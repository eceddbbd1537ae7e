/*
 * config.c - see config.h.
 */
#include "config.h"

#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"

#define CONFIG_LIMIT (1 << 20)

static char *default_directory(void)
{
	const char *home = getenv("HOME");
	const char *set = getenv("DOCKER_CONFIG");

	if (set && *set)
		return xstrdup(set);
	if (!home || !*home) {
		const struct passwd *user = getpwuid(getuid());
		home = user ? user->pw_dir : "/";
	}
	return xasprintf("%s/.docker", home);
}

int cli_config_load(struct cli_config *config, const char *directory, struct err *err)
{
	config->directory = directory ? xstrdup(directory) : default_directory();
	AUTO_FREE char *path = xasprintf("%s/config.json", config->directory);
	config->doc = jsonx_read(AT_FDCWD, path, CONFIG_LIMIT, err);
	if (config->doc)
		return 0;
	config->doc = json_object();
	return err->kind == ERR_NOT_FOUND ? 0 : err_wrap(err, "loading config file");
}

void cli_config_free(struct cli_config *config)
{
	free(config->directory);
	json_decref(config->doc);
	*config = (struct cli_config){ 0 };
}

const char *cli_config_get(const struct cli_config *config, const char *key)
{
	const char *value = jsonx_str(config->doc, key, NULL);

	return value && *value ? value : NULL;
}
