/*
 * 64 open-addressed tables, each with a lock of its own, so that threads seldom wait for each other. Ids are hashes already: their
 * first byte chooses the table, the next ones the slot. Someone who makes ids collide in 8 bytes can slow his own scan down, no more.
 */
#include "git/id_table.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define SHARD_COUNT 64

struct slot {
	struct object_id id;
	uint32_t number; /* ID_NONE: free */
};

struct id_table {
	_Atomic uint32_t next;
	struct shard {
		pthread_mutex_t lock; /* guards the rest while ids are added */
		struct slot *slots;
		size_t count, capacity; /* capacity is a power of two */
	} shards[SHARD_COUNT];
};

static struct slot *slots_new(size_t capacity)
{
	struct slot *slots = memory_allocate(capacity * sizeof(*slots));

	for (size_t i = 0; i < capacity; i++)
		slots[i].number = ID_NONE;
	return slots;
}

struct id_table *id_table_new(void)
{
	struct id_table *table = memory_allocate_zeroed(1, sizeof(*table));

	for (size_t i = 0; i < SHARD_COUNT; i++) {
		pthread_mutex_init(&table->shards[i].lock, NULL);
		table->shards[i].capacity = 64;
		table->shards[i].slots = slots_new(64);
	}
	return table;
}

void id_table_free(struct id_table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < SHARD_COUNT; i++) {
		free(table->shards[i].slots);
		pthread_mutex_destroy(&table->shards[i].lock);
	}
	free(table);
}

/* The slot that holds id, or the free one where it would go. */
static struct slot *find_slot(const struct shard *shard, const struct object_id *id)
{
	uint64_t hash;
	size_t at;

	memcpy(&hash, id->bytes + 1, sizeof(hash));
	for (at = hash & (shard->capacity - 1); shard->slots[at].number != ID_NONE; at = (at + 1) & (shard->capacity - 1)) {
		if (!memcmp(&shard->slots[at].id, id, sizeof(*id)))
			break;
	}
	return &shard->slots[at];
}

static void shard_grow(struct shard *shard)
{
	struct slot *old = shard->slots;
	size_t old_capacity = shard->capacity;

	shard->capacity *= 2;
	shard->slots = slots_new(shard->capacity);
	for (size_t i = 0; i < old_capacity; i++) {
		if (old[i].number != ID_NONE)
			*find_slot(shard, &old[i].id) = old[i];
	}
	free(old);
}

uint32_t id_table_add(struct id_table *table, const struct object_id *id)
{
	struct shard *shard = &table->shards[id->bytes[0] % SHARD_COUNT];
	struct slot *slot;
	uint32_t number;

	pthread_mutex_lock(&shard->lock);
	slot = find_slot(shard, id);
	if (slot->number == ID_NONE) {
		if (shard->count >= shard->capacity / 4 * 3) {
			shard_grow(shard);
			slot = find_slot(shard, id);
		}
		slot->id = *id;
		slot->number = atomic_fetch_add_explicit(&table->next, 1, memory_order_relaxed);
		shard->count++;
	}
	number = slot->number;
	pthread_mutex_unlock(&shard->lock);
	return number;
}

uint32_t id_table_find(const struct id_table *table, const struct object_id *id)
{
	return find_slot(&table->shards[id->bytes[0] % SHARD_COUNT], id)->number;
}

uint32_t id_table_bound(const struct id_table *table)
{
	return atomic_load_explicit(&table->next, memory_order_relaxed);
}
