/*
 * json_mutator.c - changes to a JSON document that leave it one.
 *
 * Bytes changed at random mostly break the syntax, and a document that jansson
 * refuses teaches nothing about us. So three times in four the input is taken
 * apart, something in its tree is changed, and it is written again. What stands
 * before the first brace (some targets have options there) stays.
 */
#include <jansson.h>
#include <string.h>

#include "fuzz.h"

/* xorshift: the whole of a mutation follows from libFuzzer's seed. */
static uint64_t state;

static size_t below(size_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return n ? (size_t)(state % n) : 0;
}

/* A place in the tree: a member of an object or of an array. */
struct slot {
	json_t *parent;
	const char *key; /* NULL: of an array */
	size_t index, seen;
};

/* Each place is chosen with the same chance, in one walk. */
static void choose(json_t *node, struct slot *s)
{
	const char *key;
	json_t *child;
	size_t i;

	json_object_foreach(node, key, child) {
		if (!below(++s->seen))
			*s = (struct slot){ node, key, 0, s->seen };
		choose(child, s);
	}
	json_array_foreach(node, i, child) {
		if (!below(++s->seen))
			*s = (struct slot){ node, NULL, i, s->seen };
		choose(child, s);
	}
}

static json_t *at(const struct slot *s)
{
	return s->key ? json_object_get(s->parent, s->key) : json_array_get(s->parent, s->index);
}

static void put(const struct slot *s, json_t *value)
{
	if (s->key)
		json_object_set_new(s->parent, s->key, value);
	else
		json_array_set_new(s->parent, s->index, value);
}

/* Values at which somebody might have been careless. */
static json_t *careless(void)
{
	static const char *const values[] = {
		"null", "true", "false", "0", "1", "-1", "-0", "7", "63", "64", "255", "4095", "4096",
		"65535", "65536", "2147483647", "2147483648", "-2147483648", "4294967294",
		"4294967295", "4294967296", "9007199254740993", "9223372036854775807",
		"-9223372036854775808", "1.5", "1e308", "-1e-308", "[]", "{}", "[[]]", "[{}]", "\"\"",
		"\"/\"", "\"..\"", "\"/proc/self\"", "\"18446744073709551615\"", "\"-1\"", "\"a=b\"",
		"\"%s%n\"", "\"\\n\"", "\"\\u007f\\u00e9\\ud83d\\ude00\"",
	};

	return json_loads(values[below(sizeof values / sizeof *values)], JSON_DECODE_ANY, NULL);
}

static json_t *mutated_string(const char *text)
{
	uint8_t buf[512];
	size_t n = strlen(text);

	n = n < sizeof buf / 2 ? n : sizeof buf / 2;
	memcpy(buf, text, n);
	n = LLVMFuzzerMutate(buf, n, sizeof buf);
	return json_stringn((char *)buf, n); /* NULL if it is no UTF-8 */
}

static void rename_key(const struct slot *s)
{
	json_t *name = mutated_string(s->key), *value = json_incref(at(s));

	if (name) {
		json_object_del(s->parent, s->key);
		json_object_set(s->parent, json_string_value(name), value);
	}
	json_decref(value);
	json_decref(name);
}

static void repeat(json_t *array)
{
	size_t n = json_array_size(array);

	for (size_t times = 1 + below(8); n && times; times--)
		json_array_append_new(array, json_deep_copy(json_array_get(array, below(n))));
}

static void change(json_t *doc)
{
	struct slot s = { NULL, NULL, 0, 0 }, other = s;
	json_t *here, *copy;

	choose(doc, &s);
	if (!s.parent)
		return;
	here = at(&s);
	switch (below(6)) {
	case 0:
		put(&s, careless());
		return;
	case 1:
		if (s.key)
			json_object_del(s.parent, s.key);
		else
			json_array_remove(s.parent, s.index);
		return;
	case 2: /* what stands somewhere else */
		choose(doc, &other);
		copy = json_deep_copy(at(&other));
		put(&s, copy);
		return;
	case 3:
		if (s.key)
			rename_key(&s);
		return;
	case 4:
		repeat(json_is_array(here) ? here : s.parent);
		return;
	default:
		copy = json_is_string(here) ? mutated_string(json_string_value(here)) : careless();
		if (copy)
			put(&s, copy);
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	const uint8_t *brace = memchr(data, '{', size);
	size_t before = brace ? (size_t)(brace - data) : 0, n = 0;
	json_t *doc = NULL;
	char *text = NULL;

	state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	if (brace && below(4))
		doc = json_loadb((const char *)brace, size - before, JSON_REJECT_DUPLICATES, NULL);
	if (!doc)
		return LLVMFuzzerMutate(data, size, max);
	for (size_t changes = 1 + below(3); changes; changes--)
		change(doc);
	text = json_dumps(doc, JSON_COMPACT);
	json_decref(doc);
	n = text ? strlen(text) : max;
	if (n < max - before)
		memcpy(data + before, text, n);
	else
		n = 0; /* no text, or too long: the old kind of change */
	free(text);
	return n ? before + n : LLVMFuzzerMutate(data, size, max);
}
