/*
 * test_shim_user.c - users and groups of a hostile image. The rules are Docker's:
 * what `docker run --user ... busybox id` prints.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "shim.h"
#include "suites.h"

static struct err err;
static char *dir;
static int root = -1;

static void put(const char *name, const char *text)
{
	AUTO_FREE char *path = xasprintf("%s/%s", dir, name);

	EXPECT_OK(file_write_atomic(AT_FDCWD, path, text, strlen(text), 0644, &err));
}

static void begin(void)
{
	AUTO_FREE char *etc = NULL;

	dir = tmp_new("8m");
	etc = xasprintf("%s/etc", dir);
	mkdir(etc, 0755);
	put("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"
			  "# a comment\n"
			  "broken line\n"
			  "www:x:33:34:www:/var/www:/usr/sbin/nologin\n"
			  "nogroup:x:40:notanumber::/:\n"
			  "1000:x:1234:1:a name of digits:/digits:\n"
			  "homeless:x:50:50\n");
	put("etc/group", "root:x:0:\nwheel:x:10:root,www\nwww:x:34:\naudio:x:29:www,other\n"
			 "almost:x:77:wwww,ww\nempty\n");
	root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void end(void)
{
	close(root);
	tmp_free(dir);
}

/* "uid:gid home [groups]" */
static void check(const char *user, const char *more, const char *want)
{
	AUTO_JSON json_t *groups = more ? json_pack("[s]", more) : NULL;
	AUTO_JSON json_t *got = shim_user_resolve(root, user, groups, &err);
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	json_t *v;
	size_t i;

	if (!got) {
		EXPECT_STR(err.msg, want);
		return;
	}
	strbuf_addf(&sb, "%lld:%lld %s", (long long)jsonx_int(got, "uid", -1),
		    (long long)jsonx_int(got, "gid", -1), jsonx_str(got, "home", ""));
	json_array_foreach(json_object_get(got, "additionalGids"), i, v)
		strbuf_addf(&sb, " %lld", (long long)json_integer_value(v));
	EXPECT_STR(sb.data, want);
}

static void test_names(void)
{
	begin();
	check("", NULL, "0:0 /root 0 10");
	check("root", NULL, "0:0 /root 0 10");
	check("0", NULL, "0:0 /root 0 10");
	check("www", NULL, "33:34 /var/www 34 10 29");
	check("33", NULL, "33:34 /var/www 34 10 29");
	check("www:", NULL, "33:34 /var/www 34 10 29");
	check("www:audio", NULL, "33:29 /var/www 29");
	check("www:29", NULL, "33:29 /var/www 29");
	check("www:12345", NULL, "33:12345 /var/www 12345");
	check("4242", NULL, "4242:0 / 0");
	check("4242:4343", NULL, "4242:4343 / 4343");
	check("1000", NULL, "1234:1 /digits 1"); /* a name first, then a number */
	check("homeless", NULL, "50:50 / 50");
	check("www", "audio", "33:34 /var/www 34 10 29");
	check("root", "4444", "0:0 /root 0 10 4444");
	end();
}

static void test_unknown(void)
{
	begin();
	check("nobody", NULL, "unable to find user nobody: no matching entries in passwd file");
	check("nogroup", NULL, "unable to find user nogroup: no matching entries in passwd file");
	check("-1", NULL, "unable to find user -1: no matching entries in passwd file");
	check("2147483648", NULL, "unable to find user 2147483648: no matching entries in passwd file");
	check("www:nothere", NULL, "unable to find group nothere: no matching entries in group file");
	check("www", "nothere", "unable to find group nothere: no matching entries in group file");
	end();
}

static void test_bare_image(void)
{
	begin();
	unlinkat(root, "etc/passwd", 0);
	unlinkat(root, "etc/group", 0);
	check("", NULL, "0:0 / 0");
	check("7:8", NULL, "7:8 / 8");
	check("www", NULL, "unable to find user www: no matching entries in passwd file");
	end();
}

/* /etc/passwd of the image points out of it (there is nothing inside by that name: the
 * host's must not be read instead), or is a fifo that nobody writes to. */
static void test_hostile(void)
{
	begin();
	unlinkat(root, "etc/passwd", 0);
	EXPECT_INT(symlinkat("../../../../../../etc/hostname", root, "etc/passwd"), 0);
	check("", NULL, "0:0 / 0");
	put("etc/hostname", "inside:x:5:6::/inside:\n");
	check("inside", NULL, "5:6 /inside 6");
	unlinkat(root, "etc/passwd", 0);
	EXPECT_INT(mkfifoat(root, "etc/passwd", 0644), 0);
	check("", NULL, "the image's /etc/passwd is not a regular file");
	unlinkat(root, "etc/passwd", 0);
	EXPECT_INT(symlinkat("passwd", root, "etc/passwd"), 0);
	EXPECT_INT(shim_user_resolve(root, "", NULL, &err) == NULL, 1);
	EXPECT_HAS(err.msg, "/etc/passwd");
	end();
}

int suite_shim_user(void)
{
	static const CU_TestInfo tests[] = {
		{ "names and numbers", test_names },
		{ "who is not there", test_unknown },
		{ "an image without passwd", test_bare_image },
		{ "links and fifos", test_hostile },
		CU_TEST_INFO_NULL,
	};

	return suite_add("shim user", tests);
}
