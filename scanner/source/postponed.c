#include "source/postponed.h"

#include "base/memory.h"
#include "source/container_kind.h"

#include <stdlib.h>
#include <string.h>

void postponed_list_init(struct postponed_list *list)
{
	*list = (struct postponed_list){ 0 };
	pthread_mutex_init(&list->lock, NULL);
}

/* No pointer of a list is NULL but left_out. */
static void list_clear(struct postponed_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		postponed_free(list->items[i]);
	postponed_free(list->left_out);
	list->left_out = NULL;
	list->count = list->bytes = 0;
	list->is_sorted = false;
}

void postponed_list_release(struct postponed_list *list)
{
	list_clear(list);
	free(list->items);
	pthread_mutex_destroy(&list->lock);
}

void postponed_free(struct postponed *postponed)
{
	if (!postponed)
		return;
	free((char *)postponed->chunk.path);
	free((char *)postponed->chunk.author);
	free((void *)postponed->chunk.bytes);
	free(postponed);
}

static struct postponed *copy(const struct chunk *content)
{
	struct postponed *postponed = memory_allocate(sizeof(*postponed));

	postponed->chunk = *content;
	postponed->chunk.path = memory_copy_string(content->path);
	postponed->chunk.author = memory_copy_string(content->author);
	postponed->chunk.object = strcpy(postponed->object, content->object);
	postponed->chunk.commit = strcpy(postponed->commit, content->commit);
	postponed->chunk.descriptor = NULL; /* is closed by then */
	postponed->chunk.bytes = memory_copy_bytes(content->bytes, content->size);
	return postponed;
}

static size_t cost(const struct postponed *postponed)
{
	return postponed->chunk.size + POSTPONED_OVERHEAD;
}

/* The order: by what a content is called, wherever it was met. */
static int compare(const struct postponed *a, const struct postponed *b)
{
	int order = strcmp(a->object, b->object);

	if (!order && a->chunk.path && b->chunk.path)
		order = strcmp(a->chunk.path, b->chunk.path);
	if (!order)
		order = (a->chunk.size > b->chunk.size) - (a->chunk.size < b->chunk.size);
	return order ? order : memcmp(a->chunk.bytes, b->chunk.bytes, a->chunk.size);
}

static int compare_backwards(const void *a, const void *b)
{
	return compare(*(struct postponed *const *)b, *(struct postponed *const *)a);
}

static void swap(struct postponed **items, size_t a, size_t b)
{
	struct postponed *item = items[a];

	items[a] = items[b];
	items[b] = item;
}

static void heap_push(struct postponed_list *list, struct postponed *item)
{
	size_t at = list->count;

	memory_grow(list->items, list->count, list->capacity);
	list->items[list->count++] = item;
	list->bytes += cost(item);
	for (; at && compare(list->items[(at - 1) / 2], list->items[at]) < 0; at = (at - 1) / 2)
		swap(list->items, at, (at - 1) / 2);
}

static struct postponed *heap_pop(struct postponed_list *list)
{
	struct postponed *top = list->items[0];
	size_t at = 0, child;

	list->items[0] = list->items[--list->count];
	list->bytes -= cost(top);
	for (; (child = 2 * at + 1) < list->count; at = child) {
		if (child + 1 < list->count && compare(list->items[child], list->items[child + 1]) < 0)
			child++;
		if (compare(list->items[at], list->items[child]) >= 0)
			break;
		swap(list->items, at, child);
	}
	return top;
}

void postponed_tell_left(const struct postponed *postponed, const struct source_events *events)
{
	const struct chunk *chunk = &postponed->chunk;
	enum container_kind kind = container_recognise(chunk->bytes, chunk->size < CONTAINER_HEAD_SIZE ? chunk->size : CONTAINER_HEAD_SIZE);
	char *why = memory_format("%s: %s", container_type(kind)->name, POSTPONED_LEFT);

	events->incomplete(events->context, "archive-limit", chunk->object, chunk->path, why);
	free(why);
}

/* There is no room for this one, nor for any behind it in order. It is taken over. */
static void leave_out(struct postponed_list *list, const struct source_events *events, struct postponed *item)
{
	postponed_tell_left(item, events);
	if (list->left_out && compare(list->left_out, item) <= 0) {
		postponed_free(item);
		return;
	}
	postponed_free(list->left_out);
	list->left_out = item;
}

void postponed_list_add(struct postponed_list *list, const struct source_events *events, const struct chunk *content)
{
	struct postponed *item = copy(content);

	pthread_mutex_lock(&list->lock);
	if (list->left_out && compare(list->left_out, item) <= 0)
		leave_out(list, events, item);
	else
		heap_push(list, item);
	while (list->bytes > POSTPONED_BYTES_MAX)
		leave_out(list, events, heap_pop(list));
	pthread_mutex_unlock(&list->lock);
}

struct postponed *postponed_list_take(struct postponed_list *list)
{
	struct postponed *item;

	if (!list->count) {
		list_clear(list);
		return NULL;
	}
	if (!list->is_sorted)
		qsort(list->items, list->count, sizeof(*list->items), compare_backwards);
	list->is_sorted = true;
	item = list->items[--list->count];
	list->bytes -= cost(item);
	return item;
}
