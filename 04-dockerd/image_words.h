/*
 * image_words.h - words of a Dockerfile's instruction: blanks part them, quotes keep them together,
 * and $NAME, ${NAME}, ${NAME:-else} and ${NAME:+then} are what the image's Env has.
 */
#ifndef DOCKYARD_DOCKERD_IMAGE_WORDS_H
#define DOCKYARD_DOCKERD_IMAGE_WORDS_H

#include <jansson.h>

#include "01-kernel/base/err.h"

/* The words as they stand there, with their quotes; new. */
json_t *dockerd_words(const char *text);
/* One of them without quotes and with its variables; the caller frees. `env`: ["NAME=value"]. */
char *dockerd_word_expand(const char *word, const json_t *env, struct err *err);

#endif
