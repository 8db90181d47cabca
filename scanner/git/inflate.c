#include "git/inflate.h"

#include "base/library.h"
#include "base/memory.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <zlib.h>

/* zlib counts in unsigned int. */
#define STREAM_STEP ((size_t)1 << 30)

struct inflater {
	struct libdeflate_decompressor *whole; /* owned */
	z_stream stream;
	bool stream_ready;             /* inflateInit() was called */
	const unsigned char *begin;    /* borrowed: the stream's first byte */
	const unsigned char *input;    /* borrowed: what the stream has not been given yet */
	size_t input_left;
};

static const char broken[] = "its zlib stream is broken";
static const char cut_off[] = "its zlib stream is cut off";
static const char too_long[] = "it inflates to more bytes than it says";
static const char too_short[] = "it inflates to fewer bytes than it says";

struct inflater *inflater_new(void)
{
	struct inflater *inflater = memory_allocate_zeroed(1, sizeof(*inflater));

	inflater->whole = libdeflate_alloc_decompressor();
	if (!inflater->whole) {
		free(inflater);
		return NULL;
	}
	return inflater;
}

void inflater_free(struct inflater *inflater)
{
	if (!inflater)
		return;
	if (inflater->stream_ready)
		inflateEnd(&inflater->stream);
	libdeflate_free_decompressor(inflater->whole);
	free(inflater);
}

bool inflate_plausible(uint64_t size, uint64_t available)
{
	return size / 1032 <= available;
}

const char *inflate_whole(struct inflater *inflater, const unsigned char *input, size_t limit, size_t available,
			  unsigned char *output, size_t size)
{
	size_t taken = 0, made = 0;
	enum libdeflate_result result = libdeflate_zlib_decompress_ex(inflater->whole, input, available, output,
								       size + INFLATE_SLACK, &taken, &made);

	switch (result) {
	case LIBDEFLATE_SUCCESS:
		break;
	case LIBDEFLATE_INSUFFICIENT_SPACE:
		return too_long;
	default:
		return broken;
	}
	if (made != size)
		return made < size ? too_short : too_long;
	return taken > limit ? "its zlib stream runs into the next entry" : NULL;
}

const char *inflate_begin(struct inflater *inflater, const unsigned char *input, size_t limit)
{
	int status = inflater->stream_ready ? inflateReset(&inflater->stream) : inflateInit(&inflater->stream);

	if (status != Z_OK)
		return "zlib cannot be set up";
	inflater->stream_ready = true;
	inflater->stream.avail_in = 0;
	inflater->begin = inflater->input = input;
	inflater->input_left = limit;
	return NULL;
}

/* Give zlib its next input when it has none. */
static void stream_feed(struct inflater *inflater)
{
	size_t step = inflater->input_left < STREAM_STEP ? inflater->input_left : STREAM_STEP;

	if (inflater->stream.avail_in)
		return;
	inflater->stream.next_in = (Bytef *)inflater->input;
	inflater->stream.avail_in = (uInt)step;
	inflater->input += step;
	inflater->input_left -= step;
}

const char *inflate_next(struct inflater *inflater, unsigned char *output, size_t size)
{
	while (size) {
		size_t step = size < STREAM_STEP ? size : STREAM_STEP;
		int status;

		stream_feed(inflater);
		inflater->stream.next_out = output;
		inflater->stream.avail_out = (uInt)step;
		status = inflate(&inflater->stream, Z_NO_FLUSH);
		step -= inflater->stream.avail_out;
		output += step;
		size -= step;
		if (status == Z_STREAM_END && size)
			return too_short;
		if (status == Z_BUF_ERROR && !inflater->input_left)
			return cut_off;
		if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
			return broken;
		if (status == Z_STREAM_END)
			break;
	}
	return NULL;
}

const char *inflate_finish(struct inflater *inflater)
{
	unsigned char beyond;
	int status;

	do {
		stream_feed(inflater);
		inflater->stream.next_out = &beyond;
		inflater->stream.avail_out = 1;
		status = inflate(&inflater->stream, Z_NO_FLUSH);
		if (!inflater->stream.avail_out)
			return too_long;
	} while (status == Z_OK && (inflater->stream.avail_in || inflater->input_left));
	if (status == Z_STREAM_END)
		return NULL;
	return status == Z_OK || status == Z_BUF_ERROR ? cut_off : broken;
}

void inflater_add_libraries(struct buffer *lines)
{
	library_add_version(lines, "libdeflate", LIBDEFLATE_VERSION_STRING " (built with)"); /* it does not say itself */
	library_add_version(lines, "zlib", zlibVersion());
}

size_t inflate_taken(const struct inflater *inflater)
{
	return (size_t)(inflater->input - inflater->begin) - inflater->stream.avail_in;
}
