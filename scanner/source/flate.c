#include "source/flate.h"

#include "base/memory.h"
#include "source/unpack.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* zlib counts in unsigned int. */
#define INPUT_STEP ((size_t)1 << 30)

/* The end of a stream: gzip's may be followed by another one, whose bytes go on where these end. Returns whether it is. */
static bool next_member(struct flate *flate)
{
	/* zeroes fill up a tape's last block; other bytes behind it are none of gzip's */
	if (!flate->is_gzip || !feed_fill(flate->source) || *flate->source->at != 0x1f || inflateReset(&flate->stream) != Z_OK)
		return false;
	flate->member_made = 0;
	flate->header.name = NULL; /* the first one's stays */
	flate->header.done = 0;
	return inflateGetHeader(&flate->stream, &flate->header) == Z_OK;
}

/* What inflate() said. Returns whether there is more to inflate. */
static bool goes_on(struct flate *flate, int result)
{
	if (result == Z_STREAM_END)
		return next_member(flate);
	if (result == Z_OK || result == Z_BUF_ERROR)
		return true;
	if (flate->made && !flate->member_made && flate->is_gzip && flate->header.done != 1)
		return false; /* bytes behind the end that begin like a member */
	flate->complaint = "its compressed data is damaged";
	return false;
}

static bool flate_more(struct feed *feed)
{
	struct flate *flate = (struct flate *)feed;
	z_stream *stream = &flate->stream;

	stream->next_out = flate->output;
	stream->avail_out = FLATE_OUTPUT_SIZE;
	while (stream->avail_out && !flate->ended) {
		struct feed *source = flate->source;
		unsigned room = stream->avail_out;
		int result;

		if (!feed_fill(source)) {
			flate->complaint = "it is cut short";
			flate->ended = true;
			break;
		}
		stream->next_in = (Bytef *)source->at;
		stream->avail_in = (uInt)(source->left < INPUT_STEP ? source->left : INPUT_STEP);
		result = inflate(stream, Z_NO_FLUSH);
		source->left -= (size_t)(stream->next_in - source->at);
		source->at = stream->next_in;
		flate->made += room - stream->avail_out;
		flate->member_made += room - stream->avail_out;
		flate->ended = !goes_on(flate, result);
	}
	feed->at = flate->output;
	feed->left = FLATE_OUTPUT_SIZE - stream->avail_out;
	return feed->left > 0;
}

struct flate *flate_new(struct feed *source, bool is_gzip)
{
	struct flate *flate = memory_allocate(sizeof(*flate));

	memset(flate, 0, offsetof(struct flate, output));
	flate->feed.more = flate_more;
	flate->source = source;
	flate->is_gzip = is_gzip;
	if (inflateInit2(&flate->stream, is_gzip ? 16 + MAX_WBITS : MAX_WBITS) != Z_OK) {
		flate->complaint = "zlib cannot be set up";
		flate->ended = true;
		return flate;
	}
	flate->is_ready = true;
	flate->header.name = (Bytef *)flate->name;
	flate->header.name_max = sizeof(flate->name) - 1;
	if (is_gzip)
		inflateGetHeader(&flate->stream, &flate->header);
	return flate;
}

void flate_free(struct flate *flate)
{
	if (flate->is_ready)
		inflateEnd(&flate->stream);
	free(flate);
}

/* The kind of a loose object of git, which begins with it, its size and a NUL (gitformat-loose). That header is passed over. NULL: it is none. */
static const char *git_object_kind(struct feed *feed)
{
	static const char *const kinds[] = { "blob", "tree", "commit", "tag" };
	const unsigned char *end = feed_fill(feed) ? memchr(feed->at, 0, feed->left < 32 ? feed->left : 32) : NULL;

	for (size_t i = 0; end && i < sizeof(kinds) / sizeof(*kinds); i++) {
		size_t length = strlen(kinds[i]);
		const unsigned char *at = feed->at + length + 1;

		if (at >= end || memcmp(feed->at, kinds[i], length) != 0 || feed->at[length] != ' ')
			continue;
		while (at < end && *at >= '0' && *at <= '9')
			at++;
		if (at != end)
			continue;
		feed->left -= (size_t)(end + 1 - feed->at);
		feed->at = end + 1;
		return kinds[i];
	}
	return NULL;
}

/* Whether what comes begins as zlib streams do. With the last byte of a feed alone that cannot be told, and inflating it will. */
static bool begins_zlib(struct feed *feed)
{
	if (!feed_fill(feed) || (*feed->at & 0x8f) != 0x08)
		return false;
	return feed->left < 2 || ((feed->at[0] << 8 | feed->at[1]) % 31 == 0 && !(feed->at[1] & 0x20));
}

/* One stream, as flate_unpack_parts(). Returns whether it came to its end; *size is that of it. */
static bool unpack_part(const struct unpack_place *place, const char *name, uint64_t offset, struct feed *feed, bool is_sure, uint64_t *size)
{
	struct flate *flate = flate_new(feed, false);
	char *member = memory_format("%s at %" PRIu64, name, offset);
	bool any = feed_fill(&flate->feed), is_whole;

	if ((any || !flate->complaint) && unpack_count_member(place))
		unpack_member(place, member, strlen(member), &flate->feed);
	/* what does not inflate at all and is not sure to is something else, or encrypted, which a document says */
	if ((any || is_sure) && flate->complaint && !place->unpacker->is_over)
		unpack_tell(place, UNPACK_DAMAGED, member, flate->complaint);
	*size = flate->is_ready ? flate->stream.total_in : 0;
	is_whole = flate->ended && !flate->complaint;
	free(member);
	flate_free(flate);
	return is_whole;
}

void flate_unpack_parts(const struct unpack_place *place, const char *name, uint64_t offset, struct feed *feed, bool is_sure)
{
	uint64_t size;

	while (unpack_part(place, name, offset, feed, is_sure, &size) && !place->unpacker->is_over && begins_zlib(feed)) {
		offset += size;
		is_sure = false;
	}
}

void flate_unpack(const struct unpack_place *place, struct feed *feed)
{
	struct flate *flate = flate_new(feed, place->kind == CONTAINER_GZIP);
	const char *hint = NULL;

	if (flate->is_gzip && feed_fill(&flate->feed))
		hint = strrchr(flate->name, '/') ? strrchr(flate->name, '/') + 1 : flate->name;
	else if (!flate->is_gzip)
		hint = git_object_kind(&flate->feed);
	if (unpack_count_member(place))
		unpack_stream(place, hint, &flate->feed);
	if (flate->complaint && !place->unpacker->is_over)
		unpack_tell(place, UNPACK_DAMAGED, NULL, flate->complaint);
	/* gzip says what may follow it; zlib does not, so another stream is a content of its own */
	if (!flate->is_gzip && flate->ended && !flate->complaint && !place->unpacker->is_over && begins_zlib(feed))
		flate_unpack_parts(place, "zlib", flate->stream.total_in, feed, false);
	flate_free(flate);
}
