/*
 * hooks.h - programs that config.json wants run at points of a container's
 * life ("POSIX-platform Hooks" in config.md):
 *
 *     prestart, createRuntime   create, by the runtime, before pivot_root
 *     createContainer           create, by init in its namespaces, before pivot_root
 *     startContainer            start, by init, inside the container
 *     poststart                 start, by the runtime, after the program runs
 *     poststop                  delete, by the runtime, after all is removed
 *
 * Each gets the container's state on stdin. The hooks of one kind run in order;
 * the first that fails ends the list, except among the poststop hooks, where a
 * failure is logged and changes nothing.
 *
 * What the specification leaves open is as runc does it: the runtime's hooks run in
 * the bundle, createContainer hooks in the root file system as it will be "/", and
 * startContainer hooks in process.cwd. One without an `env` gets that of the process
 * that runs it: the runtime's, for createContainer only the container's PATH, for
 * startContainer the program's.
 */
#ifndef DOCKYARD_RUNC_HOOKS_H
#define DOCKYARD_RUNC_HOOKS_H

#include "config.h"
#include "state.h"

/* Run the list. `pid` is init's, as the hooks' pid namespace sees it. */
int runc_hooks_run(const struct runc_config *c, enum runc_hook_kind kind,
		   const struct runc_state *st, enum runc_status status, pid_t pid,
		   struct err *err);

#endif
