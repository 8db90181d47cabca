#define _GNU_SOURCE
#include "scan/path_list.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

void path_list_add(struct path_list *list, const char *path)
{
	memory_grow(list->paths, list->count, list->capacity);
	list->paths[list->count++] = memory_copy_string(path);
}

void path_list_release(struct path_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->paths[i]);
	free(list->paths);
	*list = (struct path_list){ 0 };
}

struct source_trees path_list_trees(const struct path_list *list)
{
	return (struct source_trees){ (const char *const *)list->paths, list->count };
}

bool path_list_has(const struct path_list *list, const char *path)
{
	const struct source_trees trees = path_list_trees(list);

	return source_trees_have(&trees, path);
}

bool scan_options_ask(const struct scan_options *options, enum scan_target_kind kind, const char *path)
{
	bool asked = false;

	for (size_t i = 0; i < options->target_count && !asked; i++) {
		char *real = options->targets[i].kind == kind ? realpath(options->targets[i].path, NULL) : NULL;

		asked = real && !strcmp(real, path);
		free(real);
	}
	return asked;
}
