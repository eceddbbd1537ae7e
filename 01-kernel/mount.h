/*
 * mount.h - the mount table: the new mount API (fsopen(2), open_tree(2),
 * move_mount(2), mount_setattr(2)) with mount(2) where a kernel lacks it.
 *
 * Targets are given as descriptors, so that a path inside a container is
 * resolved once, by path.h, and never again.
 */
#ifndef DOCKYARD_MOUNT_H
#define DOCKYARD_MOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The option words of mount(8), fstab and the OCI specification, sorted out. */
struct kern_mount_options {
	uint64_t set, clear;         /* MS_RDONLY, MS_NOSUID...; MS_BIND, MS_REC */
	uint64_t rec_set, rec_clear; /* the recursive words (rro, rnosuid...) as MOUNT_ATTR_* */
	uint64_t propagation;        /* MS_PRIVATE, MS_SHARED, MS_SLAVE, MS_UNBINDABLE, with MS_REC */
	bool tmpcopyup;
	bool idmap, ridmap;          /* this mount alone, or with all below it */
	char data[2048];             /* what is left, comma-separated, for the file system */
};

/* Sort one word into *o. ERR_INVALID if the data outgrows its buffer. */
int kern_mount_option(struct kern_mount_options *o, const char *word, struct err *err);

/* The words that do not go to the file system, i = 0, 1, ...; NULL after the last. */
const char *kern_mount_option_word(size_t i);

/* Mount a file system (type "proc", "tmpfs", "overlay"...) on the directory
 * open at target_fd. */
int kern_mount_fs(const char *type, const char *source, int target_fd,
		  const struct kern_mount_options *o, struct err *err);

/* The same, attached nowhere yet: a descriptor, O_CLOEXEC, for kern_mount_attach. */
int kern_mount_new(const char *type, const char *source, const struct kern_mount_options *o,
		   struct err *err);

/* Bind source_fd (from open or O_PATH) onto target_fd; recursive with MS_REC
 * in o->set. The flags of `o` are applied before the mount becomes visible. */
int kern_mount_bind(int source_fd, int target_fd, const struct kern_mount_options *o,
		    struct err *err);

/* The three steps of kern_mount_bind, for who needs something between them: a copy of
 * what is mounted at source_fd, attached nowhere (a descriptor, O_CLOEXEC); flags
 * (MS_*) of the copy set and cleared; and the copy put where it belongs, which may be in
 * another mount namespace, with the recursive flags and the propagation of `o`. */
int kern_mount_clone(int source_fd, bool recursive, struct err *err);
int kern_mount_flags(int mount_fd, uint64_t set, uint64_t clear, struct err *err);
int kern_mount_attach(int mount_fd, int target_fd, const struct kern_mount_options *o,
		      struct err *err);

/* On a copy that is attached nowhere yet: show the files' owners through the maps of
 * a user namespace (mount_setattr(2), MOUNT_ATTR_IDMAP); let go of the peers, so that
 * nothing mounted below it gets back to where it was copied from. */
int kern_mount_idmap(int mount_fd, int userns_fd, bool recursive, struct err *err);
int kern_mount_enslave(int mount_fd, struct err *err);

/* Change flags (MOUNT_ATTR_*) or propagation (MS_*) of what is mounted at path. */
int kern_mount_setattr(int fd, uint64_t set, uint64_t clear, bool recursive, struct err *err);
int kern_mount_propagation(const char *path, uint64_t propagation, struct err *err);

/* umount2(2) with MNT_DETACH|UMOUNT_NOFOLLOW; nothing mounted there is no error. */
int kern_mount_detach(const char *path, struct err *err);

/* Make the directory open at fd the root of this mount namespace and drop the
 * old one (pivot_root(2) with "." twice, as its man page describes). */
int kern_mount_pivot(int new_root_fd, struct err *err);

/* Where pivot_root(2) is refused (an initramfs): MS_MOVE and chroot(2). */
int kern_mount_move_root(int new_root_fd, struct err *err);

/* Mount `lowers` (top first, n >= 1) with upper and work on target as overlayfs;
 * upper and work NULL: read-only view. Works past the page-sized option limit
 * of mount(2) (127 layers) by fsconfig(2) "lowerdir+". */
struct kern_overlay {
	const char *const *lowers;
	size_t n;
	const char *upper, *work;
	bool userxattr; /* inside a user namespace */
};
int kern_overlay_mount(const struct kern_overlay *o, const char *target, struct err *err);

#endif
