/*
 * manifest_store.c - manifest lists that wait to be pushed; see manifest.h.
 *
 * The names are safe as files': a reference has no "..", and its "/" is gone.
 */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "manifest.h"

#define FILE_LIMIT (16u << 20)

static char *file_name(const struct cli_reference *ref)
{
	char *name = cli_manifest_name_text(ref);

	for (char *c = name; *c; c++)
		*c = *c == ':' ? '-' : *c == '/' ? '_' : *c;
	return name;
}

static char *list_path(const struct cli_config *config, const struct cli_reference *list)
{
	AUTO_FREE char *name = file_name(list);

	return xasprintf("%s/manifests/%s", config->directory, name);
}

static void no_such(const struct cli_reference *ref, struct err *err)
{
	AUTO_FREE char *name = cli_manifest_name_text(ref);

	err_set(err, ERR_NOT_FOUND, "No such manifest: %s", name);
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

json_t *cli_manifest_list(const struct cli_config *config, const struct cli_reference *list, struct err *err)
{
	AUTO_FREE char *directory = list_path(config, list);
	AUTO_JSON json_t *images = json_array();
	struct dirent **names;
	int n = scandir(directory, &names, visible, alphasort);
	int rc = 0;

	for (int i = 0; i < n; i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", directory, names[i]->d_name);
		json_t *image = rc ? NULL : jsonx_read(AT_FDCWD, path, FILE_LIMIT, err);
		rc = image ? json_array_append_new(images, image) : -1;
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	if (n < 1)
		no_such(list, err);
	return n < 1 || rc ? NULL : steal_ptr(&images);
}

json_t *cli_manifest_get(const struct cli_config *config, const struct cli_reference *list, const struct cli_reference *ref,
			 struct err *err)
{
	AUTO_FREE char *directory = list_path(config, list), *name = file_name(ref);
	AUTO_FREE char *path = xasprintf("%s/%s", directory, name);
	json_t *image = jsonx_read(AT_FDCWD, path, FILE_LIMIT, err);

	if (!image && err->kind == ERR_NOT_FOUND)
		no_such(ref, err);
	return image;
}

int cli_manifest_put(const struct cli_config *config, const struct cli_reference *list, const struct cli_reference *ref,
		     const json_t *image, struct err *err)
{
	AUTO_FREE char *directory = list_path(config, list), *name = file_name(ref);
	AUTO_FREE char *path = xasprintf("%s/%s", directory, name);

	if (file_mkdir_p(directory, 0755, err))
		return -1;
	return jsonx_write(AT_FDCWD, path, image, 0644, err);
}

int cli_manifest_remove(const struct cli_config *config, const struct cli_reference *list, struct err *err)
{
	AUTO_FREE char *directory = list_path(config, list);

	return file_remove_tree(AT_FDCWD, directory, err);
}
