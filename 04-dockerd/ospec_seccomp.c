/*
 * ospec_seccomp.c - a profile of the user's own (--security-opt seccomp=FILE; the client
 * sends the file's text). Docker's format is the OCI's and more: rules may stand under
 * conditions ("includes", "excludes": capabilities, architectures, the kernel's version),
 * which are decided here for this machine and this container. What then remains is the
 * OCI's, and the runtime judges it.
 */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/words.h"
#include "ospec.h"

#if defined(__aarch64__)
#define ARCH "arm64"
#define SCMP_ARCH "SCMP_ARCH_AARCH64"
#else
#define ARCH "amd64"
#define SCMP_ARCH "SCMP_ARCH_X86_64"
#endif

const char *dockerd_security_profile(const json_t *host)
{
	json_t *list = json_object_get(host, "SecurityOpt"), *v;
	size_t i;

	json_array_foreach(list, i, v) {
		const char *o = json_string_value(v);

		if (str_starts(o, "seccomp=") && o[strspn(o + 8, " \t\r\n") + 8] == '{')
			return o + strlen("seccomp=");
	}
	return NULL;
}

/* How many of the wanted are in `have`. */
static size_t common(const json_t *wanted, const json_t *have)
{
	size_t i, n = 0;
	json_t *v;

	json_array_foreach((json_t *)wanted, i, v)
		n += json_is_string(v) && words_json_have(have, json_string_value(v));
	return n;
}

/* "4.8": this kernel is at least that. */
static bool kernel_is(const char *least)
{
	int a = 0, b = 0, major = 0, minor = 0;
	struct utsname u;

	uname(&u);
	sscanf(u.release, "%d.%d", &major, &minor);
	sscanf(least, "%d.%d", &a, &b);
	return major > a || (major == a && minor >= b);
}

static bool applies(const json_t *rule, const json_t *caps)
{
	const json_t *in = json_object_get(rule, "includes"), *ex = json_object_get(rule, "excludes");
	const json_t *in_caps = json_object_get(in, "caps"), *arches = json_object_get(in, "arches");
	const char *least = jsonx_str(in, "minKernel", ""), *below = jsonx_str(ex, "minKernel", "");

	if (words_json_have(json_object_get(ex, "arches"), ARCH) ||
	    common(json_object_get(ex, "caps"), caps) || (*below && kernel_is(below)))
		return false;
	return (!json_array_size(arches) || words_json_have(arches, ARCH)) &&
	       common(in_caps, caps) == json_array_size(in_caps) &&
	       (!*least || kernel_is(least));
}

/* Without the conditions, and with the one spelling of its names. New. */
static json_t *plain_rule(const json_t *rule)
{
	json_t *out = json_deep_copy(rule);
	const char *name = jsonx_str(out, "name", "");

	if (*name)
		json_object_set_new(out, "names", json_pack("[s]", name));
	for (const char *const *key = (const char *const[]){ "name", "comment", "includes",
							     "excludes", NULL };
	     *key; key++)
		json_object_del(out, *key);
	if (!json_array_size(json_object_get(out, "args")))
		json_object_del(out, "args"); /* null and [] alike */
	return out;
}

/* archMap: this machine's architecture and those that run beside it. */
static json_t *architectures(const json_t *profile)
{
	json_t *map = json_object_get(profile, "archMap"), *v, *out;
	size_t i;

	json_array_foreach(map, i, v) {
		if (strcmp(jsonx_str(v, "architecture", ""), SCMP_ARCH))
			continue;
		out = json_pack("[s]", SCMP_ARCH);
		if (json_is_array(json_object_get(v, "subArchitectures")))
			json_array_extend(out, json_object_get(v, "subArchitectures"));
		return out;
	}
	return NULL;
}

static json_t *read_profile(const char *text, struct err *err)
{
	json_t *profile = jsonx_parse(text, strlen(text), "seccomp profile", err), *rules, *v;
	size_t i;

	if (!profile) {
		err->kind = ERR_INVALID;
		err_wrap(err, "Decoding seccomp profile failed");
		return NULL;
	}
	rules = json_object_get(profile, "syscalls");
	if (!*jsonx_str(profile, "defaultAction", "") || (rules && !json_is_array(rules))) {
		json_decref(profile);
		err_set(err, ERR_INVALID,
			"seccomp profile: expected a defaultAction and a list of syscalls");
		return NULL;
	}
	json_array_foreach(rules, i, v) {
		bool name = *jsonx_str(v, "name", ""), names = json_object_get(v, "names");

		if (name != names)
			continue;
		json_decref(profile);
		err_set(err, ERR_INVALID, "seccomp profile: use either 'name' or 'names'");
		return NULL;
	}
	return profile;
}

int dockerd_security_profile_check(const char *text, struct err *err)
{
	json_t *profile = read_profile(text, err);

	json_decref(profile);
	return profile ? 0 : -1;
}

json_t *dockerd_spec_seccomp_profile(const char *text, const json_t *caps, struct err *err)
{
	AUTO_JSON json_t *profile = read_profile(text, err);
	json_t *rules = json_object_get(profile, "syscalls"), *arches, *plain, *v;
	size_t i;

	if (!profile)
		return NULL;
	arches = architectures(profile);
	plain = json_array();
	json_array_foreach(rules, i, v)
		if (applies(v, caps))
			json_array_append_new(plain, plain_rule(v));
	json_object_set_new(profile, "syscalls", plain);
	json_object_del(profile, "archMap");
	if (arches)
		json_object_set_new(profile, "architectures", arches);
	return steal_ptr(&profile);
}
