/*
 * The id of an object, computed from its bytes: SHA-1 of "kind size", a NUL and the bytes.
 */
#ifndef STAUNCH_GIT_OBJECT_HASH_H
#define STAUNCH_GIT_OBJECT_HASH_H

#include "git/object.h"

struct object_hash;

/* One per thread. Returns NULL when libcrypto has no SHA-1. The caller owns it. NULL may be freed. */
struct object_hash *object_hash_new(void);
void object_hash_free(struct object_hash *hash);

/* Begin an object, add its bytes in one or more pieces, and read the id. */
void object_hash_begin(struct object_hash *hash, enum object_kind kind, uint64_t size);
void object_hash_add(struct object_hash *hash, const void *bytes, size_t size);
void object_hash_finish(struct object_hash *hash, struct object_id *id);

/* The SHA-1 of some bytes. Returns whether libcrypto has it. */
bool object_hash_bytes(const void *bytes, size_t size, struct object_id *id);

#endif
