/*
 * dockerfile.h - a Dockerfile's text as a list of instructions (Dockerfile reference, "Format").
 *
 *   text ─▶ lines ─▶ directives, comments, continuations ─▶ instruction, its flags, the rest
 *                                                            └─ here-documents, if it may have any
 *
 * What an instruction's rest means is known to build_step.c; variables in it are expanded later
 * still, by dockerfile_expand.c, because their values come from instructions before it. The text
 * is somebody else's: its size is bounded, and everything in it may be wrong.
 */
#ifndef DOCKYARD_DOCKERD_DOCKERFILE_H
#define DOCKYARD_DOCKERD_DOCKERFILE_H

#include <jansson.h>
#include <stdbool.h>

#include "01-kernel/base/err.h"
#include "01-kernel/base/strbuf.h"

#define DOCKERFILE_MAX (2 << 20) /* bytes */
#define DOCKERFILE_LINES 20000   /* instructions */

struct heredoc {
	char *name, *content;
	bool expand; /* the name was not quoted: variables in the content are meant */
};

struct instruction {
	int line, end;        /* the first and the last line in the file, from 1 */
	char *word;           /* "RUN", in capitals */
	char *rest;           /* behind the word and the flags, continuations joined */
	char *text;           /* all of it, as it is shown */
	struct strlist flags; /* "--from=x" */
	struct heredoc *heredocs;
	size_t n_heredocs;
};

struct dockerfile {
	struct instruction *v;
	size_t n;
	char escape;
	struct strlist lines;    /* the source, to show where an error is */
	struct strlist warnings;
};

/* ERR_INVALID "dockerfile parse error on line N: …", with the line. Freed also after failure. */
int dockerfile_parse(const char *text, size_t n, struct dockerfile *f, struct err *err);
void dockerfile_free(struct dockerfile *f);

/* One instruction out of a text without a file (ONBUILD's, --change's); the caller frees it. */
int instruction_parse(const char *text, struct instruction *i, struct err *err);
void instruction_free(struct instruction *i);

/* The lines around an instruction, marked with ">>>"; the caller frees. */
char *dockerfile_excerpt(const struct dockerfile *f, const struct instruction *i);

/* --- the forms that a rest may have ---------------------------------------------------------- */
/* ["a","b"]: new; NULL where it is no JSON array (then it is a shell's line), or, with *wrong, one
 * of other things than strings. */
json_t *dockerfile_exec_form(const char *rest, bool *wrong);
/* Separated by blanks, quotes and all left as they are. */
void dockerfile_words(const char *rest, char escape, struct strlist *out);
/* Either form, for what is no command: the array's strings, or else the words. */
void dockerfile_list(const char *rest, char escape, struct strlist *out);

/* --- variables (dockerfile_expand.c) ---------------------------------------------------------- */
struct expander {
	char escape;
	bool keep_quotes;     /* quotes and escapes mean nothing: in a here-document */
	/* The value, borrowed, or NULL. */
	const char *(*get)(void *arg, const char *name);
	void *arg;
};
/* With quotes and escapes taken off. The caller frees; NULL with err. */
char *dockerfile_expand(const struct expander *x, const char *word, struct err *err);
/* The same, where blanks outside of quotes begin a new word. */
int dockerfile_expand_words(const struct expander *x, const char *word, struct strlist *out,
			    struct err *err);

#endif
