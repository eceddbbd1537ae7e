/*
 * names.c - see names.h.
 */
#include "names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const char *const adjectives[] = {
	"amber", "agile", "ample", "bold", "brave", "breezy", "bright", "brisk", "calm", "candid",
	"cheery", "clever", "cosmic", "crisp", "curious", "dapper", "daring", "deft", "eager",
	"early", "earnest", "fabled", "fair", "fancy", "fearless", "fluent", "fond", "frank",
	"fresh", "gentle", "gifted", "glad", "golden", "grand", "handy", "happy", "hardy",
	"honest", "humble", "jolly", "keen", "kind", "lively", "loyal", "lucid", "lucky",
	"mellow", "merry", "mighty", "modest", "neat", "nimble", "noble", "patient", "plucky",
	"polite", "prime", "proud", "quick", "quiet", "ready", "sharp", "silent", "sincere",
	"smart", "snug", "sober", "solid", "spry", "steady", "sturdy", "sunny", "swift",
	"tidy", "tender", "vivid", "warm", "wise", "witty", "zesty",
};

/* People whose work is under the hood of this project. */
static const char *const nouns[] = {
	"allen", "babbage", "backus", "bach", "bartik", "bell", "berners", "boole", "brooks",
	"cerf", "church", "cook", "corbato", "curry", "dijkstra", "diffie", "engelbart",
	"floyd", "goldberg", "granville", "gray", "hamilton", "hamming", "hellman", "hoare",
	"holberton", "hopper", "huffman", "joy", "kahn", "kay", "kernighan", "kilburn",
	"kleene", "knuth", "lamarr", "lampson", "lamport", "liskov", "lovelace", "mauchly",
	"mccarthy", "mcilroy", "merkle", "moore", "naur", "neumann", "newell", "nygaard",
	"ossanna", "parnas", "perlis", "perlman", "pike", "postel", "rabin", "ritchie",
	"rivest", "sammet", "scott", "shamir", "shannon", "simon", "steele", "strachey",
	"stroustrup", "sutherland", "tanenbaum", "tarjan", "thompson", "torvalds", "turing",
	"wilkes", "wilkinson", "wirth", "yao", "zuse",
};

static void random_bytes(void *buf, size_t n)
{
	/* Requests up to 256 bytes are never cut short once the pool is ready (getrandom(2)). */
	while (getrandom(buf, n, 0) != (ssize_t)n)
		if (errno != EINTR)
			abort();
}

static bool all_digits(const char *s)
{
	return s[strspn(s, "0123456789")] == '\0';
}

void dockerd_random_id(char out[ID_SIZE])
{
	unsigned char raw[32];
	char head[ID_SHORT + 1];

	do {
		random_bytes(raw, sizeof raw);
		for (size_t i = 0; i < sizeof raw; i++)
			snprintf(out + 2 * i, 3, "%02x", raw[i]);
		/* A short ID of digits alone would read as a number where it is
		 * used as a host name. */
		snprintf(head, sizeof head, "%s", out);
	} while (all_digits(head));
}

void dockerd_random_name(char out[NAME_SIZE], unsigned attempt)
{
	unsigned pick[3];

	random_bytes(pick, sizeof pick);
	snprintf(out, NAME_SIZE, "%s_%s",
		 adjectives[pick[0] % (sizeof adjectives / sizeof *adjectives)],
		 nouns[pick[1] % (sizeof nouns / sizeof *nouns)]);
	if (attempt) {
		size_t n = strlen(out);

		snprintf(out + n, NAME_SIZE - n, "%u", pick[2] % (attempt < 3 ? 10 : 1000000));
	}
}

static bool alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool dockerd_name_valid(const char *name)
{
	if (!alnum(name[0]) || !name[1])
		return false;
	for (const char *p = name + 1; *p; p++)
		if (!alnum(*p) && !strchr("_.-", *p))
			return false;
	return true;
}

int dockerd_name_check(const char *name, struct err *err)
{
	if (!dockerd_name_valid(name) || strlen(name) > 255)
		return err_set(
			err, ERR_INVALID,
			"Invalid container name (%s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
			name);
	return 0;
}

bool dockerd_is_hex(const char *text)
{
	size_t n = strspn(text, "0123456789abcdef");

	return n > 0 && n < ID_SIZE && !text[n];
}
