/*
 * words.c - see words.h.
 */
#include "words.h"

#include <string.h>

#include "strbuf.h"

bool words_have(const char *const words[], const char *word)
{
	while (*words && strcmp(*words, word))
		words++;
	return *words != NULL;
}

bool words_json_have(const json_t *list, const char *word)
{
	json_t *v;
	size_t i;

	json_array_foreach((json_t *)list, i, v)
		if (json_is_string(v) && !strcmp(json_string_value(v), word))
			return true;
	return false;
}

void words_split(const char *text, json_t *list)
{
	AUTO_FREE char *copy = xstrdup(text);
	char *save = NULL;

	for (char *w = strtok_r(copy, ",", &save); w; w = strtok_r(NULL, ",", &save))
		json_array_append_new(list, json_string(w));
}
