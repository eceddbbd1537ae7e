/*
 * mount_options.c - the option words of mount(8) and of the OCI specification.
 *
 * One list of words mixes four things: flags of the mount (nosuid), flags of
 * the file system behind it (sync), how the mount propagates (rslave), and
 * options that only the file system understands (size=64m), which are passed on
 * as text. Of two words about the same flag the later one wins.
 */
#include <string.h>
#include <sys/mount.h>

#include "mount.h"
#include "mount_api.h"

enum what { SET, CLEAR, PROPAGATE, REC_SET, REC_CLEAR, COPYUP, IDMAP, NOTHING };

#define ATIME_WORDS (MS_NOATIME | MS_RELATIME | MS_STRICTATIME)

static const struct word {
	const char *name;
	enum what what;
	uint64_t flag;
} words[] = {
	{ "defaults", NOTHING, 0 },
	{ "ro", SET, MS_RDONLY },		{ "rw", CLEAR, MS_RDONLY },
	{ "nosuid", SET, MS_NOSUID },		{ "suid", CLEAR, MS_NOSUID },
	{ "nodev", SET, MS_NODEV },		{ "dev", CLEAR, MS_NODEV },
	{ "noexec", SET, MS_NOEXEC },		{ "exec", CLEAR, MS_NOEXEC },
	{ "sync", SET, MS_SYNCHRONOUS },	{ "async", CLEAR, MS_SYNCHRONOUS },
	{ "dirsync", SET, MS_DIRSYNC },
	{ "mand", SET, MS_MANDLOCK },		{ "nomand", CLEAR, MS_MANDLOCK },
	{ "silent", SET, MS_SILENT },		{ "loud", CLEAR, MS_SILENT },
	{ "noatime", SET, MS_NOATIME },		{ "atime", CLEAR, MS_NOATIME },
	{ "nodiratime", SET, MS_NODIRATIME },	{ "diratime", CLEAR, MS_NODIRATIME },
	{ "relatime", SET, MS_RELATIME },	{ "norelatime", CLEAR, MS_RELATIME },
	{ "strictatime", SET, MS_STRICTATIME },	{ "nostrictatime", CLEAR, MS_STRICTATIME },
	{ "iversion", SET, MS_I_VERSION },	{ "noiversion", CLEAR, MS_I_VERSION },
	{ "lazytime", SET, MS_LAZYTIME },	{ "nolazytime", CLEAR, MS_LAZYTIME },
	{ "nosymfollow", SET, MS_NOSYMFOLLOW },	{ "symfollow", CLEAR, MS_NOSYMFOLLOW },
	{ "remount", SET, MS_REMOUNT },
	{ "bind", SET, MS_BIND },		{ "rbind", SET, MS_BIND | MS_REC },
	{ "private", PROPAGATE, MS_PRIVATE },	{ "rprivate", PROPAGATE, MS_PRIVATE | MS_REC },
	{ "shared", PROPAGATE, MS_SHARED },	{ "rshared", PROPAGATE, MS_SHARED | MS_REC },
	{ "slave", PROPAGATE, MS_SLAVE },	{ "rslave", PROPAGATE, MS_SLAVE | MS_REC },
	{ "unbindable", PROPAGATE, MS_UNBINDABLE },
	{ "runbindable", PROPAGATE, MS_UNBINDABLE | MS_REC },
	{ "rro", REC_SET, MOUNT_ATTR_RDONLY },	{ "rrw", REC_CLEAR, MOUNT_ATTR_RDONLY },
	{ "rnosuid", REC_SET, MOUNT_ATTR_NOSUID }, { "rsuid", REC_CLEAR, MOUNT_ATTR_NOSUID },
	{ "rnodev", REC_SET, MOUNT_ATTR_NODEV }, { "rdev", REC_CLEAR, MOUNT_ATTR_NODEV },
	{ "rnoexec", REC_SET, MOUNT_ATTR_NOEXEC }, { "rexec", REC_CLEAR, MOUNT_ATTR_NOEXEC },
	{ "rnodiratime", REC_SET, MOUNT_ATTR_NODIRATIME },
	{ "rdiratime", REC_CLEAR, MOUNT_ATTR_NODIRATIME },
	{ "rnosymfollow", REC_SET, MOUNT_ATTR_NOSYMFOLLOW },
	{ "rsymfollow", REC_CLEAR, MOUNT_ATTR_NOSYMFOLLOW },
	{ "rnoatime", REC_SET, MOUNT_ATTR_NOATIME },
	{ "ratime", REC_CLEAR, MOUNT_ATTR_NOATIME },
	{ "rstrictatime", REC_SET, MOUNT_ATTR_STRICTATIME },
	{ "rnostrictatime", REC_CLEAR, MOUNT_ATTR_STRICTATIME },
	{ "rrelatime", REC_SET, MOUNT_ATTR_RELATIME },
	{ "rnorelatime", REC_CLEAR, MOUNT_ATTR_RELATIME },
	{ "tmpcopyup", COPYUP, 0 },
	{ "idmap", IDMAP, 0 },			{ "ridmap", IDMAP, MS_REC },
	{ NULL, NOTHING, 0 },
};

/* noatime, relatime and strictatime are three values of one setting. */
static void set_flag(struct kern_mount_options *o, uint64_t flag)
{
	if (flag & ATIME_WORDS)
		o->set &= ~(uint64_t)ATIME_WORDS;
	o->set |= flag;
	o->clear &= ~flag;
}

/* mount_setattr(2): a new access time mode wants all of MOUNT_ATTR__ATIME in
 * what is cleared. RELATIME is the value 0 of that field, so taking any of the
 * modes back means RELATIME. */
static void set_recursive(struct kern_mount_options *o, const struct word *w)
{
	int atime = (w->flag & MOUNT_ATTR__ATIME) || !w->flag;

	if (atime) {
		o->rec_clear |= MOUNT_ATTR__ATIME;
		o->rec_set &= ~(uint64_t)MOUNT_ATTR__ATIME;
		o->rec_set |= w->what == REC_SET ? w->flag : 0;
	} else if (w->what == REC_SET) {
		o->rec_set |= w->flag;
		o->rec_clear &= ~w->flag;
	} else {
		o->rec_clear |= w->flag;
		o->rec_set &= ~w->flag;
	}
}

static int add_data(struct kern_mount_options *o, const char *word, struct err *err)
{
	size_t have = strlen(o->data), n = strlen(word);

	if (!n)
		return 0;
	if (have + n + 2 > sizeof o->data)
		return err_set(err, ERR_INVALID, "mount options are longer than %zu bytes",
			       sizeof o->data);
	if (have)
		o->data[have++] = ',';
	memcpy(o->data + have, word, n + 1);
	return 0;
}

static void apply(struct kern_mount_options *o, const struct word *w)
{
	switch (w->what) {
	case SET:
		set_flag(o, w->flag);
		break;
	case CLEAR:
		o->set &= ~w->flag;
		o->clear |= w->flag;
		break;
	case PROPAGATE:
		o->propagation = w->flag;
		break;
	case REC_SET:
	case REC_CLEAR:
		set_recursive(o, w);
		break;
	case COPYUP:
		o->tmpcopyup = true;
		break;
	case IDMAP:
		o->idmap = !w->flag;
		o->ridmap = w->flag;
		break;
	case NOTHING:
		break;
	}
}

int kern_mount_option(struct kern_mount_options *o, const char *word, struct err *err)
{
	for (const struct word *w = words; w->name; w++)
		if (!strcmp(w->name, word)) {
			apply(o, w);
			return 0;
		}
	return add_data(o, word, err);
}

const char *kern_mount_option_word(size_t i)
{
	return i < sizeof words / sizeof *words ? words[i].name : NULL;
}
