/*
 * Secrets live in slots of fixed size inside anonymous mappings marked MADV_DONTDUMP. A free slot is all zeroes but for
 * the link to the next one, so a wiped secret cannot be told from one that never was.
 */
#define _GNU_SOURCE
#include "base/secret.h"

#include "base/library.h"
#include "base/memory.h"
#include "base/sanitizer.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

struct secret {
	struct secret *next_free; /* while the slot is free */
	size_t length;
	size_t capacity; /* of bytes, without the NUL: which list the slot returns to */
	char bytes[];
};

/* Two slot sizes: nearly all credentials are short, and 10,000 of them should not cost 40 MB. */
#define SMALL_SLOT 256
#define LARGE_SLOT (SECRET_SIZE_MAX + sizeof(struct secret) + 16)
#define REGION_SIZE (1u << 16)

static pthread_mutex_t slots_lock = PTHREAD_MUTEX_INITIALIZER; /* guards both lists */
static struct secret *free_small, *free_large;

static void region_add(struct secret **list, size_t slot_size)
{
	char *region = mmap(NULL, REGION_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (region == MAP_FAILED)
		memory_resize(NULL, (size_t)-1, 2); /* ends the process with the out of memory message */
	madvise(region, REGION_SIZE, MADV_DONTDUMP);
	mlock(region, REGION_SIZE); /* refused once RLIMIT_MEMLOCK is used up; dumps stay off all the same */
	for (size_t at = 0; at + slot_size <= REGION_SIZE; at += slot_size) {
		struct secret *slot = (struct secret *)(void *)(region + at);

		slot->capacity = slot_size - sizeof(struct secret) - 1;
		slot->next_free = *list;
		*list = slot;
	}
}

struct secret *secret_new(const void *bytes, size_t length)
{
	size_t slot_size = length + sizeof(struct secret) + 1 <= SMALL_SLOT ? SMALL_SLOT : LARGE_SLOT & ~(size_t)15;
	struct secret **list = slot_size == SMALL_SLOT ? &free_small : &free_large;
	struct secret *secret;

	assert(length > 0 && length <= SECRET_SIZE_MAX);
	pthread_mutex_lock(&slots_lock);
	if (!*list)
		region_add(list, slot_size);
	secret = *list;
	*list = secret->next_free;
	pthread_mutex_unlock(&slots_lock);
	secret->next_free = NULL;
	secret->length = length;
	memcpy(secret->bytes, bytes, length);
	secret->bytes[length] = '\0';
	return secret;
}

void secret_free(struct secret *secret)
{
	struct secret **list;

	if (!secret)
		return;
	explicit_bzero(secret->bytes, secret->length);
	secret->length = 0;
	list = secret->capacity < SMALL_SLOT ? &free_small : &free_large;
	pthread_mutex_lock(&slots_lock);
	secret->next_free = *list;
	*list = secret;
	pthread_mutex_unlock(&slots_lock);
}

const char *secret_bytes(const struct secret *secret)
{
	return secret->bytes;
}

size_t secret_length(const struct secret *secret)
{
	return secret->length;
}

void secret_fingerprint(const struct secret *secret, char hex[SECRET_FINGERPRINT_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char hash[SHA256_DIGEST_LENGTH];

	SHA256((const unsigned char *)secret->bytes, secret->length, hash);
	for (size_t i = 0; i < sizeof(hash); i++) {
		hex[2 * i] = digits[hash[i] >> 4];
		hex[2 * i + 1] = digits[hash[i] & 15];
	}
	hex[2 * sizeof(hash)] = '\0';
}

void secret_protect_process(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
#ifndef BUILT_WITH_SANITIZER
	/* a core_pattern that pipes to a program ignores RLIMIT_CORE (core(5)); a process that is not dumpable has no core */
	prctl(PR_SET_DUMPABLE, 0);
#endif
}

void secret_add_libraries(struct buffer *lines)
{
	library_add_version(lines, "OpenSSL", OpenSSL_version(OPENSSL_VERSION_STRING));
}
