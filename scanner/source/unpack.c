#define _GNU_SOURCE
#include "source/unpack.h"

#include "base/memory.h"
#include "source/postponed.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const problem_words[UNPACK_PROBLEM_COUNT] = {
	[UNPACK_LIMIT] = "archive-limit",
	[UNPACK_DAMAGED] = "archive-damaged",
	[UNPACK_ENCRYPTED] = "archive-encrypted",
	[UNPACK_UNSUPPORTED] = "archive-unsupported",
	[UNPACK_MISSING] = "missing-object",
};

/* ---- an outermost content ---- */

void unpack_begin(struct unpacker *unpacker, const struct source_events *events, unsigned worker, unsigned depth_max,
		  const struct chunk *outer)
{
	unpacker->events = events;
	unpacker->worker = worker;
	unpacker->depth_max = depth_max < UNPACK_DEPTH_MAX ? depth_max : UNPACK_DEPTH_MAX;
	unpacker->outer = *outer;
	unpacker->bytes_min = UNPACK_BYTES_MIN;
	unpacker->members_min = UNPACK_MEMBERS_MIN;
	unpacker->consumed = unpacker->expanded = unpacker->members = 0;
	unpacker->is_over = unpacker->is_too_much = unpacker->found = false;
	unpacker->chunks[0].count = unpacker->chunks[0].plain = 0;
	buffer_clear(&unpacker->path);
}

void unpack_note_chunk(struct unpacker *unpacker, unsigned level, bool is_first, enum chunk_result result)
{
	unpacker->chunks[level].count = is_first ? 1 : unpacker->chunks[level].count + 1;
	unpacker->chunks[level].plain = result == CHUNK_PLAIN ? (is_first ? 1 : unpacker->chunks[level].plain + 1) : 0;
}

bool unpack_end(struct unpacker *unpacker)
{
	for (unsigned i = 0; i < UNPACK_PROBLEM_COUNT; i++) {
		char *text = unpacker->problems[i].first, *more = NULL;

		if (unpacker->problems[i].count > 1)
			more = memory_format("%s (and %" PRIu64 " more)", text, unpacker->problems[i].count - 1);
		/* what stood there before is looked at to learn what is new, not to be scanned */
		if (text && !unpacker->outer.old)
			unpacker->events->incomplete(unpacker->events->context, problem_words[i], unpacker->outer.object,
						     unpacker->outer.path, more ? more : text);
		free(text);
		free(more);
		unpacker->problems[i].first = NULL;
		unpacker->problems[i].count = 0;
	}
	return unpacker->found;
}

void unpack_release(struct unpacker *unpacker)
{
	for (unsigned i = 0; i < UNPACK_LEVELS_MAX; i++)
		free(unpacker->windows[i]);
	for (unsigned i = 0; i <= UNPACK_LEVELS_MAX; i++)
		buffer_release(&unpacker->seams[i]);
	buffer_release(&unpacker->path);
}

/* ---- limits and problems ---- */

uint64_t unpack_allowance(const struct unpacker *unpacker)
{
	uint64_t most = unpacker->bytes_min + UNPACK_BYTES_RATIO * unpacker->consumed;

	return most > unpacker->expanded ? most - unpacker->expanded : 0;
}

static void stop_if_asked(struct unpacker *unpacker)
{
	if (*unpacker->events->stop)
		unpacker->is_over = true;
}

/* "'a.zip > b.tar': why" */
void unpack_tell(const struct unpack_place *place, enum unpack_problem problem, const char *member, const char *why)
{
	struct unpacker *unpacker = place->unpacker;
	struct buffer names = BUFFER_INIT;

	if (unpacker->problems[problem].count++)
		return;
	for (size_t i = 0; i < unpacker->path.length; i++) {
		if (unpacker->path.bytes[i] == '\n')
			buffer_add_string(&names, " > ");
		else
			buffer_add_char(&names, unpacker->path.bytes[i]);
	}
	if (member && names.length)
		buffer_add_string(&names, " > ");
	if (member)
		buffer_add_string(&names, member);
	if (names.length)
		unpacker->problems[problem].first = memory_format("'%s' (%s): %s", names.bytes, container_type(place->kind)->name, why);
	else
		unpacker->problems[problem].first = memory_format("%s: %s", container_type(place->kind)->name, why);
	buffer_release(&names);
}

void unpack_mark_problems(const struct unpacker *unpacker, uint64_t counts[UNPACK_PROBLEM_COUNT])
{
	for (unsigned i = 0; i < UNPACK_PROBLEM_COUNT; i++)
		counts[i] = unpacker->problems[i].count;
}

void unpack_forget_problems(struct unpacker *unpacker, const uint64_t counts[UNPACK_PROBLEM_COUNT])
{
	for (unsigned i = 0; i < UNPACK_PROBLEM_COUNT; i++) {
		unpacker->problems[i].count = counts[i];
		if (counts[i])
			continue;
		free(unpacker->problems[i].first);
		unpacker->problems[i].first = NULL;
	}
}

void unpack_tell_too_much(const struct unpack_place *place, const char *why)
{
	if (!place->unpacker->is_over)
		unpack_tell(place, UNPACK_LIMIT, NULL, place->unpacker->bytes_min < UNPACK_BYTES_MIN ? POSTPONED_LEFT : why);
	place->unpacker->is_over = place->unpacker->is_too_much = true;
}

bool unpack_count_bytes(struct unpacker *unpacker, uint64_t size)
{
	bool fits = size <= unpack_allowance(unpacker);

	unpacker->expanded += size;
	return fits;
}

bool unpack_count_member(const struct unpack_place *place)
{
	struct unpacker *unpacker = place->unpacker;
	uint64_t most = unpacker->members_min + unpacker->consumed / UNPACK_MEMBER_SIZE;

	stop_if_asked(unpacker);
	if (unpacker->is_over)
		return false;
	if (++unpacker->members <= most && unpacker->members <= UNPACK_MEMBERS_MAX)
		return true;
	unpack_tell_too_much(place, "it has too many members");
	return false;
}

void unpack_note_seam(const struct unpack_place *place, uint64_t offset)
{
	buffer_add(&place->unpacker->seams[place->level - 1], &offset, sizeof(offset));
}

void unpack_unwrapped(struct unpacker *unpacker, unsigned level)
{
	struct buffer *seams = &unpacker->seams[level];

	unpacker->events->unwrapped(unpacker->events->context, unpacker->worker, level, (const uint64_t *)(void *)seams->bytes,
				    seams->length / sizeof(uint64_t));
	buffer_clear(seams);
}

/* ---- names ---- */

/* The longest name that is kept whole: Linux has none longer (PATH_MAX). */
#define NAME_SIZE_MAX 4096

/* Enter a member. Returns the path's length before, for path_leave(). */
static size_t path_enter(struct unpacker *unpacker, const void *name, size_t size)
{
	size_t before = unpacker->path.length;
	const char *at = name, *end = at + (size < NAME_SIZE_MAX ? size : NAME_SIZE_MAX);

	if (before)
		buffer_add_char(&unpacker->path, '\n');
	for (; at < end; at++) {
		if (*at == '\n' || *at == '\0')
			buffer_add_string(&unpacker->path, "\xef\xbf\xbd"); /* U+FFFD */
		else
			buffer_add_char(&unpacker->path, *at);
	}
	return before;
}

static void path_leave(struct unpacker *unpacker, size_t before)
{
	unpacker->path.length = before;
	if (unpacker->path.bytes)
		unpacker->path.bytes[before] = '\0';
}

/* What a chunk of a content inside is, but for its bytes. */
static struct chunk chunk_inside(const struct unpack_place *place, const char *path)
{
	struct chunk chunk = place->unpacker->outer;

	chunk.level = place->level;
	chunk.archive_path = path;
	chunk.wraps = false;
	return chunk;
}

void unpack_name(const struct unpack_place *place, const void *name, size_t size, size_t known)
{
	struct unpacker *unpacker = place->unpacker;
	size_t before = path_enter(unpacker, name, size);
	struct chunk chunk = chunk_inside(place, unpacker->path.bytes);

	chunk.kind = PLACE_PATH;
	chunk.bytes = (const char *)name + known;
	chunk.size = size - known;
	chunk.offset = known;
	chunk.first = chunk.last = true;
	if (chunk.size)
		unpacker->found |= unpacker->events->chunk(unpacker->events->context, unpacker->worker, &chunk) == CHUNK_FOUND;
	path_leave(unpacker, before);
}

/* ---- a content inside ---- */

/* A content on its way through its window. */
struct tap {
	struct feed feed; /* first: what the content's own reader reads */
	const struct unpack_place *place; /* of the reader that brings it */
	struct feed *source;
	struct chunk chunk;
	uint64_t outer_first; /* chunk of the container in which its bytes may begin */
	unsigned char *window;
	size_t filled, fresh; /* bytes in the window, and those of them, at its end, that are new in it */
};

/* Fill the window: its last bytes again, then new ones. */
static void tap_fill(struct tap *tap)
{
	struct unpacker *unpacker = tap->place->unpacker;
	size_t kept = tap->filled ? unpacker->events->overlap : 0;
	uint64_t allowance = unpack_allowance(unpacker);
	size_t room = UNPACK_WINDOW_SIZE - kept, wanted = allowance < room ? (size_t)allowance : room;

	stop_if_asked(unpacker);
	if (unpacker->is_over)
		wanted = 0;
	memmove(tap->window, tap->window + tap->filled - kept, kept);
	tap->chunk.offset += tap->filled - kept;
	tap->chunk.first = !tap->filled;
	tap->fresh = feed_take(tap->source, tap->window + kept, wanted);
	tap->filled = kept + tap->fresh;
	unpacker->expanded += tap->fresh;
	/* a limit that just fits is met when nothing is left to be read */
	if (tap->fresh == wanted && wanted < room && feed_fill(tap->source))
		unpack_tell_too_much(tap->place, "more bytes come of it than any that is no bomb has");
	tap->chunk.last = tap->fresh < room;
	tap->feed.at = tap->window + kept;
	tap->feed.left = tap->fresh;
	if (tap->chunk.last)
		tap->feed.more = NULL;
}

/*
 * Whether nothing can be in it: it is small, stands as it is in its container, and that had nothing from before where it begins. (What reads the container may have kept some of
 * the chunk before.)
 */
static bool tap_is_plain(const struct tap *tap)
{
	const struct unpack_place *place = tap->place;
	unsigned level = place->level - 1;
	uint64_t count = place->unpacker->chunks[level].count, plain = place->unpacker->chunks[level].plain;

	return container_type(place->kind)->is_plain && tap->chunk.first && tap->chunk.last && !tap->chunk.wraps &&
	       (plain == count || plain >= count - tap->outer_first + 1);
}

static void tap_search(struct tap *tap)
{
	struct unpacker *unpacker = tap->place->unpacker;
	enum chunk_result result;

	tap->chunk.bytes = tap->window;
	tap->chunk.size = tap->filled;
	if (!tap->filled || tap_is_plain(tap))
		return;
	result = unpacker->events->chunk(unpacker->events->context, unpacker->worker, &tap->chunk);
	unpack_note_chunk(unpacker, tap->place->level, tap->chunk.first, result);
	unpacker->found |= result == CHUNK_FOUND;
}

static bool tap_more(struct feed *feed)
{
	struct tap *tap = (struct tap *)feed;

	tap_fill(tap);
	tap_search(tap);
	return tap->fresh > 0;
}

static void read_container(const struct unpack_place *place, struct feed *feed)
{
	switch (place->kind) {
	case CONTAINER_GZIP:
	case CONTAINER_ZLIB:
		flate_unpack(place, feed);
		break;
	case CONTAINER_PDF:
		pdf_unpack(place, feed);
		break;
	case CONTAINER_PNG:
		png_unpack(place, feed);
		break;
	case CONTAINER_PACK:
	case CONTAINER_BUNDLE:
		pack_unpack(place, feed);
		break;
	default:
		archive_unpack(place, feed);
	}
}

/* Where the reader of a content of this kind would be. Returns whether it may look into it. */
static bool may_enter(const struct unpack_place *place, enum container_kind kind, bool in_stream, struct unpack_place *inner)
{
	const struct container_type *type = container_type(kind);
	bool is_counted = !(in_stream && type->is_tape);

	*inner = (struct unpack_place){ place->unpacker, place->level + 1, place->depth + is_counted, kind };
	if (!kind || (type->is_document ? place->depth : inner->depth) > place->unpacker->depth_max)
		return false;
	return true;
}

/* A content whose name is the last one of the path, which without it is path_before long. */
static void unpack_content(const struct unpack_place *place, size_t path_before, bool in_stream, struct feed *source)
{
	struct unpacker *unpacker = place->unpacker;
	char *path = memory_copy_bytes(unpacker->path.bytes, unpacker->path.length);
	struct tap tap = { .feed = { .more = tap_more }, .place = place, .source = source, .chunk = chunk_inside(place, path) };
	unsigned char **window = &unpacker->windows[place->level - 1];
	struct unpack_place inner;
	enum container_kind kind;

	if (!*window)
		*window = memory_allocate(UNPACK_WINDOW_SIZE);
	tap.window = *window;
	tap.chunk.offset = 0;
	tap.outer_first = unpacker->chunks[place->level - 1].count > 2 ? unpacker->chunks[place->level - 1].count - 2 : 0;
	tap_fill(&tap);
	kind = container_recognise(tap.window, tap.filled < CONTAINER_HEAD_SIZE ? tap.filled : CONTAINER_HEAD_SIZE);
	tap.chunk.wraps = may_enter(place, kind, in_stream, &inner);
	if (kind && !tap.chunk.wraps)
		unpack_tell(&inner, UNPACK_LIMIT, NULL, "it is nested deeper than --archive-depth");
	tap_search(&tap);
	if (tap.chunk.wraps) {
		/* "x.tar.gz" holds files, not "x.tar" */
		if (in_stream && container_type(kind)->is_tape)
			path_leave(unpacker, path_before);
		read_container(&inner, &tap.feed);
	}
	do { /* what its reader left is searched all the same */
		tap.feed.left = 0;
	} while (tap.feed.more && !tap.feed.ended && tap_more(&tap.feed));
	if (tap.chunk.wraps)
		unpack_unwrapped(unpacker, place->level);
	free(path);
}

void unpack_member(const struct unpack_place *place, const void *name, size_t size, struct feed *feed)
{
	size_t before = path_enter(place->unpacker, name, size);

	unpack_content(place, before, false, feed);
	path_leave(place->unpacker, before);
}

/* The name of what a stream holds: its own without the ending that says how it is compressed. The caller frees it. */
static char *stream_name(const struct unpack_place *place)
{
	const struct unpacker *unpacker = place->unpacker;
	const char *path = unpacker->path.length ? unpacker->path.bytes : unpacker->outer.path ? unpacker->outer.path : "";
	const char *name = strrchr(path, '\n') ? strrchr(path, '\n') + 1 : path;
	const char *suffix = container_type(place->kind)->suffixes;

	name = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
	for (; suffix && *suffix; suffix = strchr(suffix, ' ') + 1) {
		size_t length = strlen(name), ending = strcspn(suffix, "=");
		size_t instead = strcspn(suffix + ending + 1, " ");

		if (length > ending && !strncasecmp(name + length - ending, suffix, ending))
			return memory_format("%.*s%.*s", (int)(length - ending), name, (int)instead, suffix + ending + 1);
	}
	return memory_copy_string("data");
}

void unpack_stream(const struct unpack_place *place, const char *hint, struct feed *feed)
{
	char *name = hint && *hint ? memory_copy_string(hint) : stream_name(place);
	size_t before = path_enter(place->unpacker, name, strlen(name));

	unpack_content(place, before, true, feed);
	path_leave(place->unpacker, before);
	free(name);
}

void unpack_outermost(struct unpacker *unpacker, enum container_kind kind, struct feed *feed)
{
	struct unpack_place place = { unpacker, 1, 1, kind };

	read_container(&place, feed);
}
