/*
 * What the next commit would add: the staged contents, not the working tree's.
 */
#include "source/changes.h"

int source_staged(const struct source_events *events, struct repository *repository, struct source_counts *counts,
		  struct error *error)
{
	struct chunk like = { .kind = PLACE_INDEX, .commit = "", .reachable = true };
	struct change_list list = { 0 };
	int result = repository_staged_changes(repository, change_list_add, &list, error);

	if (!result)
		change_list_hand_out(&list, events, repository, &like, counts);
	change_list_release(&list);
	return result;
}
