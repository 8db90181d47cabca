#include "scan/key_table.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static struct key_entry *find(const struct key_table *table, uint32_t rule, const char *fingerprint)
{
	uint64_t hash;
	size_t at;

	memcpy(&hash, fingerprint, sizeof(hash)); /* 8 hexadecimal digits of a SHA-256 */
	hash = (hash ^ rule) * 0x9e3779b97f4a7c15u;
	for (at = (hash >> 32) & (table->capacity - 1); table->entries[at].fingerprint[0];
	     at = (at + 1) & (table->capacity - 1)) {
		if (table->entries[at].rule == rule && !strcmp(table->entries[at].fingerprint, fingerprint))
			break;
	}
	return &table->entries[at];
}

static void grow(struct key_table *table)
{
	struct key_table old = *table;

	table->capacity = old.capacity ? old.capacity * 2 : 64;
	table->entries = memory_allocate_zeroed(table->capacity, sizeof(*table->entries));
	for (size_t i = 0; i < old.capacity; i++) {
		if (old.entries[i].fingerprint[0])
			*find(table, old.entries[i].rule, old.entries[i].fingerprint) = old.entries[i];
	}
	free(old.entries);
}

uint32_t key_table_add(struct key_table *table, uint32_t rule, const char fingerprint[SECRET_FINGERPRINT_SIZE],
		       bool *is_new)
{
	struct key_entry *entry;

	if (table->count * 4 >= table->capacity * 3)
		grow(table);
	entry = find(table, rule, fingerprint);
	*is_new = !entry->fingerprint[0];
	if (*is_new) {
		entry->rule = rule;
		entry->number = (uint32_t)table->count++;
		memcpy(entry->fingerprint, fingerprint, SECRET_FINGERPRINT_SIZE);
	}
	return entry->number;
}

void key_table_release(struct key_table *table)
{
	free(table->entries);
	*table = (struct key_table){ 0 };
}
