/*
 * wire.c - see wire.h.
 */
#include "wire.h"

#include <string.h>

#include "01-kernel/base/jsonx.h"

#define ID_MAX 76

json_t *ctrd_wire_error(const struct err *err)
{
	json_t *body = json_object();
	json_t *message = json_string(err->msg);

	/* A message may quote bytes that are not UTF-8 (a file's name): jansson refuses those. */
	if (!message)
		message = json_string("(the message is not valid UTF-8)");
	json_object_set_new(body, "kind", json_string(err_kind_name(err->kind)));
	json_object_set_new(body, "message", message);
	return json_pack("{s:o}", "error", body);
}

int ctrd_wire_check(const json_t *doc, struct err *err)
{
	const json_t *e = json_object_get(doc, "error");

	if (!e)
		return 0;
	return err_set(err, err_kind_parse(jsonx_str(e, "kind", "system")), "%s",
		       jsonx_str(e, "message", "unknown error"));
}

int ctrd_id_check(const char *what, const char *id, struct err *err)
{
	static const char alnum[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	static const char all[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
	size_t n = id ? strlen(id) : 0;

	if (n && n <= ID_MAX && strchr(alnum, id[0]) && strspn(id, all) == n)
		return 0;
	return err_set(err, ERR_INVALID,
		       "invalid %s '%.100s': letters, digits and _.- only, a letter or digit "
		       "first, at most %d", what, id ? id : "", ID_MAX);
}

int ctrd_namespace_check(const char *name, struct err *err)
{
	if (ctrd_id_check("namespace", name, err))
		return -1;
	if (!strcmp(name, "runc") || !strcmp(name, "lock"))
		return err_set(err, ERR_INVALID, "the namespace name '%s' is taken by containerd itself",
			       name);
	return 0;
}

int ctrd_labels_check(const json_t *labels, struct err *err)
{
	const char *key;
	json_t *v;

	if (labels && !json_is_object(labels))
		return err_set(err, ERR_INVALID, "labels: expected an object");
	json_object_foreach((json_t *)labels, key, v)
		if (!json_is_string(v))
			return err_set(err, ERR_INVALID, "labels: expected strings");
	return 0;
}
