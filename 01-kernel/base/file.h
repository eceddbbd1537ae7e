/*
 * file.h - whole files, whole directories, whole reads and writes.
 *
 * Paths here are the program's own (its state, its config). A path that a
 * container, an image or a user of the API controls goes through path.h.
 * A dirfd of AT_FDCWD means the working directory, as in openat(2).
 */
#ifndef DOCKYARD_FILE_H
#define DOCKYARD_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "err.h"
#include "strbuf.h"

/* read(2), restarted after EINTR. */
ssize_t io_read(int fd, void *buf, size_t n);
/* read(2) and write(2) until n bytes are done, restarted after EINTR.
 * io_read_full returns the count, less than n only at end of file, or -1. */
ssize_t io_read_full(int fd, void *buf, size_t n);
int io_write_full(int fd, const void *buf, size_t n); /* 0, or -1 with errno */

/* Append what is left of fd to sb; fails with ERR_INVALID past `limit` bytes. */
int file_read_fd(int fd, struct strbuf *sb, size_t limit, struct err *err);

/* Append the file's content to sb; fails with ERR_INVALID past `limit` bytes. */
int file_read(int dirfd, const char *path, struct strbuf *sb, size_t limit, struct err *err);

/* Replace or create the file: write to a temporary beside it, fsync, rename,
 * fsync the directory. A reader, or a crash, sees the old content or the new. */
int file_write_atomic(int dirfd, const char *path, const void *buf, size_t n, mode_t mode,
		      struct err *err);

/* The same without the fsyncs, for what a reboot ends anyway (under /run). */
int file_write_volatile(int dirfd, const char *path, const void *buf, size_t n, mode_t mode,
			struct err *err);

/* A new file in a directory that nobody looks into yet; it must not exist. */
int file_write_new(int dirfd, const char *path, const void *buf, size_t n, mode_t mode,
		   struct err *err);

/* One write(2) to an existing file, as procfs, sysfs and cgroupfs want it. */
int file_write_once(int dirfd, const char *path, const char *text, struct err *err);

/* mkdir -p: every missing component with `mode`; one that exists is fine. */
int file_mkdir_p(const char *path, mode_t mode, struct err *err);

/* rm -rf, without following links and without entering another mount (a
 * mounted directory is an error, not a victim). A missing path is no error. */
int file_remove_tree(int dirfd, const char *path, struct err *err);

/* Take the exclusive lock on directory/lock, held as long as the returned fd
 * (or a copy of it) is open: the kernel lets go when the process dies.
 * ERR_CONFLICT when another live process holds it. */
int file_lock_dir(const char *directory, struct err *err);

#endif
