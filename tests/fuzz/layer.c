/*
 * layer.c - a layer's archive, unpacked (ctrd_unpack). Whatever it says, nothing outside its root may
 * change, and a second try must end as the first.
 *
 * The input: a byte of options (1: in a user namespace; 2: the rest as it is), then the
 * archive. Without the second option every block that has a header's magic gets the right
 * checksum, which no mutation would find.
 */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "03-containerd/unpack.h"
#include "fuzz.h"

#define BLOCK 512
#define SECRET "nobody's business"

struct memory {
	const char *data;
	size_t left;
};

void fuzz_begin(void)
{
	mkdir(FUZZ_DIR "/outside", 0700);
	fuzz_file(FUZZ_DIR "/outside/secret", SECRET, strlen(SECRET));
}

static ssize_t read_memory(void *state, void *buf, size_t n, struct err *err)
{
	struct memory *m = state;

	(void)err;
	if (n > m->left)
		n = m->left;
	if (n)
		memcpy(buf, m->data, n);
	m->data += n;
	m->left -= n;
	return (ssize_t)n;
}

static void fix_checksums(char *data, size_t size)
{
	for (; size >= BLOCK; data += BLOCK, size -= BLOCK) {
		unsigned sum = 0;

		if (memcmp(data + 257, "ustar", 5))
			continue;
		memset(data + 148, ' ', 8);
		for (int i = 0; i < BLOCK; i++)
			sum += (unsigned char)data[i];
		snprintf(data + 148, 8, "%06o", sum);
	}
}

/* As fuzz_begin left it, with nothing beside it and nothing in it that is new. */
static void check_outside(void)
{
	char text[64] = "";
	struct stat dir, file;
	int fd = open(FUZZ_DIR "/outside/secret", O_RDONLY | O_CLOEXEC), entries = 0;
	DIR *d = opendir(FUZZ_DIR "/outside");

	MUST(fd >= 0 && d);
	MUST(read(fd, text, sizeof(text)) == (ssize_t)strlen(SECRET) && !strcmp(text, SECRET));
	MUST(!fstat(fd, &file) && file.st_nlink == 1 && file.st_uid == 0);
	MUST(!stat(FUZZ_DIR "/outside", &dir) && (dir.st_mode & 07777) == 0700 && dir.st_uid == 0);
	while (readdir(d))
		entries++;
	MUST(entries == 3);
	closedir(d);
	close(fd);
}

static int unpack(const char *data, size_t size, bool userns, char diff_id[DIGEST_SIZE])
{
	struct memory m = { data, size };
	struct ctrd_source src = { .read = read_memory, .state = &m };
	struct ctrd_unpack_options o = { .userns = userns };
	struct ctrd_unpacked out;
	struct err err;
	int root, rc;

	mkdir(FUZZ_DIR "/root", 0755);
	root = open(FUZZ_DIR "/root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(root >= 0);
	rc = ctrd_unpack(&src, root, &o, &out, &err);
	MUST(rc == 0 || (rc == -1 && err.kind && *err.msg));
	strcpy(diff_id, out.diff_id);
	ctrd_unpacked_free(&out);
	close(root);
	MUST(!file_remove_tree(AT_FDCWD, FUZZ_DIR "/root", &err));
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char first[DIGEST_SIZE], second[DIGEST_SIZE];
	AUTO_FREE char *copy = NULL;
	int rc;

	if (!size)
		return 0;
	copy = memcpy(xmalloc(size), data, size);
	if (!(copy[0] & 2))
		fix_checksums(copy + 1, size - 1);
	rc = unpack(copy + 1, size - 1, copy[0] & 1, first);
	MUST(unpack(copy + 1, size - 1, copy[0] & 1, second) == rc);
	MUST(rc || !strcmp(first, second));
	check_outside();
	return 0;
}
