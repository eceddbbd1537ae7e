/*
 * cmd_overlay.c - `kernel overlay`: layers as one directory, for one command.
 *
 * The mount is made in a mount namespace of its own, so it is gone when the
 * command ends and nobody else ever sees it.
 */
#include <getopt.h>
#include <sched.h>
#include <sys/mount.h>

#include "base/strbuf.h"
#include "cmd.h"
#include "mount.h"
#include "ns.h"

static int run(int argc, char **argv, struct err *err)
{
	static const struct option options[] = {
		{ "lower", required_argument, NULL, 'l' }, { "upper", required_argument, NULL, 'u' },
		{ "work", required_argument, NULL, 'w' }, { 0 },
	};
	AUTO_STRLIST struct strlist lowers = STRLIST_INIT;
	struct kern_overlay o = { 0 };
	const char *target;
	int opt;

	optind = 0;
	while ((opt = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (opt == 'l')
			strlist_add(&lowers, optarg);
		else if (opt == 'u')
			o.upper = optarg;
		else if (opt == 'w')
			o.work = optarg;
		else
			return kern_cmd_usage(&kern_cmd_overlay, err);
	}
	if (optind >= argc || !lowers.n || !o.upper != !o.work)
		return kern_cmd_usage(&kern_cmd_overlay, err);
	target = argv[optind++];
	if (optind < argc && argv[optind][0] == '-' && argv[optind][1] == '-' && !argv[optind][2])
		optind++;
	o.lowers = (const char *const *)lowers.v;
	o.n = lowers.n;
	if (kern_ns_unshare(CLONE_NEWNS, err) ||
	    kern_mount_propagation("/", MS_PRIVATE | MS_REC, err) ||
	    kern_overlay_mount(&o, target, err))
		return -1;
	return kern_cmd_run(kern_cmd_words(argc, argv, optind), err);
}

const struct kern_cmd kern_cmd_overlay = {
	"overlay", "--lower DIR [--lower DIR...] [--upper DIR --work DIR] TARGET [-- COMMAND...]",
	"run a command that sees layers as one directory (top layer first)", run,
};
