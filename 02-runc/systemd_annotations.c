/*
 * systemd_annotations.c - properties of the unit that config.json gives itself:
 * the annotation "org.systemd.property.NAME" holds the value of NAME in GVariant's
 * text form ("uint64 123456", "'inactive-or-failed'"; see gvariant.h).
 *
 * Manuals write times as NAMESec, in seconds; over D-Bus they are NAMEUSec, in
 * microseconds. Both names are taken, and the first is turned into the second.
 */
#include <ctype.h>
#include <string.h>

#include "gvariant.h"
#include "systemd.h"

#define PREFIX "org.systemd.property."

static int check_name(const char *name, struct err *err)
{
	for (const char *p = name; *p; p++)
		if (!isalpha((unsigned char)*p))
			return err_set(err, ERR_INVALID, "contains non-alphabetic character");
	return strlen(name) < 3 ? err_set(err, ERR_INVALID, "too short") : 0;
}

static int put(struct strbuf *body, const char *name, const char *value, struct err *err)
{
	size_t stem = strlen(name) - 3;
	AUTO_FREE char *usec_name = NULL;
	uint64_t usec;

	/* "USec" itself ends in "Sec", too. */
	if (str_ends(name, "Sec") && stem && islower((unsigned char)name[stem - 1])) {
		if (runc_gvariant_seconds(value, &usec, err))
			return -1;
		usec_name = xasprintf("%.*sUSec", (int)stem, name);
		runc_systemd_put_number(body, usec_name, 't', usec);
		return 0;
	}
	runc_dbus_put_struct(body);
	runc_dbus_put_text(body, 's', name);
	return runc_gvariant_put(body, value, err);
}

int runc_systemd_put_annotations(struct strbuf *body, const json_t *annotations, struct err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)annotations, key, value) {
		const char *name = key + strlen(PREFIX), *text = json_string_value(value);

		if (!str_starts(key, PREFIX))
			continue;
		if (check_name(name, err))
			return err_wrap(err, "annotation %s name incorrect", key);
		if (put(body, name, text, err))
			return err_wrap(err, "annotation %s=%s value parse error", key, text);
	}
	return 0;
}
