/*
 * sealed.h - a runtime that a container cannot overwrite.
 *
 * For a moment a process of the container is still this program: init before it
 * becomes the container's own. /proc/PID/exe leads to the file it runs, and
 * whoever in the container catches it there can open that file and, once
 * nothing executes it, write to it: the host's runtime, run by root the next
 * time (CVE-2019-5736). So the program that goes near a container is reached
 * through a mount of its file that is read-only and attached nowhere: what
 * /proc/PID/exe leads to cannot be written to, whoever tries.
 */
#ifndef DOCKYARD_RUNC_SEALED_H
#define DOCKYARD_RUNC_SEALED_H

#include "01-kernel/base/err.h"

/* Execute ourselves again from such a mount (or, where that is impossible, from
 * a sealed memfd), unless that has happened already. To be called first in a
 * command that puts a process into a container; it returns in the sealed one. */
int runc_sealed(char **argv, struct err *err);

/* How the kernel names what execveat(2) executes by a descriptor. */
#define RUNC_EXECUTED_BY_FD "/dev/fd/"

#endif
