/*
 * Numbers for object ids: the first id gets 0, the next new one 1, and so on.
 */
#ifndef STAUNCH_GIT_ID_TABLE_H
#define STAUNCH_GIT_ID_TABLE_H

#include "git/object.h"

#include <stdint.h>

struct id_table;

#define ID_NONE UINT32_MAX

struct id_table *id_table_new(void);
void id_table_free(struct id_table *table); /* NULL is allowed */

/* The number of this id, given now if it is new. Any thread. */
uint32_t id_table_add(struct id_table *table, const struct object_id *id);

/* The number of this id, or ID_NONE. Any thread, but not while others add. */
uint32_t id_table_find(const struct id_table *table, const struct object_id *id);

/* Numbers are below this. Not while others add. */
uint32_t id_table_bound(const struct id_table *table);

#endif
