/*
 * words.h - is a word one of those?
 */
#ifndef DOCKYARD_WORDS_H
#define DOCKYARD_WORDS_H

#include <jansson.h>
#include <stdbool.h>

/* The table ends with NULL. */
bool words_have(const char *const words[], const char *word);

/* Of a list in JSON; what in it is no text is no word. NULL is an empty one. */
bool words_json_have(const json_t *list, const char *word);

#endif
