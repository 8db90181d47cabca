#define _GNU_SOURCE
#include "scan/channel.h"

#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- writing ---- */

void channel_writer_init(struct channel_writer *writer, int fd)
{
	memset(writer, 0, sizeof(*writer));
	writer->fd = fd;
	pthread_mutex_init(&writer->lock, NULL);
	buffer_reserve(&writer->message, CHANNEL_MESSAGE_MAX); /* never grows, so it leaves no copy of a secret behind */
}

void channel_writer_release(struct channel_writer *writer)
{
	buffer_wipe(&writer->message);
	pthread_mutex_destroy(&writer->lock);
}

static void put_u8(struct buffer *to, uint8_t value)
{
	buffer_add(to, &value, sizeof(value));
}

static void put_u32(struct buffer *to, uint32_t value)
{
	buffer_add(to, &value, sizeof(value));
}

static void put_u64(struct buffer *to, uint64_t value)
{
	buffer_add(to, &value, sizeof(value));
}

/* A text is its length + 1 and its bytes with the NUL, so that the reader can point at it; 0 is a NULL text. It is cut to size - 1 bytes. */
static void put_cut_text(struct buffer *to, const char *text, size_t size)
{
	size_t length = text ? strnlen(text, size - 1) : 0;

	put_u32(to, text ? (uint32_t)length + 1 : 0);
	if (text) {
		buffer_add(to, text, length);
		put_u8(to, 0);
	}
}

static void put_text(struct buffer *to, const char *text)
{
	put_cut_text(to, text, CHANNEL_TEXT_MAX);
}

static void put_place(struct buffer *to, const struct place *place)
{
	put_u32(to, place->target);
	put_u8(to, (uint8_t)place->kind);
	put_u8(to, place->reachable);
	put_u8(to, place->allowed);
	put_u8(to, place->has_date);
	put_u64(to, place->line);
	put_u64(to, place->column);
	put_u64(to, place->offset);
	put_u64(to, (uint64_t)place->date);
	put_text(to, place->object);
	put_text(to, place->commit);
	put_text(to, place->path);
	put_text(to, place->archive_path);
	put_cut_text(to, place->encoding, CHANNEL_ENCODING_MAX);
	put_text(to, place->author);
}

static void put_sighting(struct buffer *to, const struct sighting *sighting)
{
	put_text(to, sighting->commit);
	put_u64(to, (uint64_t)sighting->date);
}

static void put_fields(struct buffer *to, const struct channel_message *message)
{
	switch (message->type) {
	case CHANNEL_HELLO:
		put_u32(to, message->version);
		break;
	case CHANNEL_TARGET:
		put_text(to, message->kind_word);
		put_text(to, message->text);
		break;
	case CHANNEL_HIT:
		assert(message->secret_size <= SECRET_SIZE_MAX);
		put_u32(to, message->rule);
		put_u32(to, message->key);
		put_u8(to, message->traced);
		put_u32(to, (uint32_t)message->secret_size);
		buffer_add(to, message->secret, message->secret_size);
		put_place(to, &message->place);
		break;
	case CHANNEL_TRACE:
		put_place(to, &message->place);
		break;
	case CHANNEL_LIFE:
		put_u32(to, message->key);
		put_sighting(to, &message->first_seen);
		put_sighting(to, &message->last_seen);
		put_sighting(to, &message->removed);
		put_u64(to, message->commits_total);
		put_u64(to, message->refs_total);
		put_u8(to, message->at_head);
		put_text(to, message->text);
		break;
	case CHANNEL_INCOMPLETE:
		put_text(to, message->kind_word);
		put_text(to, message->text);
		put_place(to, &message->place);
		break;
	case CHANNEL_TARGET_END:
		put_u64(to, message->commits);
		put_u64(to, message->objects);
		put_u64(to, message->bytes);
		break;
	case CHANNEL_END:
		put_u8(to, message->interrupted);
		break;
	}
}

static int write_whole(int fd, const char *bytes, size_t length)
{
	while (length) {
		ssize_t written = write(fd, bytes, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return ERROR_IO;
		bytes += written;
		length -= (size_t)written;
	}
	return 0;
}

int channel_write(struct channel_writer *writer, const struct channel_message *message)
{
	uint32_t length;
	bool broken;

	pthread_mutex_lock(&writer->lock);
	if (!writer->broken) {
		buffer_clear(&writer->message);
		put_u32(&writer->message, 0);
		put_u8(&writer->message, (uint8_t)message->type);
		put_fields(&writer->message, message);
		length = (uint32_t)(writer->message.length - sizeof(length));
		memcpy(writer->message.bytes, &length, sizeof(length));
		if (write_whole(writer->fd, writer->message.bytes, writer->message.length))
			writer->broken = true;
		if (message->type == CHANNEL_HIT)
			explicit_bzero(writer->message.bytes, writer->message.length);
	}
	broken = writer->broken;
	pthread_mutex_unlock(&writer->lock);
	return broken ? ERROR_IO : 0;
}

/* ---- reading ---- */

void channel_reader_init(struct channel_reader *reader, int fd)
{
	reader->fd = fd;
	reader->used = reader->length = 0;
	reader->bytes = memory_allocate(CHANNEL_MESSAGE_MAX + sizeof(uint32_t));
}

void channel_reader_release(struct channel_reader *reader)
{
	explicit_bzero(reader->bytes, CHANNEL_MESSAGE_MAX + sizeof(uint32_t));
	free(reader->bytes);
	reader->bytes = NULL;
}

/* The fields of one message, taken from the front. Anything wrong sets bad, and what is taken from then on is empty. */
struct fields {
	const unsigned char *at;
	size_t left;
	bool bad;
};

static const unsigned char *take(struct fields *from, size_t size)
{
	const unsigned char *bytes = from->at;

	if (from->bad || size > from->left) {
		from->bad = true;
		return NULL;
	}
	from->at += size;
	from->left -= size;
	return bytes;
}

static uint8_t take_u8(struct fields *from)
{
	const unsigned char *bytes = take(from, 1);

	return bytes ? *bytes : 0;
}

static bool take_bool(struct fields *from)
{
	uint8_t value = take_u8(from);

	if (value > 1)
		from->bad = true;
	return value == 1;
}

static uint32_t take_u32(struct fields *from)
{
	const unsigned char *bytes = take(from, sizeof(uint32_t));
	uint32_t value = 0;

	if (bytes)
		memcpy(&value, bytes, sizeof(value));
	return value;
}

static uint64_t take_u64(struct fields *from)
{
	const unsigned char *bytes = take(from, sizeof(uint64_t));
	uint64_t value = 0;

	if (bytes)
		memcpy(&value, bytes, sizeof(value));
	return value;
}

static const char *take_text(struct fields *from)
{
	uint32_t size = take_u32(from);
	const unsigned char *bytes;

	if (!size)
		return NULL;
	if (size > CHANNEL_TEXT_MAX)
		from->bad = true;
	bytes = take(from, size);
	if (!bytes)
		return NULL;
	if (bytes[size - 1] || memchr(bytes, 0, size - 1)) {
		from->bad = true;
		return NULL;
	}
	return (const char *)bytes;
}

/* An object id is empty or 40 or 64 lower-case hexadecimal digits. */
static void take_object_id(struct fields *from, char id[OBJECT_ID_HEX_SIZE])
{
	const char *text = take_text(from);
	size_t length = text ? strlen(text) : 0;

	id[0] = '\0';
	if (length != 0 && ((length != 40 && length != 64) || strspn(text, "0123456789abcdef") != length))
		from->bad = true;
	else if (length)
		memcpy(id, text, length + 1);
}

/* Forms that a credential was decoded from: words of lower-case letters, digits and '-', with a ',' between two. */
static const char *take_encoding(struct fields *from)
{
	const char *text = take_text(from);
	size_t length = text ? strlen(text) : 0;

	if (text && (length >= CHANNEL_ENCODING_MAX || strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-,") != length || !length ||
		     text[0] == ',' || text[length - 1] == ',' || strstr(text, ",,")))
		from->bad = true;
	return text;
}

static void take_place(struct fields *from, struct place *place)
{
	memset(place, 0, sizeof(*place));
	place->target = take_u32(from);
	place->kind = take_u8(from);
	if (place->kind >= PLACE_KIND_COUNT)
		from->bad = true;
	place->reachable = take_bool(from);
	place->allowed = take_bool(from);
	place->has_date = take_bool(from);
	place->line = take_u64(from);
	place->column = take_u64(from);
	place->offset = take_u64(from);
	place->date = (int64_t)take_u64(from);
	take_object_id(from, place->object);
	take_object_id(from, place->commit);
	place->path = (char *)take_text(from);
	place->archive_path = (char *)take_text(from);
	place->encoding = (char *)take_encoding(from);
	place->author = (char *)take_text(from);
}

static void take_sighting(struct fields *from, struct sighting *sighting)
{
	take_object_id(from, sighting->commit);
	sighting->date = (int64_t)take_u64(from);
}

static void take_fields(struct fields *from, struct channel_message *message)
{
	switch (message->type) {
	case CHANNEL_HELLO:
		message->version = take_u32(from);
		break;
	case CHANNEL_TARGET:
		message->kind_word = take_text(from);
		message->text = take_text(from);
		from->bad |= !message->kind_word || !message->text;
		break;
	case CHANNEL_HIT:
		message->rule = take_u32(from);
		message->key = take_u32(from);
		message->traced = take_bool(from);
		message->secret_size = take_u32(from);
		from->bad |= message->secret_size == 0 || message->secret_size > SECRET_SIZE_MAX;
		message->secret = (const char *)take(from, message->secret_size);
		take_place(from, &message->place);
		break;
	case CHANNEL_TRACE:
		take_place(from, &message->place);
		break;
	case CHANNEL_LIFE:
		message->key = take_u32(from);
		take_sighting(from, &message->first_seen);
		take_sighting(from, &message->last_seen);
		take_sighting(from, &message->removed);
		message->commits_total = take_u64(from);
		message->refs_total = take_u64(from);
		message->at_head = take_bool(from);
		message->text = take_text(from);
		break;
	case CHANNEL_INCOMPLETE:
		message->kind_word = take_text(from);
		message->text = take_text(from);
		take_place(from, &message->place);
		from->bad |= !message->kind_word;
		break;
	case CHANNEL_TARGET_END:
		message->commits = take_u64(from);
		message->objects = take_u64(from);
		message->bytes = take_u64(from);
		break;
	case CHANNEL_END:
		message->interrupted = take_bool(from);
		break;
	default:
		from->bad = true;
	}
}

/* Have at least wanted bytes ready. Returns 1, 0 at the end of the stream, or a negative code. */
static int fill(struct channel_reader *reader, size_t wanted, struct error *error)
{
	if (reader->length - reader->used >= wanted)
		return 1;
	memmove(reader->bytes, reader->bytes + reader->used, reader->length - reader->used);
	reader->length -= reader->used;
	reader->used = 0;
	while (reader->length < wanted) {
		ssize_t got = read(reader->fd, reader->bytes + reader->length,
				   CHANNEL_MESSAGE_MAX + sizeof(uint32_t) - reader->length);

		if (got < 0 && errno == EINTR)
			return ERROR_INTERRUPTED;
		if (got < 0)
			return error_set_errno(error, "cannot read from the scan process");
		if (got == 0)
			return 0;
		reader->length += (size_t)got;
	}
	return 1;
}

int channel_read(struct channel_reader *reader, struct channel_message *message, struct error *error)
{
	struct fields fields;
	uint32_t length;
	int result = fill(reader, sizeof(length), error);

	if (result == 0 && reader->length > reader->used)
		return error_set(error, ERROR_MALFORMED, "the scan process stopped in the middle of a message");
	if (result != 1)
		return result;
	memcpy(&length, reader->bytes + reader->used, sizeof(length));
	if (length < 1 || length > CHANNEL_MESSAGE_MAX)
		return error_set(error, ERROR_MALFORMED, "the scan process sent a message of %u bytes", (unsigned)length);
	result = fill(reader, sizeof(length) + length, error);
	if (result == 0)
		return error_set(error, ERROR_MALFORMED, "the scan process stopped in the middle of a message");
	if (result != 1)
		return result;
	fields = (struct fields){ reader->bytes + reader->used + sizeof(length), length, false };
	reader->used += sizeof(length) + length;
	memset(message, 0, sizeof(*message));
	message->type = take_u8(&fields);
	take_fields(&fields, message);
	if (fields.bad || fields.left)
		return error_set(error, ERROR_MALFORMED, "the scan process sent a malformed message of type %d",
				 (int)message->type);
	return 1;
}
