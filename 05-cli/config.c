/*
 * config.c - see config.h.
 */
#include "config.h"

#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "value.h"

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

json_t *cli_config_object(struct cli_config *config, const char *key)
{
	json_t *held = json_object_get(config->doc, key);

	if (!json_is_object(held)) {
		held = json_object();
		json_object_set_new(config->doc, key, held);
	}
	return held;
}

/* Where the file is a link to one elsewhere, that one is written. */
int cli_config_save(const struct cli_config *config, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/config.json", config->directory);
	AUTO_FREE char *target = realpath(path, NULL);
	AUTO_FREE char *text = jsonx_text(config->doc);
	AUTO_STRBUF struct strbuf out = STRBUF_INIT;

	cli_json_indent(text, "", "\t", &out);
	if (file_mkdir_p(config->directory, 0700, err) ||
	    file_write_atomic(AT_FDCWD, target ? target : path, out.data, out.len, 0600, err))
		return err_wrap(err, "saving config file");
	return 0;
}
