#include "git/tree.h"

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
