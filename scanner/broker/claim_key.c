#define _GNU_SOURCE
#include "broker/claim_key.h"

#include "base/memory.h"
#include "base/path.h"

#include <stdlib.h>
#include <string.h>

void claims_find_targets(struct claims *claims)
{
	const struct report_result *result = claims->result;

	claims->target_paths = memory_allocate_zeroed(result->target_count + 1, sizeof(*claims->target_paths));
	for (size_t i = 0; i < result->target_count; i++) {
		if (strcmp(result->targets[i].kind, "stdin") != 0)
			claims->target_paths[i] = path_resolve(result->targets[i].path);
	}
}

/*
 * A path as the ledger may hold it. One that holds a credential cannot be stored, and shortened it leads nowhere, so the
 * folder that can be named is stored in its place. Takes path over.
 */
static char *storable(const struct report_result *result, char *path)
{
	struct buffer masked = BUFFER_INIT;

	for (;;) {
		char *slash = strrchr(path, '/');

		buffer_clear(&masked);
		report_add_masked(&masked, result, path);
		if (strcmp(masked.bytes, path) == 0 || !slash || slash == path)
			break;
		*slash = '\0';
	}
	if (strcmp(masked.bytes, path) != 0)
		path[1] = '\0'; /* only "/" is left */
	buffer_release(&masked);
	return path;
}

/*
 * The path of a file without links and dots, so that it has one name, too: what is below a target is reached without links. The file
 * system is not asked about a path that the scan process told. The caller frees it; NULL when it is not known.
 */
static char *path_of_file(const struct claims *claims, const struct place *place)
{
	const char *target = claims->result->targets[place->target].path, *resolved = claims->target_paths[place->target];
	const char *below = place->path;
	size_t length = strcmp(target, ".") == 0 ? 0 : strlen(target);

	if (!resolved || !below || strncmp(below, target, length) != 0)
		return memory_copy_string(resolved);
	if (length && !below[length]) /* a name that holds a credential may be a link's, and not that of the file it leads to */
		return place->kind == PLACE_PATH ? path_resolve_folder(target) : memory_copy_string(resolved);
	if (length && target[length - 1] != '/' && below[length] != '/')
		return memory_copy_string(resolved);
	below += length;
	return memory_format("%s/%s", strcmp(resolved, "/") == 0 ? "" : resolved, below + strspn(below, "/"));
}

static struct ledger_source source_of(const struct claims *claims, const struct place *place)
{
	const struct target *target = &claims->result->targets[place->target];
	char *path = NULL;

	if (strcmp(target->kind, "stdin") == 0)
		return (struct ledger_source){ "stdin", NULL };
	if (strcmp(target->kind, "dir") == 0 || strcmp(target->kind, "file") == 0) {
		path = path_of_file(claims, place);
		return (struct ledger_source){ "file", path ? storable(claims->result, path) : NULL };
	}
	path = memory_copy_string(claims->target_paths[place->target]);
	return (struct ledger_source){ "git", path ? storable(claims->result, path) : NULL };
}

static bool same_source(const struct ledger_source *a, const struct ledger_source *b)
{
	return strcmp(a->kind, b->kind) == 0 && strcmp(a->path ? a->path : "", b->path ? b->path : "") == 0;
}

/* Where the finding stands, each file and repository once. */
static void find_sources(const struct claims *claims, const struct finding *finding, struct ledger_key *key)
{
	struct ledger_source *sources = memory_allocate_zeroed(finding->place_count + 1, sizeof(*sources));

	for (size_t i = 0; i < finding->place_count; i++) {
		struct ledger_source source = source_of(claims, &finding->places[i]);
		bool known = false;

		for (size_t j = 0; j < key->source_count && !known; j++)
			known = same_source(&sources[j], &source);
		if (known)
			free((char *)source.path);
		else
			sources[key->source_count++] = source;
	}
	key->sources = sources;
}

void claim_make_key(struct claims *claims, struct claim *claim)
{
	const struct finding *finding = claim->finding;
	struct ledger_key *key = &claim->key;
	struct buffer text = BUFFER_INIT;

	if (key->fingerprint)
		return;
	key->fingerprint = finding->fingerprint;
	key->rule = finding->rule->id;
	key->endpoint = revoke_endpoint_of(&claims->options->revoke, finding->rule);
	key->provider = finding->rule->provider;
	key->confidence = confidence_name(finding->confidence);
	report_shorten(&text, finding);
	key->secret = memory_copy_string(text.bytes);
	buffer_clear(&text);
	report_add_places(&text, claims->result, finding);
	key->places = memory_copy_string(text.bytes);
	key->places_total = finding->places_total;
	find_sources(claims, finding, key);
	buffer_release(&text);
}

void claim_release_key(struct ledger_key *key)
{
	for (size_t i = 0; i < key->source_count; i++)
		free((char *)key->sources[i].path);
	free((struct ledger_source *)key->sources);
	free((char *)key->secret);
	free((char *)key->places);
	*key = (struct ledger_key){ 0 };
}
