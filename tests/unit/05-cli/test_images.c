/*
 * test_images.c - docker images --tree. The layout is the real client's; only its headings have colours in a pipe too.
 */
#include "images_tree.h"
#include "suites.h"

static const char images[] =
	"[{\"Id\":\"sha256:dddddddddddddddd\",\"RepoTags\":[\"zeta:1\"],\"Created\":50,\"Size\":12345678,\"Containers\":0,\"Manifests\":[]},"
	"{\"Id\":\"sha256:aaaaaaaaaaaaaaaa\",\"RepoTags\":[\"a:1\",\"much/longer:1\"],\"Created\":100,\"Size\":12345678,\"Containers\":0,\"Manifests\":["
	"{\"ID\":\"sha256:1111111111111111\",\"Kind\":\"image\",\"Available\":true,\"Size\":{\"Content\":1111111,\"Total\":2222222},"
	"\"ImageData\":{\"Platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"},\"Containers\":[\"c\"]}},"
	"{\"ID\":\"sha256:3333333333333333\",\"Kind\":\"attestation\"},"
	"{\"ID\":\"sha256:2222222222222222\",\"Kind\":\"image\",\"Available\":false,\"Size\":{\"Content\":0,\"Total\":0},"
	"\"ImageData\":{\"Platform\":{\"os\":\"linux\",\"architecture\":\"arm64\",\"variant\":\"v8\"},\"Containers\":[]}}]},"
	"{\"Id\":\"sha256:cccccccccccccccc\",\"RepoTags\":null,\"Created\":10,\"Size\":0,\"Containers\":0,\"Manifests\":null}]";

#define WARNING "WARNING: This is an experimental feature. The output may change and shouldn't be depended on."

static char *tree(struct cli_images_tree how)
{
	AUTO_JSON json_t *doc = json_of(images);
	struct strbuf out = STRBUF_INIT;

	cli_images_tree(&how, doc, &out);
	return strbuf_steal(&out);
}

static void plain(void)
{
	AUTO_FREE char *got = tree((struct cli_images_tree){ .width = 80 });

	EXPECT_STR(got, WARNING "\n"
		   "                                                              Info ->  U In Use \n\n"
		   "IMAGE                   ID             DISK USAGE   CONTENT SIZE   EXTRA\n"
		   "much/longer:1\n"
		   "a:1                     aaaaaaaaaaaa       12.3MB         1.11MB   U    \n"
		   "├─ linux/amd64          111111111111       2.22MB         1.11MB   U    \n"
		   "└─ linux/arm64/v8       222222222222           0B             0B        \n\n"
		   "zeta:1                  dddddddddddd       12.3MB             0B        \n\n");
}

static void narrow(void)
{
	AUTO_FREE char *got = tree((struct cli_images_tree){ .width = 30, .untagged = true });

	EXPECT_STR(got, WARNING "\n"
		   "            Info ->  U In Use \n\n"
		   "IMAGE             ID          \n"
		   "much/longer:1\n"
		   "a:1               aaaaaaaaaaaa\n"
		   "├─ linux/amd64    111111111111\n"
		   "└─ linux/arm64…   222222222222\n\n"
		   "zeta:1            dddddddddddd\n\n"
		   "<untagged>        cccccccccccc\n\n");
}

static void colours(void)
{
	AUTO_FREE char *got = tree((struct cli_images_tree){ .width = 90, .colours = true });

	EXPECT_HAS(got, "\033[34m\033[1mmuch/longer:1\033[0m\n\033[34m\033[1ma:1\033[0m");
	EXPECT_HAS(got, "\033[39m\033[2m└─ linux/arm64/v8\033[0m"); /* not here: faint */
	EXPECT_HAS(got, "\033[38;5;0m\033[48;5;14m U \033[0m  \n");
}

int suite_images(void)
{
	static const CU_TestInfo tests[] = {
		{ "images as a tree", plain }, { "in a narrow terminal", narrow }, { "in colours", colours }, CU_TEST_INFO_NULL,
	};

	return suite_add("images", tests);
}
