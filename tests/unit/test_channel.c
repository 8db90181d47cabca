/*
 * Goal: what the scan process says arrives unchanged; what is not exactly a message is refused, whatever it is.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/memory.h"
#include "scan/channel.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OBJECT "0123456789abcdef0123456789abcdef01234567"

static char credential[] = "not a real one\0with a NUL";
static char path[] = "a\nb/\x1b[31mc", author[] = "A \xff <a@b>", members[] = "x.zip\n\xff", forms[] = "base64,utf-16le";

static const struct channel_message hit = {
	.type = CHANNEL_HIT,
	.rule = 3,
	.key = 70000,
	.secret = credential,
	.secret_size = sizeof(credential),
	.traced = true,
	.place = { .target = 2,
		   .kind = PLACE_BLOB,
		   .reachable = true,
		   .path = path,
		   .archive_path = members,
		   .encoding = forms,
		   .line = UINT64_C(5000000000),
		   .column = 7,
		   .offset = UINT64_C(6000000000),
		   .object = OBJECT,
		   .commit = "",
		   .author = author,
		   .has_date = true,
		   .date = -5 },
};

/* Write messages into a file and return its descriptor, at its start. */
static int write_messages(const struct channel_message *messages, size_t count)
{
	char name[] = "/tmp/staunch-channel-XXXXXX";
	struct channel_writer writer;
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	unlink(name);
	channel_writer_init(&writer, fd);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(channel_write(&writer, &messages[i]), 0);
	channel_writer_release(&writer);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static void messages_arrive_unchanged(void **state)
{
	struct channel_message sent[4] = {
		{ .type = CHANNEL_HELLO, .version = CHANNEL_VERSION },
		hit,
		{ .type = CHANNEL_LIFE, .key = 9, .first_seen = { OBJECT, 11 }, .last_seen = { OBJECT, 12 },
		  .removed = { OBJECT, 14 }, .text = "refs/heads/main\n", .commits_total = 13, .refs_total = 15, .at_head = true },
		{ .type = CHANNEL_END, .interrupted = true },
	};
	struct channel_message got;
	struct channel_reader reader;
	struct error error;
	int fd = write_messages(sent, 4);

	(void)state;
	channel_reader_init(&reader, fd);
	assert_int_equal(channel_read(&reader, &got, &error), 1);
	assert_int_equal(got.type, CHANNEL_HELLO);
	assert_int_equal(got.version, CHANNEL_VERSION);
	assert_int_equal(channel_read(&reader, &got, &error), 1);
	assert_int_equal(got.type, CHANNEL_HIT);
	assert_int_equal(got.rule, 3);
	assert_int_equal(got.key, 70000);
	assert_int_equal(got.secret_size, sizeof(credential));
	assert_memory_equal(got.secret, credential, sizeof(credential));
	assert_true(got.traced);
	assert_int_equal(place_compare(&got.place, &hit.place), 0);
	assert_int_equal(got.place.kind, PLACE_BLOB);
	assert_string_equal(got.place.author, author);
	assert_string_equal(got.place.archive_path, members);
	assert_string_equal(got.place.encoding, forms);
	assert_int_equal(channel_read(&reader, &got, &error), 1);
	assert_int_equal(got.commits_total, 13);
	assert_int_equal(got.last_seen.date, 12);
	assert_int_equal(got.removed.date, 14);
	assert_int_equal(got.refs_total, 15);
	assert_string_equal(got.text, "refs/heads/main\n");
	assert_string_equal(got.first_seen.commit, OBJECT);
	assert_true(got.at_head);
	assert_int_equal(channel_read(&reader, &got, &error), 1);
	assert_true(got.interrupted);
	assert_int_equal(channel_read(&reader, &got, &error), 0);
	channel_reader_release(&reader);
	close(fd);
}

static void long_texts_are_cut(void **state)
{
	size_t length = 100000;
	char *text = memory_allocate(length + 1);
	struct channel_message sent = hit, got;
	struct channel_reader reader;
	struct error error;
	int fd;

	(void)state;
	memset(text, 'p', length);
	text[length] = '\0';
	sent.place.path = sent.place.archive_path = sent.place.encoding = sent.place.author = text;
	fd = write_messages(&sent, 1);
	channel_reader_init(&reader, fd);
	assert_int_equal(channel_read(&reader, &got, &error), 1);
	assert_int_equal(strlen(got.place.path), CHANNEL_TEXT_MAX - 1);
	assert_int_equal(strlen(got.place.author), CHANNEL_TEXT_MAX - 1);
	assert_int_equal(strlen(got.place.archive_path), CHANNEL_TEXT_MAX - 1);
	assert_int_equal(strlen(got.place.encoding), CHANNEL_ENCODING_MAX - 1);
	assert_memory_equal(got.secret, credential, sizeof(credential));
	channel_reader_release(&reader);
	close(fd);
	free(text);
}

/* Read all messages from bytes; returns the last result. Nothing may crash, which the sanitizers watch. */
static int read_bytes(const unsigned char *bytes, size_t size, unsigned *messages)
{
	char name[] = "/tmp/staunch-channel-XXXXXX";
	struct channel_message message;
	struct channel_reader reader;
	struct error error;
	int fd = mkstemp(name), result;

	unlink(name);
	assert_int_equal(write(fd, bytes, size), (ssize_t)size);
	lseek(fd, 0, SEEK_SET);
	channel_reader_init(&reader, fd);
	*messages = 0;
	while ((result = channel_read(&reader, &message, &error)) == 1)
		++*messages;
	channel_reader_release(&reader);
	close(fd);
	return result;
}

static void a_message_cut_short_is_malformed(void **state)
{
	unsigned char bytes[512];
	unsigned messages;
	int fd = write_messages(&hit, 1);
	ssize_t size = read(fd, bytes, sizeof(bytes));

	(void)state;
	close(fd);
	assert_true(size > 100);
	assert_int_equal(read_bytes(bytes, (size_t)size, &messages), 0);
	assert_int_equal(messages, 1);
	for (size_t cut = 1; cut < (size_t)size; cut++)
		assert_int_equal(read_bytes(bytes, cut, &messages), ERROR_MALFORMED);
	/* a length that is one off leaves a byte over, or lacks one */
	bytes[0]++;
	assert_int_equal(read_bytes(bytes, (size_t)size, &messages), ERROR_MALFORMED);
	bytes[0] -= 2;
	assert_int_equal(read_bytes(bytes, (size_t)size, &messages), ERROR_MALFORMED);
}

static void a_length_without_bounds_is_refused(void **state)
{
	static const unsigned char huge[] = { 0xff, 0xff, 0xff, 0xff, CHANNEL_HIT };
	static const unsigned char empty[] = { 0, 0, 0, 0, CHANNEL_HIT };
	static const unsigned char unknown[] = { 1, 0, 0, 0, 200 };
	unsigned messages;

	(void)state;
	assert_int_equal(read_bytes(huge, sizeof(huge), &messages), ERROR_MALFORMED);
	assert_int_equal(read_bytes(empty, sizeof(empty), &messages), ERROR_MALFORMED);
	assert_int_equal(read_bytes(unknown, sizeof(unknown), &messages), ERROR_MALFORMED);
}

/* Reports show it as it is. */
static void a_form_is_words_and_nothing_else(void **state)
{
	static const char *const wrong[] = { "", ",", "base64,", ",hex", "hex,,hex", "Hex", "hex hex", "hex\n", "h\xc3\xa9" };
	struct channel_message sent = hit, got;
	struct channel_reader reader;
	struct error error;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		int fd;

		sent.place.encoding = (char *)wrong[i];
		fd = write_messages(&sent, 1);
		channel_reader_init(&reader, fd);
		assert_int_equal(channel_read(&reader, &got, &error), ERROR_MALFORMED);
		channel_reader_release(&reader);
		close(fd);
	}
}

static void flipped_bytes_never_do_harm(void **state)
{
	unsigned char bytes[512];
	unsigned messages;
	int fd = write_messages(&hit, 1);
	size_t size = (size_t)read(fd, bytes, sizeof(bytes));

	(void)state;
	close(fd);
	for (size_t at = 0; at < size; at++) {
		for (unsigned value = 1; value < 256; value <<= 1) {
			bytes[at] ^= (unsigned char)value;
			read_bytes(bytes, size, &messages);
			assert_true(messages <= 1);
			bytes[at] ^= (unsigned char)value;
		}
	}
}

static void a_reader_that_is_gone_is_told(void **state)
{
	struct channel_writer writer;
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	close(ends[0]);
	channel_writer_init(&writer, ends[1]);
	assert_int_equal(channel_write(&writer, &hit), ERROR_IO);
	assert_int_equal(channel_write(&writer, &hit), ERROR_IO);
	channel_writer_release(&writer);
	close(ends[1]);
}

static int ignore_sigpipe(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_arrive_unchanged),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(a_message_cut_short_is_malformed),
		cmocka_unit_test(a_length_without_bounds_is_refused),
		cmocka_unit_test(a_form_is_words_and_nothing_else),
		cmocka_unit_test(flipped_bytes_never_do_harm),
		cmocka_unit_test(a_reader_that_is_gone_is_told),
	};

	return cmocka_run_group_tests_name("channel", tests, ignore_sigpipe, NULL);
}
