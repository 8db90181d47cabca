#include "git/object_hash.h"

#include "base/memory.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

struct object_hash {
	EVP_MD *method;      /* owned: fetched once, because that takes longer than to hash a small object */
	EVP_MD_CTX *context; /* owned */
};

static const char *const kind_names[] = {
	[OBJECT_COMMIT] = "commit",
	[OBJECT_TREE] = "tree",
	[OBJECT_BLOB] = "blob",
	[OBJECT_TAG] = "tag",
};

struct object_hash *object_hash_new(void)
{
	struct object_hash *hash = memory_allocate_zeroed(1, sizeof(*hash));

	hash->method = EVP_MD_fetch(NULL, "SHA1", NULL);
	hash->context = EVP_MD_CTX_new();
	if (!hash->method || !hash->context || !EVP_DigestInit_ex2(hash->context, hash->method, NULL)) {
		object_hash_free(hash);
		return NULL;
	}
	return hash;
}

void object_hash_free(struct object_hash *hash)
{
	if (!hash)
		return;
	EVP_MD_CTX_free(hash->context);
	EVP_MD_free(hash->method);
	free(hash);
}

void object_hash_begin(struct object_hash *hash, enum object_kind kind, uint64_t size)
{
	char header[32];
	int length = snprintf(header, sizeof(header), "%s %" PRIu64, kind_names[kind], size);

	EVP_DigestInit_ex2(hash->context, NULL, NULL);
	EVP_DigestUpdate(hash->context, header, (size_t)length + 1);
}

void object_hash_add(struct object_hash *hash, const void *bytes, size_t size)
{
	EVP_DigestUpdate(hash->context, bytes, size);
}

void object_hash_finish(struct object_hash *hash, struct object_id *id)
{
	EVP_DigestFinal_ex(hash->context, id->bytes, NULL);
}

bool object_hash_bytes(const void *bytes, size_t size, struct object_id *id)
{
	return EVP_Digest(bytes, size, id->bytes, NULL, EVP_sha1(), NULL) == 1;
}
