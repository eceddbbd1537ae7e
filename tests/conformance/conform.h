/*
 * conform.h - the OCI runtime specification as a list of requirements, each
 * with the test that proves it.
 *
 * A test stands below the rows that it proves. The program made of these files
 * runs the tests on any runtime that has runc's command line, and prints the list
 * as 02-runc/CONFORMANCE.md. A row's words are ours; its section says where the
 * specification's are. What a test asserts is what a process in the container
 * finds, or what is left on the host after a refusal: an exit status alone
 * proves nothing.
 *
 * The helpers for bundles and expectations are those of tests/unit/02-runc.
 */
#ifndef DOCKYARD_CONFORM_H
#define DOCKYARD_CONFORM_H

#include "tests/unit/02-runc/suite.h"

struct row {
	const char *section; /* "runtime.md#state" */
	const char *level;   /* MUST or SHOULD */
	const char *text;
};

enum program { OURS, RUNC, CRUN, PROGRAMS, OTHER = PROGRAMS };

struct test {
	const char *name;
	void (*run)(void);
	const struct row *rows;
	/* Why a program does not pass, by fault or by decision; NULL where it does. */
	const char *differs[PROGRAMS];
	/* What a machine must have so that the test is not skipped. */
	const char *needs;
};

struct suite {
	const char *title;
	const struct test *tests; /* ends with a test without a name */
};

/* A requirement that is none of the runtime's, and whose it is. */
struct elsewhere {
	const char *section, *text, *reason;
};

extern const struct suite suites[]; /* ends with one without a title */
extern const struct elsewhere elsewhere[];

#define MUST "MUST"
#define SHOULD "SHOULD"

/* The rows that a test proves, before its function. */
#define PROVES(test, ...)           \
	static void test(void);     \
	static const struct row test##_rows[] = { __VA_ARGS__, { NULL, NULL, NULL } }
/* A line of the file's table; more members may follow. */
#define TEST(test, ...) { .name = #test, .run = test, .rows = test##_rows, __VA_ARGS__ }
#define OURS_DIFFERS .differs[OURS]
#define RUNC_DIFFERS .differs[RUNC]
#define CRUN_DIFFERS .differs[CRUN]
/* Nobody has run this test on that program: the machine for it was not at hand. */
#define NOT_TRIED "not tried"
/* For runc 1.1.5 and crun 1.8.1. */
#define TOO_NEW "the property is newer than this version, and ignored"

extern enum program under_test;
const struct test *test_named(const char *name);

/* This test cannot be run here: print it, note it. The caller returns. */
void skip(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

bool print_markdown(void);

/* ---- bundles ---- */

/* A small configuration that every runtime takes: proc, /dev, /sys and a tmpfs
 * on /tmp; new mount, pid, ipc, uts and network namespaces; a read-only root,
 * which all tests share; root's user with a handful of capabilities. New. */
json_t *plain(void);
/* plain() with a shell script as its program. */
json_t *shell(const char *text);
/* plain() with a program that lives until it is killed. */
json_t *sleeper(void);

/* Only `create` it (taken over), under a new id. False if that fails (and says so). */
bool created(json_t *config);

/* bundle() of the configuration (taken over), each string `word` in it replaced by
 * JSON that our own JSON library would not write. */
const char *raw_bundle(json_t *config, const char *word, const char *json);

/* `create` refuses the configuration (taken over), and it is as if it had never
 * been tried: no container, no cgroup, no process, no mount. */
#define REFUSED(config) refused(config, __FILE__, __LINE__)
void refused(json_t *config, const char *file, int line);

/* Detach what is still mounted below test_dir, in our mount namespace. */
void unmount_left(void);

/* Run it; its output must be exactly this. */
#define SAYS(config, want) prints(run(config), want, __FILE__, __LINE__)

/* ---- looking at a container from outside ---- */

json_t *state_of(void); /* `state`'s document of container `id`; new, or NULL */
pid_t pid_of(void);     /* its process */
/* A file below /proc/<pid of the container>; the caller frees. */
char *proc_file(const char *name);
/* Where /proc/<pid>/ns/<type> leads; "" if nowhere. Ours is of "self". */
const char *ns_of(const char *pid, const char *type);
/* The rest of the line that starts with `key`, blanks cut; "" without one. */
const char *line_after(const char *text, const char *key);

struct mount_info {
	char options[256], propagation[64], type[32], source[128], super[512];
};
/* The uppermost mount on a path of the container, from its mountinfo. */
bool mount_of(const char *path, struct mount_info *m);
/* Is `word` one of the list's words, which commas or blanks divide? */
bool listed(const char *list, const char *word);

/* A file of the container's cgroup: name it as version 1 and as version 2 have
 * it (NULL where one has none); the controller is version 1's. First line, or
 * NULL if there is no such file here. Static. */
const char *cgroup_value(const char *controller, const char *v1, const char *v2);
/* The container's directory below a hierarchy's mount point ("" for version 2). */
const char *cgroup_dir(const char *controller);

bool make_dir(const char *path); /* mkdir -p */

#endif
