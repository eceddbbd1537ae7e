/*
 * find.c - which file is the program `foo`?
 *
 * The search runs inside the container, as the container's user. Its failures
 * are worded as runc words them: dockerd, containerd and podman turn these
 * sentences into the exit codes 127 (not found) and 126 (not executable).
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <fcntl.h>

#include "process.h"

const char *runc_env_get(char *const *env, const char *name)
{
	size_t n = strlen(name);

	for (; env && *env; env++)
		if (!strncmp(*env, name, n) && (*env)[n] == '=')
			return *env + n + 1;
	return NULL;
}

/* 0 if path is a file that we may execute, else an errno. */
static int try_file(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return errno;
	if (!S_ISREG(st.st_mode))
		return EACCES;
	/* Not access(2): that asks for the real user, with other capabilities. */
	if (!faccessat(AT_FDCWD, path, X_OK, AT_EACCESS))
		return 0;
	/* An old kernel, or a filter that does not know faccessat2: the exec decides. */
	return errno == ENOSYS || errno == EPERM ? (st.st_mode & 0111 ? 0 : EACCES) : errno;
}

/* As Go writes them: strerror(3) begins with a capital letter. */
const char *runc_errno_words(int errnum)
{
	switch (errnum) {
	case ENOENT: return "no such file or directory";
	case EACCES: return "permission denied";
	case ENOTDIR: return "not a directory";
	case ELOOP: return "too many levels of symbolic links";
	case ENOEXEC: return "exec format error";
	default: return strerror(errnum);
	}
}

static int find_path(const char *name, char **found, struct err *err)
{
	int e = try_file(name);

	if (!e) {
		*found = xstrdup(name);
		return 0;
	}
	if (e == EACCES)
		return err_set(err, ERR_NOT_EXECUTABLE, "exec: \"%s\": %s", name, runc_errno_words(e));
	return err_set(err, e == ENOENT || e == ENOTDIR ? ERR_NO_PROGRAM : ERR_NOT_EXECUTABLE,
		       "exec: \"%s\": stat %s: %s", name, name, runc_errno_words(e));
}

int runc_find_program(const char *name, char *const *env, char **found, struct err *err)
{
	const char *path = runc_env_get(env, "PATH");

	*found = NULL;
	if (strchr(name, '/'))
		return find_path(name, found, err);
	while (path && *name) {
		const char *end = strchrnul(path, ':');
		int len = (int)(end - path);
		/* An empty element means the working directory (execvp(3)). */
		AUTO_FREE char *file = xasprintf("%.*s/%s", len ? len : 1, len ? path : ".", name);

		if (!try_file(file)) {
			*found = steal_ptr(&file);
			return 0;
		}
		path = *end ? end + 1 : NULL;
	}
	return err_set(err, ERR_NO_PROGRAM, "exec: \"%s\": executable file not found in $PATH",
		       name);
}
