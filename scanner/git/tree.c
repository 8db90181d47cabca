#include "git/tree.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

int tree_next(const unsigned char *tree, size_t size, size_t *position, struct tree_entry *entry)
{
	const unsigned char *at = tree + *position, *end = tree + size, *name, *nul;
	unsigned mode = 0;

	if (at == end)
		return 0;
	while (at < end && *at >= '0' && *at <= '7' && mode < 01000000)
		mode = mode << 3 | (unsigned)(*at++ - '0');
	if (at == end || *at != ' ' || at == tree + *position)
		return -1;
	name = at + 1;
	nul = memchr(name, 0, (size_t)(end - name));
	if (!nul || (size_t)(end - nul) < 1 + OBJECT_ID_SIZE)
		return -1;
	entry->kind = (mode & 0170000) == 0040000   ? TREE_ENTRY_TREE
		      : (mode & 0170000) == 0160000 ? TREE_ENTRY_SUBMODULE
						    : TREE_ENTRY_BLOB;
	entry->name = (const char *)name;
	entry->name_length = (size_t)(nul - name);
	entry->id = (const struct object_id *)(nul + 1);
	*position = (size_t)(nul + 1 + OBJECT_ID_SIZE - tree);
	return 1;
}

/* Bytes that a and b share at their fronts, of at most size. memcmp on blocks runs at memory speed. */
static size_t common_front(const unsigned char *a, const unsigned char *b, size_t size)
{
	size_t at = 0;

	while (at + 256 <= size && !memcmp(a + at, b + at, 256))
		at += 256;
	while (at < size && a[at] == b[at])
		at++;
	return at;
}

/* Likewise at their backs; a and b point behind the last byte. */
static size_t common_back(const unsigned char *a, const unsigned char *b, size_t size)
{
	size_t length = 0;

	while (length + 256 <= size && !memcmp(a - length - 256, b - length - 256, 256))
		length += 256;
	while (length < size && a[-(ptrdiff_t)length - 1] == b[-(ptrdiff_t)length - 1])
		length++;
	return length;
}

/* The number of starts, from first on, that are below position. */
static size_t starts_below(const struct tree_memory *memory, size_t first, size_t position)
{
	size_t low = first, high = memory->entry_count + 1;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memory->starts[middle] < position)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Tag the entries of tree from start to *end; when no entry ends at *end, on to the tree's own end, and say so there. */
static int tag_middle(struct tree_memory *memory, const unsigned char *tree, size_t size, size_t start, size_t *end,
		      tree_tag *tag, void *context)
{
	struct tree_entry entry;
	size_t at = start;

	memory->fresh_count = 0;
	while (at != *end) {
		if (at > *end) {
			*end = size;
			continue;
		}
		if (memory->fresh_count == memory->fresh_capacity) {
			memory->fresh_capacity = memory->fresh_capacity * 2 + 64;
			memory->fresh_starts = memory_resize(memory->fresh_starts, memory->fresh_capacity, sizeof(uint32_t));
			memory->fresh_tags = memory_resize(memory->fresh_tags, memory->fresh_capacity, sizeof(uint32_t));
		}
		memory->fresh_starts[memory->fresh_count] = (uint32_t)at;
		if (tree_next(tree, size, &at, &entry) != 1)
			return -1;
		memory->fresh_tags[memory->fresh_count++] = tag(context, &entry);
	}
	return 0;
}

static void reserve(struct tree_memory *memory, size_t size, size_t entry_count)
{
	if (size > memory->capacity) {
		memory->capacity = size + size / 2;
		memory->bytes = memory_resize(memory->bytes, memory->capacity, 1);
	}
	if (entry_count > memory->entry_capacity) {
		memory->entry_capacity = entry_count + entry_count / 2;
		memory->starts = memory_resize(memory->starts, memory->entry_capacity + 1, sizeof(*memory->starts));
		memory->tags = memory_resize(memory->tags, memory->entry_capacity, sizeof(*memory->tags));
	}
}

/* Make the memory hold tree: its entries before `kept` and from `tail` on are those of the last tree. */
static void remember(struct tree_memory *memory, const unsigned char *tree, size_t size, size_t kept, size_t tail)
{
	size_t fresh = memory->fresh_count, tail_count = memory->entry_count - tail, count = kept + fresh + tail_count;
	size_t start = memory->starts[kept], old_end = memory->starts[tail];
	size_t shift = size - memory->size, end = old_end + shift; /* shift wraps round when the tree is smaller */

	reserve(memory, size, count);
	memmove(memory->bytes + end, memory->bytes + old_end, memory->size - old_end);
	memcpy(memory->bytes + start, tree + start, end - start);
	memmove(memory->starts + kept + fresh, memory->starts + tail, (tail_count + 1) * sizeof(uint32_t));
	memmove(memory->tags + kept + fresh, memory->tags + tail, tail_count * sizeof(uint32_t));
	if (fresh) {
		memcpy(memory->starts + kept, memory->fresh_starts, fresh * sizeof(uint32_t));
		memcpy(memory->tags + kept, memory->fresh_tags, fresh * sizeof(uint32_t));
	}
	for (size_t i = kept + fresh; shift && i <= count; i++)
		memory->starts[i] += (uint32_t)shift;
	memory->entry_count = count;
	memory->size = size;
}

int tree_memory_next(struct tree_memory *memory, const unsigned char *tree, size_t size, tree_tag *tag, void *context)
{
	size_t smaller = size < memory->size ? size : memory->size, kept, tail, back, end;

	if (size > TREE_SIZE_MAX)
		return -1;
	if (!memory->starts) {
		reserve(memory, 4096, 128);
		memory->starts[0] = 0; /* an empty tree: its end is its only start */
	}
	/* whole entries before the first difference */
	kept = starts_below(memory, 0, common_front(tree, memory->bytes, smaller) + 1) - 1;
	/* whole entries after the last one, none of them before that */
	back = common_back(tree + size, memory->bytes + memory->size, smaller - memory->starts[kept]);
	tail = starts_below(memory, kept, memory->size - back);
	end = memory->starts[tail] + (size - memory->size);
	if (tag_middle(memory, tree, size, memory->starts[kept], &end, tag, context)) {
		memory->entry_count = memory->size = 0;
		memory->starts[0] = 0;
		return -1;
	}
	if (end == size)
		tail = memory->entry_count; /* also when the parts did not meet again on the border of an entry */
	remember(memory, tree, size, kept, tail);
	return 0;
}

void tree_memory_entry(const struct tree_memory *memory, size_t number, struct tree_entry *entry)
{
	size_t position = memory->starts[number];

	tree_next(memory->bytes, memory->size, &position, entry);
}

void tree_memory_release(struct tree_memory *memory)
{
	free(memory->bytes);
	free(memory->starts);
	free(memory->tags);
	free(memory->fresh_starts);
	free(memory->fresh_tags);
	*memory = (struct tree_memory){ 0 };
}
