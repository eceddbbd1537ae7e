/*
 * test_transfer.c - pull and push against a registry that misbehaves on demand.
 *
 * The registry is a page of http.h: it serves documents from a table, wants a
 * token if told so, redirects blobs to a second server, breaks connections,
 * answers 429 or 503, or sends other bytes than it should. The real registries are
 * met in the end-to-end tests.
 */
#include "transfer.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "fetch.h"
#include "http.h"
#include "platform.h"
#include "suites.h"

#define MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define INDEX "application/vnd.oci.image.index.v1+json"
#define DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define GZIP_LAYER "application/vnd.oci.image.layer.v1.tar+gzip"

static struct err err;

/* --- the registry ---------------------------------------------------------------------------- */

struct thing { /* a blob, or a manifest under a tag or digest */
	char name[DIGEST_SIZE];
	char type[128];
	char *data;
	size_t size;
};

static struct {
	struct thing things[64];
	size_t n;
	bool want_token, want_basic, redirect;
	int fail_status, fail_count;  /* the next requests for blobs get this status */
	int cut_count;                /* the next blobs break off half-way */
	bool ignore_range;
	bool stall;                   /* blobs stop half-way, and the connection stays */
	char corrupt[DIGEST_SIZE];    /* this blob has a wrong byte, */
	atomic_int corrupt_left;      /* so many times; 0: always */
	atomic_int tokens, blobs, ranges, leaks, requests;
	struct http_server *server, *store;
	char host[64], store_url[64];
} reg;

/* Guards reg.things and reg.n: every connection has a thread of the server's, and a
 * push uploads several blobs at a time. */
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;

static struct thing *find_locked(const char *name)
{
	for (size_t i = 0; i < reg.n; i++)
		if (!strcmp(reg.things[i].name, name))
			return &reg.things[i];
	return NULL;
}

static struct thing *find(const char *name)
{
	struct thing *t;

	pthread_mutex_lock(&table_lock);
	t = find_locked(name);
	pthread_mutex_unlock(&table_lock);
	return t;
}

static void keep_locked(const char *name, const void *data, size_t size, const char *type)
{
	struct thing *t;

	if (find_locked(name))
		return;
	t = &reg.things[reg.n++];
	strcpy(t->name, name);
	strcpy(t->type, type);
	t->data = memcpy(xmalloc(size + 1), data, size);
	t->size = size;
}

/* Under its digest, and under `tag` if there is one. The digest is the calling
 * thread's until its next call. */
static const char *serve(const void *data, size_t size, const char *type, const char *tag)
{
	static _Thread_local char digest[DIGEST_SIZE];

	digest_of(data, size, digest);
	pthread_mutex_lock(&table_lock);
	keep_locked(digest, data, size, type);
	if (tag)
		keep_locked(tag, data, size, type);
	pthread_mutex_unlock(&table_lock);
	return digest;
}

/* Basic for "user" and "pass word": printf 'user:pass word' | base64 */
#define BASIC "Basic dXNlcjpwYXNzIHdvcmQ="

static int challenge(struct http_request *req, struct http_reply *rep, struct err *e)
{
	const char *given = http_header(req, "Authorization");
	char line[256];

	if (reg.want_token && (!given || strcmp(given, "Bearer good-token"))) {
		snprintf(line, sizeof(line), "Bearer realm=\"http://%s/token\",service=\"test, \\\"it\\\"\"",
			 reg.host);
		http_reply_header(rep, "WWW-Authenticate", line);
		return err_set(e, ERR_UNAUTHORIZED, "authentication required");
	}
	if (reg.want_basic && (!given || strcmp(given, BASIC)))
		return err_set(e, ERR_UNAUTHORIZED, "authentication required");
	return 0;
}

static const char *before(struct http_request *req, struct http_reply *rep, const char *path,
			  void *daemon, struct err *e)
{
	(void)daemon;
	reg.requests++;
	if (reg.want_basic)
		http_reply_header(rep, "WWW-Authenticate", "Basic realm=\"x\"");
	return str_starts(path, "/v2/") && challenge(req, rep, e) ? NULL : path;
}

static int token(struct http_request *req, struct http_reply *rep, void *daemon, struct err *e)
{
	const char *given = http_header(req, "Authorization");

	(void)daemon;
	reg.tokens++;
	EXPECT_STR(http_query(req, "service"), "test, \"it\"");
	EXPECT_HAS(http_query(req, "scope"), "repository:library/img:pull");
	if (given && strcmp(given, BASIC))
		return err_set(e, ERR_UNAUTHORIZED, "wrong password");
	http_reply_json(rep, 200, json_pack("{s:s}", "access_token", "good-token"));
	return 0;
}

static int manifest(struct http_request *req, struct http_reply *rep, void *daemon, struct err *e)
{
	struct thing *t = find(http_param(req, "ref"));

	(void)daemon;
	if (!t)
		return err_set(e, ERR_NOT_FOUND, "manifest unknown");
	EXPECT_HAS(http_header(req, "Accept"), "application/vnd.");
	http_reply_bytes(rep, 200, t->type, t->data, t->size);
	return 0;
}

static void half(struct http_writer *w, void *arg)
{
	struct thing *t = arg;
	struct err e;

	http_write(w, t->data, t->size / 2, &e);
}

static void half_and_wait(struct http_writer *w, void *arg)
{
	half(w, arg);
	sleep(6);
}

static void send_blob(struct http_request *req, struct http_reply *rep, const struct thing *t)
{
	const char *range = http_header(req, "Range");
	uint64_t start = range && !reg.ignore_range ? strtoull(range + strlen("bytes="), NULL, 10) : 0;
	int fd = memfd_create("blob", MFD_CLOEXEC);
	char line[64];

	io_write_full(fd, t->data, t->size);
	if (!strcmp(reg.corrupt, t->name)) {
		(void)!pwrite(fd, "!", 1, (off_t)t->size / 2);
		if (reg.corrupt_left && !--reg.corrupt_left)
			reg.corrupt[0] = '\0';
	}
	if (range)
		reg.ranges++;
	if (start) {
		snprintf(line, sizeof(line), "bytes %d-%zu/%zu", (int)start, t->size - 1, t->size);
		http_reply_header(rep, "Content-Range", line);
	}
	http_reply_fd(rep, start ? 206 : 200, "application/octet-stream", fd, start, t->size - start);
}

static int blob(struct http_request *req, struct http_reply *rep, void *daemon, struct err *e)
{
	struct thing *t = find(http_param(req, "digest"));
	char url[300];

	(void)daemon;
	reg.blobs++;
	if (!t)
		return err_set(e, ERR_NOT_FOUND, "blob unknown");
	if (reg.fail_count > 0) {
		reg.fail_count--;
		http_reply_header(rep, "Retry-After", "1");
		http_reply_empty(rep, reg.fail_status);
	} else if (reg.redirect) {
		snprintf(url, sizeof(url), "%s/store/%s?signature=1", reg.store_url, t->name);
		http_reply_header(rep, "Location", url);
		http_reply_empty(rep, 307);
	} else if (reg.cut_count > 0) {
		reg.cut_count--;
		http_reply_stream(rep, 200, "application/octet-stream", half, t, NULL);
	} else if (reg.stall && t->size > 100000) {
		http_reply_stream(rep, 200, "application/octet-stream", half_and_wait, t, NULL);
	} else {
		send_blob(req, rep, t);
	}
	return 0;
}

/* Another origin: a token that arrives here has leaked. */
static int stored(struct http_request *req, struct http_reply *rep, void *daemon, struct err *e)
{
	struct thing *t = find(http_param(req, "digest"));

	(void)daemon, (void)e;
	if (http_header(req, "Authorization"))
		reg.leaks++;
	send_blob(req, rep, t);
	return 0;
}

/* Uploads: in one piece, verified by the content's name. */
static int start_upload(struct http_request *req, struct http_reply *rep, void *daemon, struct err *e)
{
	(void)req, (void)daemon, (void)e;
	http_reply_header(rep, "Location", "/v2/library/img/blobs/uploads/7?state=x");
	http_reply_empty(rep, 202);
	return 0;
}

static int finish_upload(struct http_request *req, struct http_reply *rep, void *daemon, struct err *e)
{
	size_t n;
	const char *data = http_body(req, &n);

	(void)daemon;
	EXPECT_STR(http_query(req, "state"), "x");
	if (strcmp(serve(data, n, "", NULL), http_query(req, "digest")))
		return err_set(e, ERR_INVALID, "digest mismatch");
	http_reply_empty(rep, 201);
	return 0;
}

static int put_manifest(struct http_request *req, struct http_reply *rep, void *daemon, struct err *e)
{
	size_t n;
	const char *data = http_body(req, &n);

	(void)daemon, (void)e;
	serve(data, n, http_header(req, "Content-Type"), http_param(req, "ref"));
	http_reply_empty(rep, 201);
	return 0;
}

static void on_error(struct http_request *req, struct http_reply *rep, const struct err *e)
{
	(void)req;
	http_reply_json(rep, http_status_of(e->kind),
			json_pack("{s:[{s:s,s:s}]}", "errors", "code", "X", "message", e->msg));
}

static const struct http_route routes[] = {
	{ "GET", "/token", token, NULL },
	{ "GET", "/v2/{name...}/manifests/{ref}", manifest, NULL },
	{ "PUT", "/v2/{name...}/manifests/{ref}", put_manifest, NULL },
	{ "POST", "/v2/{name...}/blobs/uploads/", start_upload, NULL },
	{ "PUT", "/v2/{name...}/blobs/uploads/{id}", finish_upload, NULL },
	{ "GET", "/v2/{name...}/blobs/{digest}", blob, NULL },
	{ "GET", "/store/{digest}", stored, NULL },
	{ NULL, NULL, NULL, NULL },
};

static const struct http_options options = { .routes = routes, .error = on_error, .before = before };

/* --- the stores, and a pull into them --------------------------------------------------------- */

static char *dir;
static struct content *content;
static struct ctrd_snapshots *snapshots;
static struct ctrd_images *images;
static struct strbuf events;
static const char *mirrors[4];

static void begin(const char *size)
{
	char path[256];

	memset(&reg, 0, sizeof(reg));
	reg.server = http_serve_tcp("127.0.0.1:0", &options, &err);
	reg.store = http_serve_tcp("127.0.0.1:0", &options, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(reg.server);
	CU_ASSERT_PTR_NOT_NULL_FATAL(reg.store);
	snprintf(reg.host, sizeof(reg.host), "127.0.0.1:%d", http_server_port(reg.server));
	snprintf(reg.store_url, sizeof(reg.store_url), "http://127.0.0.1:%d",
		 http_server_port(reg.store));
	memset(mirrors, 0, sizeof(mirrors));
	dir = tmp_new(size);
	snprintf(path, sizeof(path), "%s/content", dir);
	content = content_open(path, &err);
	snprintf(path, sizeof(path), "%s/snapshots", dir);
	snapshots = ctrd_snapshots_open(path, &err);
	snprintf(path, sizeof(path), "%s/images", dir);
	images = ctrd_images_open(path, content, snapshots, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(images);
}

static void end(void)
{
	http_server_stop(reg.server);
	http_server_stop(reg.store);
	for (size_t i = 0; i < reg.n; i++)
		free(reg.things[i].data);
	ctrd_images_close(images);
	ctrd_snapshots_close(snapshots);
	content_close(content);
	tmp_free(dir);
	strbuf_free(&events);
}

static int note(void *arg, json_t *event)
{
	AUTO_FREE char *text = jsonx_text(event);

	(void)arg;
	strbuf_addf(&events, "%s\n", text);
	return 0;
}

static struct ctrd_transfer request(const char *ref)
{
	return (struct ctrd_transfer){ .ns = "default", .ref = ref, .mirrors = mirrors,
				       .platform = "linux/amd64", .progress = note };
}

/* Pull "<registry>/library/img:<tag>". */
static int pull(const char *tag)
{
	AUTO_FREE char *ref = xasprintf("%s/library/img:%s", reg.host, tag);
	struct ctrd_transfer t = request(ref);
	AUTO_JSON json_t *done = ctrd_pull(images, &t, &err);

	return done ? 0 : -1;
}

static json_t *resolve(const char *tag)
{
	AUTO_FREE char *name = xasprintf("%s/library/img:%s", reg.host, tag);

	return ctrd_image_resolve(images, "default", name, "linux/amd64", &err);
}

static size_t below(const char *sub)
{
	AUTO_FREE char *path = xasprintf("%s/%s", dir, sub);

	return count_below(path);
}

/* Nothing of a failed pull is left. */
static void expect_clean(void)
{
	EXPECT_INT((long long)below("content/blobs/sha256"), 0);
	EXPECT_INT((long long)below("content/ingest"), 0);
	EXPECT_INT((long long)below("snapshots"), 0);
	EXPECT_INT((long long)below("images/default"), 0);
}

/* --- images to pull ------------------------------------------------------------------------------ */

static json_t *descriptor(const char *type, const char *digest, size_t size)
{
	return json_pack("{s:s,s:s,s:I}", "mediaType", type, "digest", digest, "size",
			 (json_int_t)size);
}

/* A layer with `n` files of `size` bytes that do not compress; to the layers and diff IDs. */
static void add_layer(json_t *layers, json_t *ids, const char *prefix, int n, size_t size)
{
	AUTO_STRBUF struct strbuf tar = STRBUF_INIT, zipped = STRBUF_INIT;
	AUTO_FREE char *data = xmalloc(size);
	char digest[DIGEST_SIZE], name[64];
	unsigned seed = (unsigned)*prefix;

	for (int i = 0; i < n; i++) {
		for (size_t k = 0; k < size; k++) {
			seed = seed * 1103515245 + 12345;
			data[k] = (char)(seed >> 16);
		}
		snprintf(name, sizeof(name), "%s%d", prefix, i);
		tar_add(&tar, &(struct tar_file){ .name = name, .type = '0', .data = data,
						  .size = size });
	}
	tar_end(&tar);
	digest_of(tar.data, tar.len, digest);
	json_array_append_new(ids, json_string(digest));
	gzip_to(&zipped, tar.data, tar.len);
	json_array_append_new(layers, descriptor(GZIP_LAYER, serve(zipped.data, zipped.len, "", NULL),
						 zipped.len));
}

/* Serve a manifest for these layers; its descriptor. */
static json_t *serve_image(json_t *layers, json_t *ids, const char *type, const char *tag)
{
	AUTO_JSON json_t *config = json_pack("{s:s,s:s,s:{s:s,s:O}}", "os", "linux", "architecture",
					     "amd64", "rootfs", "type", "layers", "diff_ids", ids);
	AUTO_FREE char *config_text = jsonx_text(config), *text = NULL;
	AUTO_JSON json_t *doc = NULL;

	doc = json_pack("{s:i,s:s,s:o,s:O}", "schemaVersion", 2, "mediaType", type, "config",
			descriptor("application/vnd.oci.image.config.v1+json",
				   serve(config_text, strlen(config_text), "", NULL),
				   strlen(config_text)),
			"layers", layers);
	text = jsonx_text(doc);
	return descriptor(type, serve(text, strlen(text), type, tag), strlen(text));
}

/* An image of three layers, one of them twice. */
static void serve_default(const char *tag)
{
	AUTO_JSON json_t *layers = json_array();
	AUTO_JSON json_t *ids = json_array();

	add_layer(layers, ids, "a", 3, 20000);
	add_layer(layers, ids, "b", 2, 20000);
	json_array_append(layers, json_array_get(layers, 0));
	json_array_append(ids, json_array_get(ids, 0));
	json_decref(serve_image(layers, ids, MANIFEST, tag));
}

/* One layer, of more than the pipeline's rings hold. */
static void serve_big(const char *tag)
{
	AUTO_JSON json_t *layers = json_array();
	AUTO_JSON json_t *ids = json_array();

	add_layer(layers, ids, "a", 40, 100000);
	json_decref(serve_image(layers, ids, MANIFEST, tag));
}

static const char *layer_digest(size_t i)
{
	static char digest[DIGEST_SIZE];
	AUTO_JSON json_t *doc = jsonx_parse(find("latest")->data, find("latest")->size, "", &err);

	strcpy(digest, jsonx_str(json_array_get(json_object_get(doc, "layers"), i), "digest", ""));
	return digest;
}

/* --- tests -------------------------------------------------------------------------------------------- */

static void test_pull(void)
{
	AUTO_JSON json_t *image = NULL;
	struct ctrd_usage u;

	begin("16m");
	serve_default("latest");
	EXPECT_OK(pull("latest"));
	EXPECT_HAS(events.data, "\"status\":\"resolved\"");
	EXPECT_HAS(events.data, "\"status\":\"waiting\"");
	EXPECT_HAS(events.data, "\"status\":\"extracting\"");
	EXPECT_HAS(events.data, "\"status\":\"complete\"");
	EXPECT_HAS(events.data, "\"status\":\"done\"");
	EXPECT_HAS(events.data, "\"new\":true");
	image = resolve("latest");
	CU_ASSERT_PTR_NOT_NULL_FATAL(image);
	CU_ASSERT_TRUE(jsonx_bool(image, "unpacked", false));
	EXPECT_OK(ctrd_snapshot_chain_usage(snapshots, jsonx_str(image, "chainID", ""), &u, &err));
	EXPECT_INT((long long)u.inodes, 3 + 3 + 2 + 3); /* three roots, eight files */
	EXPECT_INT(reg.blobs, 3); /* config and two layers: the third is the first again */
	strbuf_clear(&events);
	EXPECT_OK(pull("latest"));
	EXPECT_INT(reg.blobs, 3);
	EXPECT_HAS(events.data, "\"status\":\"exists\"");
	EXPECT_HAS(events.data, "\"new\":false");
	end();
}

static void test_platform(void)
{
	AUTO_JSON json_t *layers = json_array();
	AUTO_JSON json_t *ids = json_array();
	AUTO_JSON json_t *index = NULL;
	AUTO_JSON json_t *image = NULL;
	AUTO_FREE char *text = NULL;
	json_t *entry;

	begin("16m");
	add_layer(layers, ids, "a", 1, 10);
	entry = serve_image(layers, ids, DOCKER_MANIFEST, NULL);
	json_object_set_new(entry, "platform", json_pack("{s:s,s:s}", "os", "linux", "architecture",
							 "amd64"));
	index = json_pack("{s:i,s:s,s:[{s:s,s:s,s:i,s:{s:s,s:s}},o]}", "schemaVersion", 2, "mediaType",
			  INDEX, "manifests", "mediaType", MANIFEST, "digest",
			  jsonx_str(entry, "digest", ""), "size", 1, "platform", "os", "linux",
			  "architecture", "s390x", entry);
	text = jsonx_text(index);
	serve(text, strlen(text), INDEX, "multi");
	EXPECT_OK(pull("multi"));
	image = resolve("multi");
	EXPECT_STR(jsonx_str(json_object_get(image, "manifestDescriptor"), "mediaType", ""),
		   DOCKER_MANIFEST);
	EXPECT_STR(jsonx_str(json_object_get(image, "target"), "mediaType", ""), INDEX);
	{
		AUTO_FREE char *ref = xasprintf("%s/library/img:multi", reg.host);
		struct ctrd_transfer t = request(ref);

		t.platform = "linux/riscv64";
		CU_ASSERT_PTR_NULL(ctrd_pull(images, &t, &err));
		EXPECT_INT(err.kind, ERR_NOT_FOUND);
		EXPECT_HAS(err.msg, "linux/riscv64");
	}
	end();
}

static void test_scores(void)
{
	static const struct { const char *want, *arch, *variant; bool fits; } rows[] = {
		{ "linux/amd64", "amd64", "", true },     { "linux/amd64", "arm64", "", false },
		{ "linux/arm64", "arm64", "v8", true },   { "linux/aarch64", "arm64", "", true },
		{ "linux/arm/v7", "arm", "v6", true },    { "linux/arm/v6", "arm", "v7", false },
		{ "windows/amd64", "amd64", "", false },  { "linux/x86_64", "amd64", "", true },
		{ "linux/amd64", "amd64", "v3", false },  { "amd64", "amd64", "", true },
		{ "linux/amd64/v3", "amd64", "v2", true }, { "linux/amd64/v1", "amd64", "", true },
		{ "linux/arm64/v8", "arm64", "", true },  { "linux/arm64", "arm64", "v9", false },
		{ "linux/arm64", "arm", "v7", true },     { "linux/amd64", "386", "", true },
		{ "linux/386", "amd64", "", false },      { "linux/arm/v6", "arm", "", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO_JSON json_t *have = json_pack("{s:s,s:s,s:s}", "os", "linux", "architecture",
						   rows[i].arch, "variant", rows[i].variant);
		struct ctrd_platform p;

		EXPECT_OK(ctrd_platform_parse(rows[i].want, &p, &err));
		EXPECT_INT(ctrd_platform_score(&p, have) > 0, rows[i].fits);
	}
}

/* Of several that would do, the nearest: real containerd's order (its package platforms). */
static void test_preferences(void)
{
	static const struct { const char *want, *best, *next; } rows[] = {
		{ "linux/arm/v7", "arm/v7", "arm/v6" },     { "linux/arm/v7", "arm/v6", "arm/v5" },
		{ "linux/amd64", "amd64", "386" },          { "linux/amd64/v3", "amd64/v2", "amd64" },
		{ "linux/amd64/v2", "amd64", "386" },       { "linux/arm64", "arm64/v8", "arm/v7" },
		{ "linux/arm64", "arm/v7", "arm/v6" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int score[2];
		struct ctrd_platform p;

		EXPECT_OK(ctrd_platform_parse(rows[i].want, &p, &err));
		for (int k = 0; k < 2; k++) {
			AUTO_FREE char *text = xstrdup(k ? rows[i].next : rows[i].best);
			char *slash = strchr(text, '/');
			AUTO_JSON json_t *have = NULL;

			if (slash)
				*slash++ = '\0';
			have = json_pack("{s:s,s:s,s:s}", "os", "linux", "architecture", text,
					 "variant", slash ? slash : "");
			score[k] = ctrd_platform_score(&p, have);
		}
		CU_ASSERT_TRUE(score[1] > 0 && score[0] > score[1]);
	}
}

static void test_token(void)
{
	begin("16m");
	reg.want_token = reg.redirect = true;
	serve_default("latest");
	EXPECT_OK(pull("latest"));
	EXPECT_INT(reg.tokens, 1);  /* asked for once, used by all requests */
	EXPECT_INT(reg.leaks, 0);   /* and not shown to whom blobs were redirected */
	end();
}

static void test_credentials(void)
{
	AUTO_FREE char *ref = NULL;
	struct ctrd_transfer t;
	json_t *done;

	for (int token_too = 0; token_too < 2; token_too++) {
		begin("16m");
		reg.want_basic = !token_too;
		reg.want_token = token_too;
		serve_default("latest");
		free(steal_ptr(&ref));
		ref = xasprintf("%s/library/img", reg.host);
		t = request(ref);
		t.credentials.username = "user";
		t.credentials.password = "wrong";
		CU_ASSERT_PTR_NULL(ctrd_pull(images, &t, &err));
		EXPECT_INT(err.kind, ERR_UNAUTHORIZED);
		t.credentials.password = "pass word";
		done = ctrd_pull(images, &t, &err);
		CU_ASSERT_PTR_NOT_NULL(done);
		json_decref(done);
		end();
	}
	begin("16m");
	reg.want_basic = true;
	serve_default("latest");
	EXPECT_INT(pull("latest"), -1);
	EXPECT_INT(err.kind, ERR_UNAUTHORIZED);
	expect_clean();
	end();
}

static void test_broken_connections(void)
{
	begin("16m");
	serve_default("latest");
	reg.cut_count = 3;
	EXPECT_OK(pull("latest"));
	CU_ASSERT_TRUE(reg.ranges >= 1); /* taken up where it broke */
	end();
	begin("16m");
	serve_default("latest");
	reg.cut_count = 3;
	reg.ignore_range = true;
	EXPECT_OK(pull("latest"));
	end();
	for (int ignore = 0; ignore < 2; ignore++) { /* while half of it is unpacked already */
		begin("32m");
		serve_big("latest");
		reg.cut_count = 2;
		reg.ignore_range = ignore;
		EXPECT_OK(pull("latest"));
		CU_ASSERT_TRUE(reg.ranges >= 1);
		EXPECT_INT((long long)below("snapshots"), 4 + 40);
		end();
	}
	begin("16m");
	serve_default("latest");
	reg.fail_status = 429;
	reg.fail_count = 1;
	EXPECT_OK(pull("latest"));
	end();
}

static void test_wrong_bytes(void)
{
	begin("16m");
	serve_default("latest");
	strcpy(reg.corrupt, layer_digest(1));
	EXPECT_INT(pull("latest"), -1);
	EXPECT_INT(err.kind, ERR_CORRUPT);
	EXPECT_HAS(err.msg, "digest");
	expect_clean();
	end();

	begin("16m"); /* the layer is what the manifest says, but not what the config says */
	{
		AUTO_JSON json_t *layers = json_array();
		AUTO_JSON json_t *ids = json_array();

		add_layer(layers, ids, "a", 1, 10);
		json_array_set_new(ids, 0, json_string("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41"
						       "e4649b934ca495991b7852b855"));
		json_decref(serve_image(layers, ids, MANIFEST, "latest"));
	}
	EXPECT_INT(pull("latest"), -1);
	EXPECT_INT(err.kind, ERR_CORRUPT);
	EXPECT_HAS(err.msg, "diff ID");
	expect_clean();
	end();

	begin("16m"); /* a size that is not the blob's: also where it is here, and needs not be fetched */
	{
		AUTO_JSON json_t *layers = json_array();
		AUTO_JSON json_t *ids = json_array();

		add_layer(layers, ids, "a", 1, 10);
		json_decref(serve_image(layers, ids, MANIFEST, "latest"));
		EXPECT_OK(pull("latest"));
		json_object_set_new(json_array_get(layers, 0), "size", json_integer(17));
		json_decref(serve_image(layers, ids, MANIFEST, "lies"));
		EXPECT_INT(pull("lies"), -1);
		EXPECT_INT(err.kind, ERR_CORRUPT);
		EXPECT_HAS(err.msg, "instead of 17");
	}
	end();

	begin("16m"); /* a manifest that is no manifest */
	serve("{\"schemaVersion\":2,\"layers\":[{}]}", 33, MANIFEST, "latest");
	EXPECT_INT(pull("latest"), -1);
	EXPECT_INT(err.kind, ERR_INVALID);
	expect_clean();
	end();

	begin("16m");
	EXPECT_INT(pull("none"), -1);
	EXPECT_INT(err.kind, ERR_NOT_FOUND);
	EXPECT_HAS(err.msg, "manifest unknown");
	expect_clean();
	end();
}

static void test_full_disk(void)
{
	begin("160k"); /* the blobs fit, the files do not */
	serve_default("latest");
	EXPECT_INT(pull("latest"), -1);
	EXPECT_INT(err.kind, ERR_NO_SPACE);
	expect_clean();
	end();
}

static int leave(void *arg, json_t *event)
{
	(void)arg;
	return !strcmp(jsonx_str(event, "status", ""), "extracting");
}

static void test_listener_leaves(void)
{
	AUTO_FREE char *ref = NULL;
	struct ctrd_transfer t;

	begin("16m");
	serve_default("latest");
	ref = xasprintf("%s/library/img", reg.host);
	t = request(ref);
	t.progress = leave;
	CU_ASSERT_PTR_NULL(ctrd_pull(images, &t, &err));
	EXPECT_INT(err.kind, ERR_CANCELLED);
	EXPECT_INT((long long)below("snapshots"), 0); /* blobs may stay: they are whole */
	EXPECT_INT((long long)below("images/default"), 0);
	EXPECT_OK(pull("latest"));
	end();
}

static void test_mirrors(void)
{
	AUTO_FREE char *mirror = NULL;
	struct ctrd_transfer t = request("img");
	AUTO_JSON json_t *done = NULL;

	begin("16m");
	serve_default("latest");
	mirror = xasprintf("http://%s", reg.host);
	mirrors[0] = "http://127.0.0.1:1"; /* nobody there */
	mirrors[1] = mirror;
	done = ctrd_pull(images, &t, &err);
	CU_ASSERT_PTR_NOT_NULL(done);
	EXPECT_STR(jsonx_str(done, "name", ""), "docker.io/library/img:latest");
	reg.requests = 0;
	t.ref = "127.0.0.1:1/other/img"; /* a mirror of Docker Hub mirrors nothing else */
	CU_ASSERT_PTR_NULL(ctrd_pull(images, &t, &err));
	EXPECT_INT(err.kind, ERR_UNAVAILABLE);
	EXPECT_INT(reg.requests, 0);
	end();
}

/* What one source sends wrong, in the middle of being unpacked, the next one sends right. */
static void test_wrong_mirror(void)
{
	AUTO_FREE char *mirror = NULL;
	struct ctrd_transfer t = request("img");
	AUTO_JSON json_t *done = NULL;

	begin("32m");
	serve_big("latest");
	strcpy(reg.corrupt, layer_digest(0));
	reg.corrupt_left = 1;
	mirror = xasprintf("http://%s", reg.host);
	mirrors[0] = mirrors[1] = mirror;
	done = ctrd_pull(images, &t, &err);
	CU_ASSERT_PTR_NOT_NULL(done);
	EXPECT_INT((long long)below("snapshots"), 4 + 40); /* one: nothing is left of the first try */
	end();
}

/* A layer that cannot be unpacked ends the pull although its registry has stopped sending. */
static void test_failure_while_stalled(void)
{
	AUTO_JSON json_t *layers = json_array();
	AUTO_JSON json_t *ids = json_array();
	AUTO_FREE char *data = xmalloc(1 << 20);
	time_t before = time(NULL);

	begin("32m");
	memset(data, 'x', 1 << 20); /* no archive */
	json_array_append_new(ids, json_string("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41"
					       "e4649b934ca495991b7852b855"));
	json_array_append_new(layers, descriptor(GZIP_LAYER, serve(data, 1 << 20, "", NULL), 1 << 20));
	json_decref(serve_image(layers, ids, MANIFEST, "latest"));
	reg.stall = true;
	EXPECT_INT(pull("latest"), -1);
	EXPECT_INT(err.kind, ERR_CORRUPT);
	EXPECT_HAS(err.msg, "checksum");
	CU_ASSERT_TRUE(time(NULL) - before < 5); /* the patience for a silent registry is 30 s */
	expect_clean();
	end();
}

static void test_plain_http(void)
{
	static const char *const insecure[] = { "registry.test:5000", NULL };
	struct ctrd_registry_options o = { .url = "http://registry.test:5000", .repository = "a",
					   .actions = "pull" };
	struct ctrd_registry *r;

	CU_ASSERT_PTR_NULL(ctrd_registry_new(&o, &err));
	EXPECT_INT(err.kind, ERR_PERMISSION);
	o.insecure = insecure;
	r = ctrd_registry_new(&o, &err);
	CU_ASSERT_PTR_NOT_NULL(r);
	ctrd_registry_free(r);
	o.insecure = NULL;
	o.url = "http://127.evil.test";
	CU_ASSERT_PTR_NULL(ctrd_registry_new(&o, &err));
	o.url = "http://[::1]:5000/";
	r = ctrd_registry_new(&o, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	EXPECT_STR(ctrd_registry_host(r), "[::1]:5000");
	ctrd_registry_free(r);
}

static void test_garbage(void)
{
	AUTO_FREE char *name = NULL, *second = NULL;
	AUTO_JSON json_t *image = NULL;
	size_t blobs, trees;

	begin("16m");
	serve_default("latest");
	EXPECT_OK(pull("latest"));
	blobs = below("content/blobs/sha256");
	trees = below("snapshots");
	name = xasprintf("%s/library/img:latest", reg.host);
	second = xasprintf("%s/library/img:second", reg.host);
	image = ctrd_image_get(images, "default", name, &err);
	EXPECT_OK(ctrd_image_put(images, "other", second, json_object_get(image, "target"), NULL,
				 NULL, &err));
	EXPECT_OK(content_write(content, "loose", 5, NULL, NULL, &err));
	EXPECT_OK(ctrd_image_delete(images, "default", name, &err));
	EXPECT_INT((long long)below("content/blobs/sha256"), (long long)blobs); /* still named */
	EXPECT_INT((long long)below("snapshots"), (long long)trees);
	{ /* a container keeps its layers, work in progress keeps everything */
		AUTO_JSON json_t *resolved = ctrd_image_resolve(images, "other", second,
								"linux/amd64", &err);

		EXPECT_OK(ctrd_snapshot_prepare(snapshots, "c1", jsonx_str(resolved, "chainID", ""),
						CTRD_ACTIVE, &err));
	}
	ctrd_images_lease(images);
	EXPECT_OK(ctrd_image_delete(images, "other", second, &err));
	EXPECT_INT((long long)below("content/blobs/sha256"), (long long)blobs);
	ctrd_images_release(images);
	EXPECT_INT((long long)below("content/blobs/sha256"), 0);
	CU_ASSERT_TRUE(below("snapshots") > trees);
	EXPECT_OK(ctrd_snapshot_remove(snapshots, "c1", &err));
	EXPECT_OK(ctrd_images_gc(images, &err));
	EXPECT_INT((long long)below("snapshots"), 0);
	{ /* a pinned blob outlives a collection */
		char digest[DIGEST_SIZE];

		EXPECT_OK(content_write(content, "pinned", 6, NULL, digest, &err));
		ctrd_images_pin(images, digest);
		EXPECT_OK(ctrd_images_gc(images, &err));
		CU_ASSERT_TRUE(content_has(content, digest, NULL));
	}
	end();
}

static void test_names(void)
{
	char digest[DIGEST_SIZE];
	AUTO_JSON json_t *target = NULL;
	AUTO_JSON json_t *gone = NULL;
	AUTO_JSON json_t *image = NULL;
	bool created;

	begin("1m");
	EXPECT_OK(content_write(content, "x", 1, NULL, digest, &err));
	target = descriptor(MANIFEST, digest, 1);
	gone = descriptor(MANIFEST, "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b"
				    "7852b855", 1);
	EXPECT_INT(ctrd_image_put(images, "default", "a", gone, NULL, NULL, &err), -1);
	EXPECT_INT(err.kind, ERR_NOT_FOUND);
	EXPECT_OK(ctrd_image_put(images, "default", "../../x", target, NULL, &created, &err));
	CU_ASSERT_TRUE(created); /* a name is no path */
	EXPECT_OK(ctrd_image_put(images, "default", "../../x", target, NULL, &created, &err));
	CU_ASSERT_FALSE(created);
	EXPECT_INT((long long)below("images"), 2);
	EXPECT_INT(ctrd_image_put(images, "../evil", "a", target, NULL, NULL, &err), -1);
	EXPECT_INT(err.kind, ERR_INVALID);
	EXPECT_INT(ctrd_image_put(images, "default", "a b", target, NULL, NULL, &err), -1);
	CU_ASSERT_PTR_NULL(ctrd_image_get(images, "other", "../../x", &err));
	EXPECT_INT(err.kind, ERR_NOT_FOUND);
	image = ctrd_image_get(images, "default", "../../x", &err);
	EXPECT_STR(jsonx_str(image, "name", ""), "../../x");
	end();
}

static void test_push(void)
{
	AUTO_FREE char *name = NULL;
	struct ctrd_transfer t;
	json_t *done;

	begin("16m");
	serve_default("latest");
	EXPECT_OK(pull("latest"));
	{
		AUTO_FREE char *old = xasprintf("%s/library/img:latest", reg.host);
		AUTO_JSON json_t *image = ctrd_image_get(images, "default", old, &err);

		name = xasprintf("%s/library/img:pushed", reg.host);
		EXPECT_OK(ctrd_image_put(images, "default", name, json_object_get(image, "target"),
					 NULL, NULL, &err));
	}
	for (size_t i = 0; i < reg.n; i++)
		free(reg.things[i].data);
	reg.n = 0; /* a registry that has nothing */
	reg.want_token = true;
	t = request(name);
	done = ctrd_push(images, &t, &err);
	if (!done)
		EXPECT_OK(-1);
	json_decref(done);
	CU_ASSERT_PTR_NOT_NULL_FATAL(find("pushed"));
	EXPECT_STR(find("pushed")->type, MANIFEST);
	{ /* under a name that the store does not have */
		AUTO_FREE char *other = xasprintf("%s/library/other:1", reg.host);
		struct ctrd_transfer elsewhere = request(other);

		reg.want_token = false;
		elsewhere.image = name;
		done = ctrd_push(images, &elsewhere, &err);
		if (!done)
			EXPECT_OK(-1);
		EXPECT_STR(jsonx_str(done, "name", ""), other);
		json_decref(done);
	}
	CU_ASSERT_PTR_NOT_NULL(find("1"));
	EXPECT_OK(ctrd_image_delete(images, "default", name, &err));
	{
		AUTO_FREE char *old = xasprintf("%s/library/img:latest", reg.host);

		EXPECT_OK(ctrd_image_delete(images, "default", old, &err));
	}
	expect_clean();
	EXPECT_OK(pull("pushed")); /* what was pushed is whole */
	t.ref = "127.0.0.1:1/nobody/there";
	CU_ASSERT_PTR_NULL(ctrd_push(images, &t, &err));
	EXPECT_INT(err.kind, ERR_NOT_FOUND);
	end();
}

static void *pull_thread(void *arg)
{
	AUTO_FREE char *ref = xasprintf("%s/library/img", reg.host);
	struct ctrd_transfer t = { .ns = arg, .ref = ref, .platform = "linux/amd64" };
	struct err e;
	json_t *done = ctrd_pull(images, &t, &e);

	json_decref(done);
	return done ? NULL : "failed";
}

/* Several at once, and deletions in between: nobody's layers are taken away. */
static void test_side_by_side(void)
{
	static char names[4][4] = { "n0", "n1", "n2", "n3" };
	pthread_t threads[4];
	AUTO_FREE char *name = NULL;

	begin("16m");
	serve_default("latest");
	name = xasprintf("%s/library/img:latest", reg.host);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 4; i++)
			pthread_create(&threads[i], NULL, pull_thread, names[i]);
		for (int i = 0; i < 4; i++) {
			void *result;

			pthread_join(threads[i], &result);
			CU_ASSERT_PTR_NULL(result);
		}
		for (int i = 0; i < 4; i++) {
			AUTO_JSON json_t *image = ctrd_image_resolve(images, names[i], name,
								     "linux/amd64", &err);

			CU_ASSERT_TRUE(jsonx_bool(image, "unpacked", false));
			EXPECT_OK(ctrd_image_delete(images, names[i], name, &err));
		}
		EXPECT_INT((long long)below("content/blobs/sha256"), 0);
		EXPECT_INT((long long)below("snapshots"), 0);
	}
	end();
}

int suite_transfer(void)
{
	static const CU_TestInfo tests[] = {
		{ "an image is pulled, and pulled again", test_pull },
		{ "an index is searched for the platform", test_platform },
		{ "platforms and variants", test_scores },
		{ "the nearest platform of several", test_preferences },
		{ "a token is fetched once and not leaked", test_token },
		{ "credentials: basic, and for a token", test_credentials },
		{ "broken connections and 429 are survived", test_broken_connections },
		{ "wrong bytes leave nothing", test_wrong_bytes },
		{ "a full disk leaves nothing", test_full_disk },
		{ "a pull ends when nobody listens", test_listener_leaves },
		{ "mirrors in turn, for Docker Hub only", test_mirrors },
		{ "a mirror that sends wrong bytes is passed over", test_wrong_mirror },
		{ "a layer that is no layer ends the pull at once", test_failure_while_stalled },
		{ "plain HTTP to loopback and insecure hosts only", test_plain_http },
		{ "garbage is what nothing reaches", test_garbage },
		{ "names are not paths", test_names },
		{ "an image is pushed", test_push },
		{ "pulls side by side", test_side_by_side },
		CU_TEST_INFO_NULL,
	};

	return suite_add("transfer", tests);
}
