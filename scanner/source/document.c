/*
 * Documents that hold compressed parts among others: PDF's streams and PNG's text. Neither is read as a document: what is not compressed is
 * searched as the bytes that it is, and what is compressed by deflate is looked for where it can stand.
 */
#define _GNU_SOURCE
#include "source/flate.h"
#include "source/unpack.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- PDF (ISO 32000-1, 7.3.8: the keyword "stream", a line's end, the bytes) ---- */

/* A feed that counts, and looks for a word on the way, whichever blocks it is cut into. */
struct pdf {
	struct feed feed; /* first */
	struct feed *of;
	uint64_t offset;  /* behind the bytes of feed */
	unsigned char seam[sizeof("/Encrypt")]; /* the last bytes of the block before, fewer than the word has */
	size_t seam_size;
	bool is_encrypted; /* the word was there */
};

static const char encrypt_word[] = "/Encrypt";
#define ENCRYPT_SIZE (sizeof(encrypt_word) - 1)

static bool pdf_more(struct feed *feed)
{
	struct pdf *pdf = (struct pdf *)feed;
	unsigned char joined[2 * ENCRYPT_SIZE];
	size_t first;

	if (!feed_fill(pdf->of))
		return false;
	feed->at = pdf->of->at;
	feed->left = pdf->of->left;
	pdf->offset += feed->left;
	pdf->of->left = 0;
	first = feed->left < ENCRYPT_SIZE - 1 ? feed->left : ENCRYPT_SIZE - 1;
	memcpy(joined, pdf->seam, pdf->seam_size);
	memcpy(joined + pdf->seam_size, feed->at, first);
	pdf->is_encrypted |= memmem(joined, pdf->seam_size + first, encrypt_word, ENCRYPT_SIZE) ||
			     memmem(feed->at, feed->left, encrypt_word, ENCRYPT_SIZE);
	pdf->seam_size = first;
	memcpy(pdf->seam, feed->at + feed->left - first, first);
	return true;
}

/* Go on behind the next keyword "stream" that ends a line. Returns whether there is one. */
static bool next_stream(struct feed *feed)
{
	static const char word[] = "stream";
	size_t matched = 0;

	while (feed_fill(feed)) {
		unsigned char byte = *feed->at;

		if (!matched && byte != 's') {
			const unsigned char *next = memchr(feed->at, 's', feed->left);

			feed->left -= next ? (size_t)(next - feed->at) : feed->left;
			feed->at = next ? next : feed->at;
			continue;
		}
		if (matched == sizeof(word) - 1) {
			if (byte == '\n' || byte == '\r')
				return true;
			matched = 0;
			continue;
		}
		/* no part of the word begins like the word */
		if (byte != word[matched]) {
			matched = 0;
			continue;
		}
		matched++;
		feed->at++;
		feed->left--;
	}
	return false;
}

void pdf_unpack(const struct unpack_place *place, struct feed *feed)
{
	struct pdf pdf = { .feed = { .more = pdf_more }, .of = feed };

	while (!place->unpacker->is_over && next_stream(&pdf.feed)) {
		if (*pdf.feed.at == '\r')
			feed_skip(&pdf.feed, 1);
		if (feed_fill(&pdf.feed) && *pdf.feed.at == '\n')
			feed_skip(&pdf.feed, 1);
		/* zlib's header begins with its method and window, in nearly all streams with the largest one */
		if (feed_fill(&pdf.feed) && (*pdf.feed.at & 0x8f) == 0x08)
			flate_unpack_parts(place, "stream", pdf.offset - pdf.feed.left, &pdf.feed, false);
	}
	if (pdf.is_encrypted)
		unpack_tell(place, UNPACK_ENCRYPTED, NULL, "its streams are encrypted");
}

/* ---- PNG (ISO/IEC 15948, 11.3: chunks of a length, a type, bytes, and a checksum) ---- */

/* Pass over a text and its NUL. Returns whether there is one. */
static bool skip_text(struct feed *feed)
{
	while (feed_fill(feed)) {
		const unsigned char *end = memchr(feed->at, 0, feed->left);
		size_t step = end ? (size_t)(end + 1 - feed->at) : feed->left;

		feed->at += step;
		feed->left -= step;
		if (end)
			return true;
	}
	return false;
}

/* Go to where the compressed bytes of a chunk begin. Returns whether it has some. */
static bool find_compressed(struct feed *chunk, const char *type)
{
	unsigned char flags[2];

	if (!skip_text(chunk)) /* a keyword or name */
		return false;
	if (!strcmp(type, "iTXt")) /* whether it is compressed, and how; a language; the keyword in it */
		return feed_take(chunk, flags, 2) == 2 && flags[0] && skip_text(chunk) && skip_text(chunk);
	return feed_take(chunk, flags, 1) == 1;
}

/* What follows the last chunk belongs to no image, and can be anything. */
static void unpack_rest(const struct unpack_place *place, struct feed *feed)
{
	static const char name[] = "behind IEND";

	if (!place->unpacker->is_over && feed_fill(feed) && unpack_count_member(place))
		unpack_member(place, name, strlen(name), feed);
}

void png_unpack(const struct unpack_place *place, struct feed *feed)
{
	uint64_t offset = 8;
	unsigned char header[8];
	char type[5] = "";

	feed_skip(feed, 8);
	while (!place->unpacker->is_over && strcmp(type, "IEND") != 0 && feed_take(feed, header, sizeof(header)) == sizeof(header)) {
		uint32_t size = (uint32_t)header[0] << 24 | (uint32_t)header[1] << 16 | (uint32_t)header[2] << 8 | header[3];
		struct feed_part chunk;
		bool is_text;

		memcpy(type, header + 4, 4);
		is_text = !strcmp(type, "zTXt") || !strcmp(type, "iTXt") || !strcmp(type, "iCCP");
		feed_part_begin(&chunk, feed, size);
		if (is_text && find_compressed(&chunk.feed, type))
			flate_unpack_parts(place, type, offset, &chunk.feed, true);
		if (!feed_part_end(&chunk) && is_text && !place->unpacker->is_over)
			unpack_tell(place, UNPACK_DAMAGED, type, "it is cut short");
		feed_skip(feed, 4);
		offset += (uint64_t)size + 12;
	}
	if (!strcmp(type, "IEND"))
		unpack_rest(place, feed);
}
