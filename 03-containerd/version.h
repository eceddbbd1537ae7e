/*
 * version.h - what containerd, the shim and ctr answer to --version.
 */
#ifndef DOCKYARD_CTRD_VERSION_H
#define DOCKYARD_CTRD_VERSION_H

#define DOCKYARD_VERSION "0.1.0"

#endif
