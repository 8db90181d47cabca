/*
 * Magic numbers. Each is what the format's own documentation gives (RFC 1950 and 1952, APPNOTE.TXT 4.3, tar(5), cpio(5), ar(5), 7zFormat.txt,
 * xz-file-format.txt, RFC 8878, gitformat-pack(5), gitformat-bundle(5), ISO 32000-1, PNG 5.2). The first byte sorts nearly every content out.
 */
#define _GNU_SOURCE
#include "source/container_kind.h"

#include <stdint.h>
#include <string.h>
#include <zlib.h>

static const struct container_type types[CONTAINER_KIND_COUNT] = {
	[CONTAINER_NONE] = { .name = "no container" },
	[CONTAINER_ZIP] = { .name = "zip", .needs_library = true },
	[CONTAINER_TAR] = { .name = "tar", .needs_library = true, .is_plain = true, .is_tape = true },
	[CONTAINER_CPIO] = { .name = "cpio", .needs_library = true, .is_plain = true, .is_tape = true },
	[CONTAINER_AR] = { .name = "ar", .needs_library = true, .is_plain = true },
	[CONTAINER_CAB] = { .name = "cab", .needs_library = true },
	[CONTAINER_7ZIP] = { .name = "7z", .needs_library = true, .needs_whole = true },
	[CONTAINER_GZIP] = { .name = "gzip", .is_stream = true, .suffixes = ".gz= .tgz=.tar .svgz=.svg " },
	[CONTAINER_ZLIB] = { .name = "zlib", .is_stream = true, .suffixes = ".zlib= .zz= " },
	[CONTAINER_BZIP2] = { .name = "bzip2", .needs_library = true, .is_stream = true, .suffixes = ".bz2= .tbz2=.tar .tbz=.tar " },
	[CONTAINER_XZ] = { .name = "xz", .needs_library = true, .is_stream = true, .suffixes = ".xz= .txz=.tar " },
	[CONTAINER_LZMA] = { .name = "lzma", .needs_library = true, .is_stream = true, .suffixes = ".lzma= .tlz=.tar " },
	[CONTAINER_LZIP] = { .name = "lzip", .needs_library = true, .is_stream = true, .suffixes = ".lz= .tlz=.tar " },
	[CONTAINER_ZSTD] = { .name = "zstd", .needs_library = true, .is_stream = true, .suffixes = ".zst= .tzst=.tar " },
	[CONTAINER_LZ4] = { .name = "lz4", .needs_library = true, .is_stream = true, .suffixes = ".lz4= " },
	[CONTAINER_COMPRESS] = { .name = "compress", .needs_library = true, .is_stream = true, .suffixes = ".Z= .taz=.tar " },
	[CONTAINER_RPM] = { .name = "rpm", .needs_library = true, .is_stream = true, .suffixes = "" },
	[CONTAINER_PDF] = { .name = "PDF", .is_document = true },
	[CONTAINER_PNG] = { .name = "PNG", .is_document = true },
	[CONTAINER_PACK] = { .name = "git pack", .needs_whole = true },
	[CONTAINER_BUNDLE] = { .name = "git bundle", .needs_whole = true },
};

const struct container_type *container_type(enum container_kind kind)
{
	return &types[kind];
}

struct magic {
	enum container_kind kind;
	size_t size;
	const char *bytes;
};

static const struct magic magics[] = {
	{ CONTAINER_ZIP, 4, "PK\3\4" },
	{ CONTAINER_ZIP, 8, "PK\7\10PK\3\4" }, /* one of several volumes, or told beforehand that it might have become one */
	{ CONTAINER_ZIP, 8, "PK00PK\3\4" },
	{ CONTAINER_AR, 8, "!<arch>\n" },
	{ CONTAINER_CAB, 8, "MSCF\0\0\0\0" },
	{ CONTAINER_7ZIP, 6, "7z\274\257\047\034" },
	{ CONTAINER_GZIP, 3, "\037\213\10" },
	{ CONTAINER_XZ, 6, "\3757zXZ\0" },
	{ CONTAINER_ZSTD, 4, "\050\265\057\375" },
	{ CONTAINER_LZ4, 4, "\004\042\115\030" },
	{ CONTAINER_LZ4, 4, "\002\041\114\030" },
	{ CONTAINER_COMPRESS, 2, "\037\235" },
	{ CONTAINER_RPM, 4, "\355\253\356\333" },
	{ CONTAINER_PDF, 5, "%PDF-" },
	{ CONTAINER_PDF, 8, "\357\273\277%PDF-" },
	{ CONTAINER_PNG, 8, "\211PNG\r\n\032\n" },
	{ CONTAINER_PACK, 8, "PACK\0\0\0\2" },
	{ CONTAINER_PACK, 8, "PACK\0\0\0\3" },
	{ CONTAINER_BUNDLE, 16, "# v2 git bundle\n" },
	{ CONTAINER_BUNDLE, 16, "# v3 git bundle\n" },
};

/* How many of the first size bytes are among those of set. */
static size_t span_bytes(const unsigned char *bytes, size_t size, const char *set)
{
	size_t count = 0;

	while (count < size && bytes[count] && strchr(set, bytes[count]))
		count++;
	return count;
}

/* The magic number is text, so the rest of the header has to be what it must be: hexadecimal or octal digits. */
static bool is_cpio(const unsigned char *head, size_t size)
{
	bool is_octal = size >= 76 && !memcmp(head, "070707", 6);
	size_t length = is_octal ? 76 : 110;

	if (!is_octal && (size < 110 || (memcmp(head, "070701", 6) != 0 && memcmp(head, "070702", 6) != 0)))
		return false;
	return span_bytes(head, length, is_octal ? "01234567" : "0123456789abcdefABCDEF") == length;
}

static bool is_bzip2(const unsigned char *head, size_t size)
{
	/* a first block, or the end of a stream without any */
	return size >= 10 && !memcmp(head, "BZh", 3) && head[3] >= '1' && head[3] <= '9' &&
	       (!memcmp(head + 4, "1AY&SY", 6) || !memcmp(head + 4, "\x17\x72\x45\x38\x50\x90", 6));
}

/* Properties and a dictionary as xz(1) writes them, and no size: the format has no magic number, and with a size it looks like much else. */
static bool is_lzma(const unsigned char *head, size_t size)
{
	return size >= 14 && head[0] == 0x5d && !head[1] && !head[2] && !memcmp(head + 5, "\377\377\377\377\377\377\377\377", 8) &&
	       !head[13];
}

/* A frame that zstd and lz4 pass over, as `pzstd` and seekable archives begin. */
static bool is_skippable_frame(const unsigned char *head, size_t size)
{
	return size >= 8 && (head[0] & 0xf0) == 0x50 && !memcmp(head + 1, "\x2a\x4d\x18", 3);
}

/* The sum of the header with its own field blank, which is what stands in that field, in octal (tar(5)). "ustar" is missing in old ones. */
static bool is_tar(const unsigned char *head, size_t size)
{
	const unsigned char *field = head + 148;
	unsigned long sum = 0, wanted = 0;
	size_t at = 0;

	if (size < CONTAINER_HEAD_SIZE || !head[0])
		return false;
	while (at < 7 && field[at] == ' ')
		at++;
	if (at == 7 || field[at] < '0' || field[at] > '7')
		return false;
	for (; at < 8 && field[at] >= '0' && field[at] <= '7'; at++)
		wanted = wanted * 8 + field[at] - '0';
	if (at < 8 && field[at] != ' ' && field[at] != '\0')
		return false;
	for (size_t i = 0; i < CONTAINER_HEAD_SIZE; i++)
		sum += i >= 148 && i < 156 ? ' ' : head[i];
	return sum == wanted;
}

/* So many bytes must inflate before a content is believed to be a zlib stream, whose header any 1 of 1,000 contents has. */
#define ZLIB_PROOF 64

static bool is_zlib(const unsigned char *head, size_t size)
{
	unsigned char proof[ZLIB_PROOF];
	z_stream stream = { .next_in = (Bytef *)head, .avail_in = (uInt)size, .next_out = proof, .avail_out = sizeof(proof) };
	int result;

	/* RFC 1950: method 8, a window of up to 32 KB, a multiple of 31, no dictionary */
	if (size < 8 || (head[0] & 0x0f) != 8 || head[0] > 0x78 || (head[0] << 8 | head[1]) % 31 || head[1] & 0x20)
		return false;
	if (inflateInit(&stream) != Z_OK)
		return false;
	result = inflate(&stream, Z_SYNC_FLUSH);
	inflateEnd(&stream);
	return result == Z_STREAM_END || (result == Z_OK && !stream.avail_out);
}

enum container_kind container_recognise(const unsigned char *head, size_t size)
{
	if (size < 4)
		return CONTAINER_NONE;
	for (size_t i = 0; i < sizeof(magics) / sizeof(*magics); i++) {
		if (head[0] == (unsigned char)magics[i].bytes[0] && size >= magics[i].size &&
		    !memcmp(head, magics[i].bytes, magics[i].size))
			return magics[i].kind;
	}
	if (head[0] == 'B' && is_bzip2(head, size))
		return CONTAINER_BZIP2;
	if (head[0] == '0' && is_cpio(head, size))
		return CONTAINER_CPIO;
	if (head[0] == 'L' && size > 5 && !memcmp(head, "LZIP", 4) && head[4] <= 1)
		return CONTAINER_LZIP;
	if (is_lzma(head, size))
		return CONTAINER_LZMA;
	if (is_skippable_frame(head, size))
		return CONTAINER_ZSTD;
	if (is_tar(head, size))
		return CONTAINER_TAR;
	return is_zlib(head, size) ? CONTAINER_ZLIB : CONTAINER_NONE;
}
