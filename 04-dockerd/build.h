/*
 * build.h - the builder: from a context and its Dockerfile to an image (POST /build).
 *
 *   build_api.c      the request; what of the cache there is, and prune
 *   build.c          one build from its beginning to its end; what it says
 *   build_upload.c   the archive that came along as a directory
 *   build_context.c  an URL as such; the Dockerfile in it
 *   build_named.c    contexts beside it, which have names
 *   build_stage.c    which stages there are, which of them are needed, and what each waits for
 *   build_step.c     one instruction after another; flags, variables
 *   build_config.c   instructions that change an image's Config and nothing else
 *   build_arg.c      ARG
 *   build_from.c     FROM: scratch, another stage, an image; its triggers
 *   build_layer.c    a step that makes a layer, or finds it in the cache; the image's document
 *   build_cache.c    records of steps that were done
 *   build_cache_from.c  images that have such steps in them
 *   build_source.c   what COPY and ADD name; its digest
 *   build_git.c      a repository, which ADD and the request may name
 *   build_auth.c     secrets that log in where sources are
 *   build_copy.c     COPY and ADD: where to
 *   build_tree.c     files from one tree to another
 *   build_run.c      RUN: a container
 *   build_stub.c     what was made only to be mounted over
 *   build_mount.c    RUN --mount
 *   build_ssh.c      RUN --mount=type=ssh: the client's agent
 *   build_owner.c    --chown
 *   build_chmod.c    --chmod
 *
 * A stage is a thread, and waits for the stages that it takes something from. Its snapshots are
 * containerd's: each step that changes files has one, on top of the last one's, and its difference
 * is the layer. The image is written once, at the end; what a step makes of the document in between
 * has an ID like an image's, which is what the cache goes by:
 *
 *     key of a step = digest(ID before it, its text, the values and files that go into it)
 */
#ifndef DOCKYARD_DOCKERD_BUILD_H
#define DOCKYARD_DOCKERD_BUILD_H

#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>

#include "03-containerd/content.h"
#include "03-containerd/http.h"
#include "daemon.h"
#include "dockerfile.h"
#include "names.h"
#include "progress.h"

/* What the request asked for. */
struct build_options {
	struct strlist tags;    /* names as containerd has them */
	struct strlist shown;   /* the same, as people write them */
	char *dockerfile, *target, *remote, *platform;
	json_t *args;           /* name: value, or null where there is none */
	json_t *labels;
	json_t *host;           /* HostConfig of RUN's containers */
	json_t *auths;          /* registry: X-Registry-Config */
	json_t *secrets;        /* id: value, base64 */
	json_t *contexts;       /* name: where it is (build_named.c) */
	char *ssh_token;        /* of the client's lines to its agents; NULL: there are none */
	json_t *ssh_ids;        /* id: true */
	json_t *cache_from;     /* references */
	json_t *fresh_stages;   /* names: what they do is not taken from the cache */
	bool no_cache, pull, quiet, keep; /* keep: the containers of RUN stay */
	bool has_epoch;         /* SOURCE_DATE_EPOCH */
	json_int_t epoch;
};
void build_options_free(struct build_options *o);

struct stage {
	struct build *b;
	size_t index;
	char *name;                    /* AS, or NULL */
	const struct instruction *from; /* FROM and what is behind it */
	size_t n;                      /* instructions, FROM included */
	bool needed;
	bool bare;                     /* no build's: a Config that is changed (image_change.c) */
	int first_step;                /* the number that its FROM has */

	/* The thread's own, until it is done. */
	json_t *doc;                   /* the image's configuration so far */
	json_t *layers;                /* descriptors */
	char chain[DIGEST_SIZE];       /* the snapshot of all of them; "": none */
	char id[DIGEST_SIZE];          /* digest of doc */
	json_t *args;                  /* ARGs declared: value or null */
	bool cmd_set;                  /* CMD was in this stage: ENTRYPOINT leaves it alone */
	int exit_code;                 /* of a RUN that failed */

	/* build.lock */
	bool done, failed;
	json_t *said;                  /* lines that wait until the stages before have spoken */
	struct err err;
};

/* One of its two is set. */
struct named_context {
	const char *name;  /* of build.o.contexts, as the others here */
	const char *image;
	int root;          /* of files, or -1 */
};

struct build {
	struct daemon *d;
	struct progress *progress;
	struct build_options o;
	char *dir;          /* <data-root>/build/<id>: removed at the end */
	char *secret_dir;   /* below exec_root, which is not on a disk */
	int context;        /* <dir>/context */
	struct named_context *contexts;
	size_t n_contexts;
	struct dockerfile file;
	size_t before_from; /* instructions: the ARGs that FROMs may use */
	json_t *global_args;
	json_t *builtin_args; /* TARGETARCH and its like */
	struct stage *stages;
	size_t n_stages, target;
	int steps;

	pthread_mutex_t lock; /* after daemon.lock in the order: taken last */
	pthread_cond_t changed;
	size_t speaking;    /* the stage whose words go out as they come */
	bool stop;          /* a stage failed, or nobody listens any more */
	json_t *used_args;  /* names */
	unsigned serial;    /* of temporary files */
	struct strlist views; /* snapshots that are looked into: removed at the end */
	json_t *snapshots;    /* names, from the first look into the cache on */
	json_t *cache_images; /* those of --cache-from; not changed any more when the stages begin */
};

/* --- build.c ---------------------------------------------------------------------------------- */
int build_run(struct progress *p, void *build, struct err *err); /* for a progress_job */
void build_free(void *build);
/* The stage's words. -1: it is to end. */
int stage_say(struct stage *s, struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool build_stopped(struct build *b);
/* A path below one of the build's directories that nobody else has; the caller frees. */
char *build_temporary(struct build *b, const char *dir, const char *what);
int build_call(struct daemon *d, const char *method, const char *path, const json_t *body,
	       struct err *err); /* containerd; the answer is dropped */
/* Remove what a daemon left that died. */
void dockerd_build_sweep(struct daemon *d);

/* --- build_upload.c ---------------------------------------------------------------------------- */
int build_upload_sink(struct http_request *req, struct http_sink *sink, void *daemon, struct err *err);
/* The directory is the build's from here on. */
int build_upload_take(struct http_request *req, struct build *b, struct err *err);

/* --- build_context.c --------------------------------------------------------------------------- */
int build_context(struct build *b, struct err *err);
/* A repository, or an archive behind an URL, as files in `to`, root's as far as git brings them. */
int build_fetch(struct build *b, const char *url, int to, struct err *err);

/* --- build_named.c ----------------------------------------------------------------------------- */
int build_contexts(struct build *b, struct err *err); /* before build_context hides anything */
void build_contexts_free(struct build *b);
const struct named_context *context_find(const struct build *b, const char *name); /* or NULL */
int context_of_files(const struct build *b, const char *name); /* its root, borrowed, or -1 */

/* --- build_stage.c ------------------------------------------------------------------------------ */
int build_stages(struct build *b, struct err *err);
/* The stage before `s` that is called so, or has that number; NULL: none. */
struct stage *stage_find(struct stage *s, const char *name);
/* The name, or the number, of `s` itself or of a number after it: none that it can use. */
bool stage_is_later(struct stage *s, const char *name);
/* Wait until it is done. */
int stage_await(struct stage *s, struct stage *other, struct err *err);

/* --- build_step.c -------------------------------------------------------------------------------- */
int step_check(const struct instruction *i, struct err *err);
int stage_run(struct stage *s, struct err *err);
int stage_step(struct stage *s, const struct instruction *i, struct err *err);
/* Is it one of the words, each of which has a blank behind it? */
bool step_is_one_of(const char *words, const char *word, size_t n);
/* "x" of "--name=x"; "" of "--name"; NULL. The n-th (from 0) of several. */
const char *step_flag(const struct instruction *i, const char *name, size_t n);
int step_flag_bool(const struct instruction *i, const char *name, bool *value, struct err *err);
struct expander stage_expander(struct stage *s);
char *step_expand(struct stage *s, const char *word, struct err *err);
int step_expand_words(struct stage *s, const char *text, struct strlist *out, struct err *err);
char *step_expand_heredoc(struct stage *s, const struct heredoc *h, struct err *err);
json_t *stage_config(struct stage *s);                          /* borrowed */
const char *stage_env(const struct stage *s, const char *name); /* ENV's value, or NULL */
/* ARGs with a value that no ENV hides: ["a=b"], sorted; new. */
json_t *stage_run_args(struct stage *s);
/* SHELL's, or sh's, and the line that it is to run; new, or NULL. */
json_t *stage_shell(struct stage *s, const char *line, struct err *err);
/* A path of the Dockerfile as an absolute and clean one; the caller frees. */
char *stage_path(struct stage *s, const char *path);

/* --- build_config.c: by instruction ------------------------------------------------------------------ */
typedef int step_fn(struct stage *s, const struct instruction *i, struct err *err);
step_fn step_env, step_label, step_expose, step_volume, step_user, step_cmd, step_entrypoint,
	step_shell, step_stopsignal, step_healthcheck, step_onbuild, step_maintainer;
int config_label(struct stage *s, const json_t *labels, struct err *err);
json_t *config_member(json_t *config, const char *key, json_t *(*make)(void));
step_fn step_arg, step_from, step_copy, step_add, step_workdir, step_run;
/* What every build knows without being told; new. */
json_t *builtin_args(const char *platform);
int global_arg(struct build *b, const struct instruction *i, struct err *err);
struct expander global_expander(struct build *b);

/* --- build_from.c ------------------------------------------------------------------------------------- */
/* A local image, or one that is pulled: containerd's resolve answer, new. */
json_t *build_image(struct stage *s, const char *ref, const char *platform, struct err *err);

/* --- build_layer.c ------------------------------------------------------------------------------------- */
struct layer_work {
	const char *text;    /* of the step: what history shows */
	const char *inputs;  /* digest of what goes into it, besides the state before */
	/* Make the snapshot on s->chain and fill it. On failure nothing is left of it. NULL: a step
	 * without files. */
	int (*fill)(struct stage *s, char key[ID_SIZE], void *arg, struct err *err);
	void *arg;
	bool told;           /* `text` alone says what goes into it, so another's image can have it */
};
int stage_layer(struct stage *s, const struct layer_work *w, struct err *err);
/* A step without files: what it did to the Config is done already. */
int stage_note(struct stage *s, const char *instruction, struct err *err);
void stage_identify(struct stage *s);
/* A snapshot of our own on the stage's, mounted to write; the fd is the caller's. */
int layer_open(struct stage *s, char key[ID_SIZE], struct err *err);
/* The files of a chain, to read; "": an empty directory. */
int layer_view(struct build *b, const char *chain, struct err *err);

/* --- build_cache.c --------------------------------------------------------------------------------------- */
/* The record of a step: {"created", "layer": descriptor or null, "diffID", "chain", …}; new, or NULL. */
json_t *cache_find(struct build *b, const char *key);
/* Is the snapshot of that name there? */
bool cache_has_snapshot(struct build *b, const char *chain);
/* Keep it, and what it names from being garbage. */
void cache_store(struct build *b, const char *key, json_t *record);
json_t *dockerd_build_cache(struct daemon *d); /* as GET /system/df shows it; new */
/* What of it was removed, and its size. `chooses` NULL: all. */
json_t *cache_prune(struct daemon *d, bool (*chooses)(void *arg, const json_t *entry), void *arg,
		    json_int_t keep, json_int_t *freed);
/* A directory of RUN --mount=type=cache; the caller frees. */
char *cache_directory(struct daemon *d, const char *id);
/* Have it for oneself; waits for whoever has it now. */
void cache_directory_lock(struct daemon *d, const char *id);
void cache_directory_unlock(struct daemon *d, const char *id);

/* --- build_cache_from.c ------------------------------------------------------------------------------------ */
void cache_from_open(struct build *b);
/* The step of that text, as a record of the cache without "chain"; new, or NULL. */
json_t *cache_from_find(const struct stage *s, const char *text);

/* --- build_source.c ---------------------------------------------------------------------------------------- */
struct source {
	int root;        /* of the tree that it is in */
	bool own_root;   /* to be closed */
	char *path;      /* in it, clean and relative; "." is the root */
	char *shown;     /* its base name */
	bool remote;     /* from an URL */
	char *identity;  /* what stands for its content in the digest; NULL: the content does */
	size_t skip;     /* of path: what --parents leaves out, up to "/./" */
};
struct sources {
	struct source *v;
	size_t n;
	int view;        /* of --from, or -1 */
	bool preserve;   /* owners stay: --from */
};
int sources_find(struct stage *s, const struct instruction *i, const struct strlist *words,
		 struct sources *out, struct err *err);
void sources_free(struct sources *v);
/* The files of a stage or an image, to read: an fd, the caller's. */
int source_tree(struct stage *s, const char *name, struct err *err);

/* --- build_git.c -------------------------------------------------------------------------------------------- */
/* The files of "URL#ref:dir", without .git unless it is to be kept: an fd, the caller's. *identity, the caller's
 * too, begins with the commit and says all that the files depend on. */
int build_git(struct build *b, const char *url, bool keep, char **identity, struct err *err);

/* --- build_auth.c ------------------------------------------------------------------------------------------- */
/* The line "Authorization: …" for a repository, or for another URL; new, or NULL where no secret is for it. */
char *build_auth_git(const struct build *b, const char *url);
char *build_auth_http(const struct build *b, const char *url);

/* --- build_tree.c ------------------------------------------------------------------------------------------- */
struct ignore;
struct tree_copy {
	const struct ignore *exclude; /* of paths below the top; NULL: nothing */
	bool chown, chmod;
	bool whole;                   /* a directory itself is copied, and not only what is in it */
	uid_t uid;
	gid_t gid;
	mode_t mode;                  /* for files, and for directories */
	const char *letters;          /* instead of mode: "u+x"; or NULL */
};
/* Add to the digest what a copy of `path` depends on: names, kinds, modes, data; owners unless `chown`. */
int tree_digest(int root, const char *path, const struct tree_copy *t, struct digester *d,
		struct err *err);
/* Copy root/path to to_root/to: a directory's content into the directory, whatever else as the file. */
int tree_copy(int root, const char *path, int to_root, const char *to, const struct tree_copy *t,
	      struct err *err);
/* Away with what the rules choose. */
int tree_prune(int root, const struct ignore *rules, struct err *err);
/* mkdir -p, each new directory being the owner's. */
int tree_mkdir(int root, const char *path, const struct tree_copy *t, struct err *err);

/* --- build_mount.c ------------------------------------------------------------------------------------------ */
struct run_mounts {
	json_t *list;          /* HostConfig.Mounts */
	json_t *env;           /* secrets that are variables */
	struct strlist locked; /* ids of cache directories */
	struct strlist targets; /* places that may have to be made, and unmade */
	struct strlist temporary; /* directories to remove */
	struct ssh_agent **agents;
	size_t n_agents, n_ssh; /* n_ssh: --mount=type=ssh so far, with an agent or without */
};
/* What the mounts bring into the step's key. */
int mounts_digest(struct stage *s, const struct instruction *i, struct digester *d, struct err *err);
int mounts_open(struct stage *s, const struct instruction *i, struct run_mounts *m, struct err *err);
void mounts_close(struct stage *s, struct run_mounts *m);

/* --- build_ssh.c ---------------------------------------------------------------------------------------- */
/* POST /build/ssh {"token","id"}: a line to a client's agent. */
int build_ssh_line(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err);
bool build_ssh_offered(const struct build *b, const char *id);
/* A socket at `path` that leads to the client's agent, until it is closed. */
struct ssh_agent *build_ssh_open(struct build *b, const char *id, const char *path, struct err *err);
void build_ssh_close(struct ssh_agent *a);

/* --- build_stub.c -------------------------------------------------------------------------------------- */
/* Places that were not there before, the deepest last; of each, the directory it is in, and when that
 * had been changed. */
struct stubs {
	struct strlist made, above;
	struct timespec *times;
};
/* What is missing of a container's standard mounts, and of `targets`. */
void stubs_note(int root, const struct strlist *targets, struct stubs *st);
/* Away with those that nobody put anything into, the directories looking untouched. */
void stubs_remove(int root, struct stubs *st);
void stubs_free(struct stubs *st);

/* --- build_chmod.c ------------------------------------------------------------------------------------- */
/* "u=rwX,go=rX" to *mode. false: it is not written so. */
bool chmod_apply(const char *text, bool dir, mode_t *mode);

/* --- build_owner.c ------------------------------------------------------------------------------------- */
/* name[:group] in the files of a tree: numbers need none. */
int owner_parse(int root, const char *text, uid_t *uid, gid_t *gid, struct err *err);

#endif
