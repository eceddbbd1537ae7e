/*
 * words.h - is a word one of those? And words with commas between them.
 */
#ifndef DOCKYARD_WORDS_H
#define DOCKYARD_WORDS_H

#include <jansson.h>
#include <stdbool.h>

/* The table ends with NULL. */
bool words_have(const char *const words[], const char *word);

/* Of a list in JSON; what in it is no text is no word. NULL is an empty one. */
bool words_json_have(const json_t *list, const char *word);

/* Append the words of "a,b" to the list; empty ones are none. */
void words_split(const char *text, json_t *list);

#endif
