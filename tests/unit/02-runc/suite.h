/*
 * suite.h - what the suites of 02-runc share: bundles, and the program to try
 * them with.
 *
 * A test makes a bundle of busybox with the configuration that `runc spec`
 * writes, changes what it is about, and runs our runc on it as any caller would.
 * Containers are named by test_id(), so that what they leave can be looked for.
 */
#ifndef DOCKYARD_TEST_RUNC_SUITE_H
#define DOCKYARD_TEST_RUNC_SUITE_H

#include <CUnit/Basic.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"

extern CU_TestInfo config_tests[], userns_tests[], rootless_tests[], find_tests[], option_tests[], state_tests[], life_tests[],
	exec_tests[], confine_tests[], mount_tests[], hook_tests[], rollback_tests[],
	attack_tests[], attack_proc_tests[], console_tests[], cgroup_tests[], limit_tests[], update_tests[],
	events_tests[], validate_tests[], schedule_tests[],
	netdev_tests[], rdt_tests[], features_tests[], hook_rules_tests[], privilege_tests[],
	hostile_tests[], seccomp_profile_tests[], seccomp_tests[], notify_tests[], parity_tests[], dbus_tests[],
	systemd_tests[], real_systemd_tests[], checkpoint_tests[], criu_tests[];

/* systemd_test.c's suite has a /run of its own. */
int systemd_suite_begin(void), systemd_suite_end(void);
int fake_criu_on(void), fake_criu_off(void);
int fake_criu(void); /* what the program does under the name "criu" */

/* The program's directory: rootfs/, runc/ (--root), bundles. */
extern char test_dir[64];
/* The program: a copy of ./runc in test_dir, for others may be running that one,
 * and an attack that succeeds shall not hit it. */
extern char runc_path[96];

struct result {
	int status; /* exit status, 128+n for a signal */
	char *out, *err;
};
/* Run `runc --root <root> ARGS...` (the list ends with NULL) and wait. The texts
 * live until the next eight calls. */
struct result runc(const char *first, ...) __attribute__((sentinel));
struct result run_program(char *const *argv);

/* A new container id; and the one made last. */
const char *new_id(void);
extern char id[64];

/* The configuration of `runc spec` without its terminal, New. */
json_t *spec(void);
/* Replace or add what stands at the dotted path; the value is JSON with ' for ". */
void set(json_t *config, const char *path, const char *value, ...)
	__attribute__((format(printf, 3, 4)));
/* Append to the array at the dotted path. */
void append(json_t *config, const char *path, const char *value, ...)
	__attribute__((format(printf, 3, 4)));
/* A file of test_dir with this JSON, also in ' for "; its path, until the next one. */
const char *json_file(const char *name, const char *json);
/* process.args = ["sh", "-c", script] */
void script(json_t *config, const char *text);

/* Write config.json to a new bundle around the shared root file system; its path. */
const char *bundle(const json_t *config);
/* The same with a root file system of its own, writable; `root` receives its path. */
const char *own_bundle(json_t *config, const char **root);

/* `run` the configuration (taken over) in the foreground under a new id. */
struct result run(json_t *config);
/* Create and start it; with the id in `id`. False if that fails (and says so). */
bool start(json_t *config);
void stop(void); /* delete --force the container `id` */

/* `state`'s status of container `id`; "" if there is none. */
const char *status_of(void);
bool wait_status(const char *status);

/* No state, no cgroup of ours, no mount below test_dir, no child is left. */
void nothing_left(const char *file, int line);
/* A runtime may not wait until the last process is out of a group, and then leave
 * it; of one that is not ours that is not told. */
extern bool forgive_slow_groups;
#define NOTHING_LEFT() nothing_left(__FILE__, __LINE__)

#define EQ_STR(got, want) eq_str(got, want, __FILE__, __LINE__)
void eq_str(const char *got, const char *want, const char *file, int line);
#define EQ_INT(got, want) eq_int(got, want, __FILE__, __LINE__)
void eq_int(long got, long want, const char *file, int line);
#define HAS(text, part) has(text, part, __FILE__, __LINE__)
void has(const char *text, const char *part, const char *file, int line);
/* The command ended with this status and said (on stderr) something with `words`. */
#define FAILS(r, want, words) fails(r, want, words, __FILE__, __LINE__)
void fails(struct result r, int want, const char *words, const char *file, int line);
/* It ended with 0 and printed exactly this. */
#define PRINTS(r, want) prints(r, want, __FILE__, __LINE__)
void prints(struct result r, const char *want, const char *file, int line);

/* How often a race is tried: with sanitizers each start takes ten times as long. */
#ifdef __SANITIZE_ADDRESS__
#define RACES 12
#else
#define RACES 60
#endif
/* A process that exchanges the two names in a directory, again and again; and its end. */
pid_t exchange_for_ever(const char *dir, const char *a, const char *b);
void end_process(pid_t pid);

bool cgroup_v2(void);
void write_file(const char *dir, const char *name, const char *text);
char *read_file(const char *path); /* the caller frees; "" if it is not there */

#endif
