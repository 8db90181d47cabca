/*
 * What libarchive reads: archives with members, and compressed streams other than gzip and zlib. One format or filter at a time, the one that the
 * content's first bytes are of: containers in containers are followed by unpack.c, which counts them.
 *
 * Formats are zip (read from front to end by its local headers, as streams have to be: what a cut-off archive still holds is found),
 * tar, cpio, ar, cab, 7z; bzip2, xz, lzma, lzip, zstd, lz4, compress and the header of rpm. Not rar, ISO 9660 and the rest: larger parsers for what leaks
 * rarely come in.
 */
#include "source/archive_library.h"
#include "source/unpack.h"

#include <stdlib.h>
#include <string.h>

/* The largest dictionary that an xz stream may ask for: `xz -9` takes 64 MB. */
#define DICTIONARY_MAX (UINT64_C(128) << 20)

/* As often as a call may say that it is to be made again. */
#define RETRIES_MAX 16

static const unsigned char zeroes[65536];

/* One container in work. */
struct reading {
	const struct unpack_place *place;
	const struct archive_library *archives;
	struct archive *archive;
	struct feed *feed;
	struct buffer previous; /* the name of the member before */
	bool told_encrypted, had_problem;
	bool is_second; /* a zip archive is read once more, by its directory */
	la_int64_t last_seam;
};

/* The bytes of one member. */
struct member {
	struct feed feed; /* first */
	struct reading *reading;
	uint64_t offset;  /* of what comes next */
	uint64_t gap;     /* zeroes of a sparse file that come first, then */
	const void *block;
	size_t block_size;
	int result; /* the last of libarchive */
	bool is_doubtful; /* it warned, as of a checksum that does not hold */
};

static la_ssize_t read_block(struct archive *archive, void *context, const void **block)
{
	struct reading *reading = context;
	struct feed *feed = reading->feed;
	size_t size;

	(void)archive;
	if (!feed_fill(feed))
		return 0;
	*block = feed->at;
	size = feed->left;
	feed->left = 0;
	return (la_ssize_t)size;
}

/* What libarchive complained of, in the word that fits. */
static void tell(struct reading *reading, const char *name)
{
	const char *why = reading->archives->error_string(reading->archive);
	enum unpack_problem problem = UNPACK_DAMAGED;

	reading->had_problem = true;
	if (!why)
		why = "it cannot be read";
	if (strstr(why, "ncrypt") || strstr(why, "assphrase")) {
		problem = UNPACK_ENCRYPTED;
		reading->told_encrypted = true;
	} else if (strstr(why, "nsupported")) {
		problem = UNPACK_UNSUPPORTED;
	} else if (strstr(why, "llocate")) {
		problem = UNPACK_LIMIT;
	}
	if (!reading->place->unpacker->is_over)
		unpack_tell(reading->place, problem, name, why);
}

static bool member_more(struct feed *feed)
{
	struct member *member = (struct member *)feed;
	struct reading *reading = member->reading;
	la_int64_t offset;

	for (unsigned i = 0; !member->gap && !member->block_size && i < RETRIES_MAX; i++) {
		member->result = reading->archives->read_data_block(reading->archive, &member->block, &member->block_size, &offset);
		if (member->result != ARCHIVE_OK && member->result != ARCHIVE_WARN && member->result != ARCHIVE_RETRY)
			return false;
		member->is_doubtful |= member->result == ARCHIVE_WARN;
		if (member->result == ARCHIVE_RETRY)
			member->block_size = 0;
		else if (offset > 0 && (uint64_t)offset > member->offset)
			member->gap = (uint64_t)offset - member->offset;
	}
	if (member->gap) {
		feed->at = zeroes;
		feed->left = member->gap < sizeof(zeroes) ? (size_t)member->gap : sizeof(zeroes);
		member->gap -= feed->left;
	} else {
		feed->at = member->block;
		feed->left = member->block_size;
		member->block_size = 0;
	}
	member->offset += feed->left;
	return feed->left > 0;
}

/* Hand out the name: what it shares with the folder of the one before has been searched. */
static void hand_out_name(struct reading *reading, const char *name, size_t size)
{
	size_t known = 0;

	for (size_t i = 0; i < size && i < reading->previous.length && name[i] == reading->previous.bytes[i]; i++) {
		if (name[i] == '/')
			known = i + 1;
	}
	unpack_name(reading->place, name, size, known);
	buffer_clear(&reading->previous);
	buffer_add(&reading->previous, name, size);
}

/* What a link points to is text like any other. Some formats hold it as the member's bytes, others in a header. */
static void hand_out_link(struct reading *reading, struct archive_entry *entry, const char *name)
{
	const struct archive_library *library = reading->archives;
	const char *targets[2] = { library->entry_symlink(entry), library->entry_hardlink(entry) };

	if (!targets[0])
		targets[0] = library->entry_symlink_utf8(entry);
	if (!targets[1])
		targets[1] = library->entry_hardlink_utf8(entry);
	for (size_t i = 0; i < 2; i++) {
		struct feed feed = feed_of_bytes(targets[i], targets[i] ? strlen(targets[i]) : 0);

		if (feed.left)
			unpack_member(reading->place, name, strlen(name), &feed);
	}
}

static void read_member(struct reading *reading, struct archive_entry *entry)
{
	const struct archive_library *library = reading->archives;
	const struct unpack_place *place = reading->place;
	bool is_stream = container_type(place->kind)->is_stream;
	struct member member = { .feed = { .more = member_more }, .reading = reading };
	const char *name = library->entry_pathname(entry);

	if (!name)
		name = library->entry_pathname_utf8(entry);
	if (!name)
		name = "(a name that cannot be read)";
	if (!is_stream)
		hand_out_name(reading, name, strlen(name));
	if (library->entry_filetype(entry) == AE_IFDIR)
		return;
	if (library->entry_is_encrypted(entry)) {
		unpack_tell(place, UNPACK_ENCRYPTED, is_stream ? NULL : name, "it is encrypted");
		reading->told_encrypted = reading->had_problem = true;
		return;
	}
	if (!is_stream)
		hand_out_link(reading, entry, name);
	if (is_stream)
		unpack_stream(place, NULL, &member.feed);
	else
		unpack_member(place, name, strlen(name), &member.feed);
	if (member.is_doubtful ||
	    (member.result != ARCHIVE_OK && member.result != ARCHIVE_WARN && member.result != ARCHIVE_EOF))
		tell(reading, is_stream ? NULL : name);
}

/* In tar, cpio, ar and zip members may lie as they are, and the next one's header behind them. */
static void note_seam(struct reading *reading)
{
	la_int64_t position = reading->archives->read_header_position(reading->archive);

	if (reading->is_second || position <= reading->last_seam || container_type(reading->place->kind)->needs_whole)
		return;
	reading->last_seam = position;
	unpack_note_seam(reading->place, (uint64_t)position);
}

static void read_members(struct reading *reading)
{
	const struct archive_library *library = reading->archives;
	struct archive_entry *entry;
	unsigned retries = 0;

	while (!reading->place->unpacker->is_over) {
		int result = library->read_next_header(reading->archive, &entry);

		if (result == ARCHIVE_EOF)
			break;
		if (result == ARCHIVE_RETRY && retries++ < RETRIES_MAX)
			continue;
		if (result != ARCHIVE_OK && result != ARCHIVE_WARN) {
			tell(reading, NULL);
			break;
		}
		if (!unpack_count_member(reading->place))
			break;
		note_seam(reading);
		read_member(reading, entry);
	}
	/* 7z can encrypt its list of members, too */
	if (!reading->told_encrypted && library->read_has_encrypted_entries(reading->archive) == 1)
		unpack_tell(reading->place, UNPACK_ENCRYPTED, NULL, "it has encrypted members");
}

/* Ask for the format and nothing else. Returns what libarchive does: anything but ARCHIVE_OK when it would have to start a program for it. */
static int choose_format(const struct archive_library *library, struct archive *archive, enum container_kind kind)
{
	int result;

	switch (kind) {
	case CONTAINER_ZIP:
		return library->read_support_format_zip_streamable(archive);
	case CONTAINER_TAR:
		result = library->read_support_format_tar(archive);
		/* what follows an archive's end may be another one (tar(1), --ignore-zeros) */
		return result == ARCHIVE_OK ? library->read_set_format_option(archive, "tar", "read_concatenated_archives", "1") : result;
	case CONTAINER_CPIO:
		return library->read_support_format_cpio(archive);
	case CONTAINER_AR:
		return library->read_support_format_ar(archive);
	case CONTAINER_CAB:
		return library->read_support_format_cab(archive);
	case CONTAINER_7ZIP:
		return library->read_support_format_7zip(archive);
	case CONTAINER_BZIP2:
		result = library->read_support_filter_bzip2(archive);
		break;
	case CONTAINER_XZ:
		result = library->read_support_filter_xz(archive);
		break;
	case CONTAINER_LZMA:
		result = library->read_support_filter_lzma(archive);
		break;
	case CONTAINER_LZIP:
		result = library->read_support_filter_lzip(archive);
		break;
	case CONTAINER_ZSTD:
		result = library->read_support_filter_zstd(archive);
		break;
	case CONTAINER_LZ4:
		result = library->read_support_filter_lz4(archive);
		break;
	case CONTAINER_COMPRESS:
		result = library->read_support_filter_compress(archive);
		break;
	case CONTAINER_RPM:
		result = library->read_support_filter_rpm(archive);
		break;
	default:
		return ARCHIVE_FATAL;
	}
	/* what comes out of the filter, as one member */
	library->read_support_format_raw(archive);
	library->read_support_format_empty(archive);
	return result;
}

/* The dictionary that the first block of an xz stream asks for (xz-file-format.txt, 3.1 and 5.3.1), which is allocated whole. 0: not known. */
static uint64_t xz_dictionary(const unsigned char *bytes, size_t size)
{
	size_t at = 14;

	if (size < 32)
		return 0;
	for (unsigned field = 0; field < 2; field++) { /* the sizes before and after, where the flags say that they are there */
		if (!(bytes[13] & 0x40 << field))
			continue;
		while (at < 30 && bytes[at] & 0x80)
			at++;
		at++;
	}
	/* other filters come before LZMA2 (0x21); those have short properties, if any */
	for (; at + 3 <= size && at < 64 && bytes[at] != 0x21; at += 2u + bytes[at + 1])
		;
	if (at + 3 > size || bytes[at] != 0x21 || bytes[at + 2] > 40)
		return 0;
	return bytes[at + 2] == 40 ? UINT32_MAX : (UINT64_C(2) | (bytes[at + 2] & 1)) << (bytes[at + 2] / 2 + 11);
}

static bool asks_too_much(const struct unpack_place *place, struct feed *feed)
{
	uint64_t dictionary = 0;

	if (place->kind == CONTAINER_XZ && feed_fill(feed))
		dictionary = xz_dictionary(feed->at, feed->left);
	else if (place->kind == CONTAINER_LZMA && feed_fill(feed) && feed->left > 5)
		dictionary = feed->at[1] | (uint64_t)feed->at[2] << 8 | (uint64_t)feed->at[3] << 16 | (uint64_t)feed->at[4] << 24;
	if (dictionary <= DICTIONARY_MAX)
		return false;
	unpack_tell(place, UNPACK_LIMIT, NULL, "it asks for a dictionary that is too large");
	return true;
}

/* Open the archive and read it: from memory, where it is all there, or as it comes. */
static void read_archive(struct reading *reading, const struct unpack_whole *whole)
{
	const struct archive_library *library = reading->archives;
	int result;

	reading->archive = library->read_new();
	if (!reading->archive) {
		unpack_tell(reading->place, UNPACK_LIMIT, NULL, "there is no memory to read it");
		return;
	}
	result = reading->is_second ? library->read_support_format_zip_seekable(reading->archive) :
				      choose_format(library, reading->archive, reading->place->kind);
	if (result != ARCHIVE_OK) {
		unpack_tell(reading->place, UNPACK_UNSUPPORTED, NULL, "the installed libarchive does not read it");
	} else {
		result = whole->bytes ? library->read_open_memory(reading->archive, whole->bytes, whole->size) :
					library->read_open(reading->archive, reading, NULL, read_block, NULL);
		if (result == ARCHIVE_OK || result == ARCHIVE_WARN)
			read_members(reading);
		else
			tell(reading, NULL);
	}
	library->read_free(reading->archive);
	reading->archive = NULL;
}

void archive_unpack(const struct unpack_place *place, struct feed *feed)
{
	const char *missing;
	struct reading reading = { .place = place, .archives = archive_library_get(&missing), .feed = feed };
	struct unpack_whole whole = { 0 };
	locale_t before = (locale_t)0;
	struct feed start = *feed;
	uint64_t problems[UNPACK_PROBLEM_COUNT];

	if (!reading.archives && !*missing && place->unpacker->want_library) {
		place->unpacker->want_library(place->unpacker->events->context);
		place->unpacker->is_over = true;
		return;
	}
	if (!reading.archives) {
		unpack_tell(place, UNPACK_UNSUPPORTED, NULL, *missing ? missing : "libarchive was not loaded");
		return;
	}
	if (asks_too_much(place, feed))
		return;
	if (container_type(place->kind)->needs_whole && !unpack_whole(place, feed, &whole))
		return;
	if (reading.archives->utf8)
		before = uselocale(reading.archives->utf8);
	read_archive(&reading, &whole);
	/* from front to end a zip archive ends at a member of unknown length that cannot be read; its directory knows of those behind. What is found again is one place */
	if (place->kind == CONTAINER_ZIP && reading.had_problem && !place->unpacker->is_over && unpack_is_whole(place, &start)) {
		reading.is_second = true;
		if (unpack_whole(place, &start, &whole)) {
			/* what was wrong at first stays told, once */
			unpack_mark_problems(place->unpacker, problems);
			read_archive(&reading, &whole);
			unpack_forget_problems(place->unpacker, problems);
		}
	}
	if (before)
		uselocale(before);
	buffer_release(&reading.previous);
	unpack_let_go(place->unpacker, &whole);
}
