/*
 * The buffers of a walk, reused so that they stay in cache, and what all of them may take together.
 */
#include "git/pack_worker.h"

#include "base/memory.h"
#include "git/delta.h"

#include <stdlib.h>

#define BUFFER_SLACK (INFLATE_SLACK > DELTA_SLACK ? INFLATE_SLACK : DELTA_SLACK)
#define BUFFER_SMALLEST ((size_t)64 << 10)

/*
 * A small object may use a buffer up to this many times its size; for a smaller one yet the buffer would be
 * wasted.
 */
#define WASTE_MAX 4

bool pool_reuse(struct pool *pool, size_t size, struct walk_buffer *buffer)
{
	for (unsigned i = pool->spare_count; i-- > 0;) {
		size_t capacity = pool->spare[i].capacity;

		if (capacity < size || (capacity > BUFFER_SMALLEST && capacity / WASTE_MAX > size))
			continue;
		*buffer = pool->spare[i];
		buffer->size = size;
		pool->spare_count--;
		for (; i < pool->spare_count; i++)
			pool->spare[i] = pool->spare[i + 1];
		return true;
	}
	return false;
}

bool pool_allocate(struct pool *pool, size_t size, bool force, struct walk_buffer *buffer)
{
	size_t capacity = size + size / 8, held;

	if (capacity < BUFFER_SMALLEST)
		capacity = BUFFER_SMALLEST;
	held = atomic_fetch_add(&pool->limit->held, capacity) + capacity;
	if (held > pool->limit->limit && !(force && pool->is_over)) {
		atomic_fetch_sub(&pool->limit->held, capacity);
		if (!force)
			return false;
		pthread_mutex_lock(&pool->limit->over);
		pool->is_over = true;
		atomic_fetch_add(&pool->limit->held, capacity);
	}
	buffer->bytes = memory_allocate(capacity + BUFFER_SLACK);
	buffer->size = size;
	buffer->capacity = capacity;
	return true;
}

static void buffer_free(struct pool *pool, struct walk_buffer *buffer)
{
	free(buffer->bytes);
	atomic_fetch_sub(&pool->limit->held, buffer->capacity);
	*buffer = (struct walk_buffer){ NULL, 0, 0 };
}

/* Let another worker go beyond the limit as soon as this one does not any more. */
static void over_end(struct pool *pool)
{
	if (pool->is_over && atomic_load(&pool->limit->held) <= pool->limit->limit) {
		pool->is_over = false;
		pthread_mutex_unlock(&pool->limit->over);
	}
}

void pool_give(struct pool *pool, struct walk_buffer *buffer)
{
	if (!buffer->bytes)
		return;
	if (pool->is_over) {
		buffer_free(pool, buffer);
		over_end(pool);
		return;
	}
	if (pool->spare_count == POOL_SPARE_COUNT) {
		buffer_free(pool, &pool->spare[0]);
		pool->spare_count--;
		for (unsigned i = 0; i < pool->spare_count; i++)
			pool->spare[i] = pool->spare[i + 1];
	}
	pool->spare[pool->spare_count++] = *buffer;
	*buffer = (struct walk_buffer){ NULL, 0, 0 };
}

bool pool_trim(struct pool *pool)
{
	bool any = pool->spare_count;

	while (pool->spare_count)
		buffer_free(pool, &pool->spare[--pool->spare_count]);
	return any;
}

void pool_rest(struct pool *pool)
{
	pool_trim(pool);
	if (pool->is_over) {
		pool->is_over = false;
		pthread_mutex_unlock(&pool->limit->over);
	}
}
