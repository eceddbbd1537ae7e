/*
 * passwords.c - see passwords.h. One lock guards the users, the memory of right passwords and the
 * gate; bcrypt itself runs without it.
 */
#include "passwords.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "01-kernel/base/log.h"
#include "01-kernel/base/strbuf.h"
#include "03-containerd/content.h"
#include "errors.h"
#include "lines.h"

#define HASH_LEN 60 /* "$2y$05$", 22 characters of salt, 31 of the result */
#define KEY_LEN 32
#define SLOTS 1024
#define REMEMBER_NS (300LL * 1000000000)
#define WAITING_MAX 256

struct user {
	char *name;
	char hash[HASH_LEN + 1];
};

struct users {
	struct user *v;
	size_t n;
};

/* A password that was right. */
struct slot {
	unsigned char key[KEY_LEN];
	int64_t until_ns; /* 0: empty */
};

struct reg_passwords {
	char *path;
	unsigned char secret[KEY_LEN]; /* of the keys in `slots`; dies with the process */
	unsigned busy_max;

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t left;
	struct reg_edition edition;
	struct users users;
	struct slot slots[SLOTS];
	unsigned busy, waiting;
};

/* ---- the file --------------------------------------------------------------------- */

static void users_free(struct users *users)
{
	for (size_t i = 0; i < users->n; i++)
		free(users->v[i].name);
	free(users->v);
}

static const struct user *find(const struct users *users, const char *name)
{
	for (size_t i = 0; i < users->n; i++)
		if (!strcmp(users->v[i].name, name))
			return &users->v[i];
	return NULL;
}

/* "$2y$05$" and 53 characters: what crypt(5) calls bcrypt, in the versions that have no mistakes. */
static bool is_bcrypt(const char *hash)
{
	return strlen(hash) == HASH_LEN && hash[0] == '$' && hash[1] == '2' &&
	       strchr("aby", hash[2]) && hash[3] == '$' && hash[6] == '$';
}

static int add_user(void *arg, char *line, struct err *err)
{
	struct users *users = arg;
	char *hash = strchr(line, ':');

	if (!hash || hash == line)
		return err_set(err, ERR_INVALID, "expected NAME:HASH");
	*hash++ = '\0';
	if (!is_bcrypt(hash))
		return err_set(err, ERR_INVALID, "the password of %s is not a bcrypt hash ($2y$...): "
			       "make it with htpasswd -B", line);
	if (find(users, line))
		return err_set(err, ERR_INVALID, "%s is there twice", line);
	users->v = xrealloc(users->v, (users->n + 1) * sizeof(*users->v));
	users->v[users->n].name = xstrdup(line);
	strcpy(users->v[users->n++].hash, hash);
	return 0;
}

/* Needs the lock. */
static int reload(struct reg_passwords *p, struct err *err)
{
	struct users users = { NULL, 0 };

	if (reg_lines_read(p->path, add_user, &users, err)) {
		users_free(&users);
		return -1;
	}
	users_free(&p->users);
	p->users = users;
	return 0;
}

/* Needs the lock. */
static void refresh(struct reg_passwords *p)
{
	struct err err;

	if (reg_lines_new(p->path, &p->edition) && reload(p, &err))
		log_error("the passwords stay as they were: %s", err.msg);
}

struct reg_passwords *reg_passwords_open(const char *path, struct err *err)
{
	struct reg_passwords *p = xcalloc(1, sizeof(*p));
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	p->path = xstrdup(path);
	p->busy_max = processors > 3 ? (unsigned)processors / 2 : 1;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->left, NULL);
	if (getrandom(p->secret, KEY_LEN, 0) == KEY_LEN) {
		reg_lines_new(path, &p->edition);
		if (!reload(p, err))
			return p;
	} else {
		err_sys(err, "make a random key");
	}
	reg_passwords_free(p);
	return NULL;
}

void reg_passwords_free(struct reg_passwords *p)
{
	if (!p)
		return;
	users_free(&p->users);
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->left);
	free(p->path);
	free(p);
}

/* ---- what was right before -------------------------------------------------------------- */

/* The user's hash is in it: with a new password the old one is forgotten. */
static void make_key(const struct reg_passwords *p, const struct user *user, const char *password,
		     unsigned char key[KEY_LEN])
{
	AUTO_STRBUF struct strbuf all = STRBUF_INIT;

	strbuf_add(&all, user->name, strlen(user->name) + 1);
	strbuf_add(&all, user->hash, sizeof(user->hash));
	strbuf_adds(&all, password);
	HMAC(EVP_sha256(), p->secret, KEY_LEN, (unsigned char *)all.data, all.len, key, NULL);
	OPENSSL_cleanse(all.data, all.len);
}

static struct slot *slot_of(struct reg_passwords *p, const unsigned char key[KEY_LEN])
{
	return &p->slots[(key[0] << 8 | key[1]) % SLOTS];
}

/* Needs the lock, as does the next. */
static bool remembered(struct reg_passwords *p, const unsigned char key[KEY_LEN])
{
	const struct slot *slot = slot_of(p, key);

	return !CRYPTO_memcmp(slot->key, key, KEY_LEN) && time_steady_ns() < slot->until_ns;
}

static void remember(struct reg_passwords *p, const unsigned char key[KEY_LEN])
{
	struct slot *slot = slot_of(p, key);

	memcpy(slot->key, key, KEY_LEN);
	slot->until_ns = time_steady_ns() + REMEMBER_NS;
}

/* ---- bcrypt ------------------------------------------------------------------------------ */

static bool matches(const char *password, const char *hash)
{
	struct crypt_data *data = xcalloc(1, sizeof(*data)); /* 32 KiB */
	const char *got = crypt_r(password, hash, data);
	bool same = got && strlen(got) == HASH_LEN && !CRYPTO_memcmp(got, hash, HASH_LEN);

	OPENSSL_cleanse(data, sizeof(*data));
	free(data);
	return same;
}

/* Take one of the few places; needs the lock, which waiting lets go. */
static int enter(struct reg_passwords *p, struct err *err)
{
	if (p->waiting == WAITING_MAX)
		return reg_refuse(err, REG_TOO_MANY_REQUESTS, "too many logins at a time");
	p->waiting++;
	while (p->busy == p->busy_max)
		pthread_cond_wait(&p->left, &p->lock);
	p->waiting--;
	p->busy++;
	return 0;
}

static void leave(struct reg_passwords *p)
{
	p->busy--;
	pthread_cond_signal(&p->left);
}

/* A name and a password, beside the hash that they have to fit. */
struct attempt {
	bool known;       /* there is such a user; else the hash is somebody else's */
	struct user user; /* a copy: the table may change while bcrypt runs */
	const char *password;
	unsigned char key[KEY_LEN];
};

/* Needs the lock. */
static int compute(struct reg_passwords *p, const struct attempt *a, bool *right, struct err *err)
{
	if (enter(p, err))
		return -1;
	*right = a->known && remembered(p, a->key); /* of the 128 who waited, one computed */
	if (!*right) {
		pthread_mutex_unlock(&p->lock);
		*right = matches(a->password, a->user.hash) && a->known;
		pthread_mutex_lock(&p->lock);
		if (*right)
			remember(p, a->key);
	}
	leave(p);
	return 0;
}

/* Needs the lock. Nobody is to learn from the time that it takes whether there is such a user: for
 * a stranger somebody else's hash is computed. */
static int check_locked(struct reg_passwords *p, const char *name, const char *password,
			struct err *err)
{
	const struct user *user = find(&p->users, name);
	struct attempt a = { .known = user, .password = password };
	bool right = false;

	if (!p->users.n)
		return reg_refuse(err, REG_UNAUTHORIZED, "nobody can log in: no users in %s", p->path);
	a.user = user ? *user : p->users.v[0];
	a.user.name = (char *)name;
	make_key(p, &a.user, password, a.key);
	if (a.known && remembered(p, a.key))
		return 0;
	if (compute(p, &a, &right, err))
		return -1;
	return right ? 0 : reg_refuse(err, REG_UNAUTHORIZED, "incorrect username or password");
}

int reg_password_check(struct reg_passwords *p, const char *user, const char *password,
		       struct err *err)
{
	int rc;

	pthread_mutex_lock(&p->lock);
	refresh(p);
	rc = check_locked(p, user, password, err);
	pthread_mutex_unlock(&p->lock);
	return rc;
}

bool reg_password_mark(struct reg_passwords *p, const char *name, char out[REG_PASSWORD_MARK])
{
	char digest[DIGEST_SIZE];
	const struct user *user;

	pthread_mutex_lock(&p->lock);
	refresh(p);
	user = find(&p->users, name);
	if (user)
		digest_of(user->hash, HASH_LEN, digest); /* without its salt nobody guesses back */
	pthread_mutex_unlock(&p->lock);
	if (user)
		snprintf(out, REG_PASSWORD_MARK, "%.32s", strchr(digest, ':') + 1);
	return user;
}
