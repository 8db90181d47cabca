/*
 * Which of a finding's places the formats with room for one name, and by which path whoever reads it knows the file.
 */
#include "report/format.h"

#include <string.h>

bool report_place_is_current(const struct place *place)
{
	return place->path && (place->kind == PLACE_FILE || place->kind == PLACE_INDEX);
}

const struct place *report_main_place(const struct finding *finding)
{
	const struct place *newest = NULL, *reachable = NULL, *with_path = NULL;

	for (size_t i = 0; i < finding->place_count; i++) { /* oldest first, what is there now at the end */
		const struct place *place = &finding->places[i];

		if (report_place_is_current(place))
			return place;
		newest = place;
		if (place->path && place->kind == PLACE_BLOB) {
			with_path = place;
			reachable = place->reachable ? place : reachable;
		}
	}
	return reachable ? reachable : with_path ? with_path : newest;
}

const struct place *report_origin(const struct finding *finding)
{
	for (size_t i = 0; i < finding->place_count; i++) {
		if (finding->places[i].commit[0])
			return &finding->places[i];
	}
	return NULL;
}

bool report_left_head(const struct finding *finding)
{
	bool in_git = false, reachable = false;

	for (size_t i = 0; i < finding->place_count; i++) {
		in_git |= report_place_in_git(&finding->places[i]);
		reachable |= finding->places[i].reachable;
	}
	return !finding->at_head && (finding->commits_total > 0 || (in_git && !reachable));
}

static bool is_repository(const struct target *target)
{
	return strcmp(target->kind, "git") == 0 || strcmp(target->kind, "staged") == 0 || strcmp(target->kind, "range") == 0;
}

/* A repository's history, index and files are targets of one path, one behind the other, the repository first. */
size_t report_root_of(const struct report_result *result, const struct place *place)
{
	size_t index = place->target;

	if (index >= result->target_count)
		return 0;
	while (index > 0 && result->targets[index].path && result->targets[index - 1].path &&
	       strcmp(result->targets[index - 1].path, result->targets[index].path) == 0)
		index--;
	return index;
}

/* The length of the folder that a file's path begins with, and of the "/" behind it; 0 when it is no repository. */
static size_t root_length(const struct report_result *result, const struct place *place)
{
	const struct target *target;
	size_t length;

	if (place->kind != PLACE_FILE || place->target >= result->target_count)
		return 0;
	target = &result->targets[report_root_of(result, place)];
	length = target->path && is_repository(target) ? strlen(target->path) : 0;
	while (length && target->path[length - 1] == '/')
		length--;
	if (!length || strncmp(place->path, target->path, length) != 0 || place->path[length] != '/' || !place->path[length + 1])
		return 0;
	return length + 1;
}

const char *report_root_path(const struct report_result *result, const struct place *place)
{
	const char *path = place->path;

	if (!path)
		return NULL;
	path += root_length(result, place);
	while (path[0] == '.' && path[1] == '/' && path[2])
		path += 2;
	return path;
}

void report_add_uri(struct buffer *buffer, const char *path)
{
	static const char kept[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";

	for (; *path; path++) {
		if (strchr(kept, *path))
			buffer_add_char(buffer, *path);
		else
			buffer_add_format(buffer, "%%%02X", (unsigned char)*path);
	}
}
