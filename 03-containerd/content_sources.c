/*
 * content_sources.c - in which repositories a blob is known to be, so that a push to another one
 * on the same registry can have it mounted there instead of sending it.
 *
 * An extended attribute of the blob's file, one per registry, newest repository first:
 *
 *     user.dockyard.source.registry.example:5000 = "team/app,team/base"
 *
 * So it goes when the blob goes. It is a hint: a file system without such attributes, or a
 * registry that disagrees, costs an upload and nothing else.
 */
#include "content_private.h"

#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "01-kernel/base/strbuf.h"

#define PREFIX "user.dockyard.source."
#define NAME_SIZE 256   /* of an attribute, xattr(7) */
#define VALUE_SIZE 1024 /* all attributes of a file share one block on ext4 */

static bool attribute(const char *registry, char name[NAME_SIZE])
{
	return snprintf(name, NAME_SIZE, PREFIX "%s", registry) < NAME_SIZE;
}

static bool get(int fd, const char *name, char value[VALUE_SIZE])
{
	ssize_t n = fgetxattr(fd, name, value, VALUE_SIZE - 1);

	value[n > 0 ? n : 0] = '\0';
	return n > 0;
}

void content_add_source(struct content *c, const char *digest, const char *registry,
			const char *repository)
{
	struct err ignored;
	AUTO_CLOSE int fd = content_reader(c, digest, NULL, &ignored);
	AUTO_STRBUF struct strbuf list = STRBUF_INIT;
	char name[NAME_SIZE], value[VALUE_SIZE], *save = NULL;

	if (fd < 0 || !attribute(registry, name))
		return;
	strbuf_adds(&list, repository);
	get(fd, name, value);
	for (char *old = strtok_r(value, ",", &save); old; old = strtok_r(NULL, ",", &save))
		if (strcmp(old, repository) && list.len + strlen(old) + 2 < VALUE_SIZE)
			strbuf_addf(&list, ",%s", old);
	(void)!fsetxattr(fd, name, list.data, list.len, 0);
}

char *content_source(struct content *c, const char *digest, const char *registry,
		     const char *but_not)
{
	struct err ignored;
	AUTO_CLOSE int fd = content_reader(c, digest, NULL, &ignored);
	char name[NAME_SIZE], value[VALUE_SIZE], *save = NULL;

	if (fd < 0 || !attribute(registry, name) || !get(fd, name, value))
		return NULL;
	for (char *one = strtok_r(value, ",", &save); one; one = strtok_r(NULL, ",", &save))
		if (strcmp(one, but_not))
			return xstrdup(one);
	return NULL;
}
