/*
 * delta_apply() on deltas written by hand: each instruction, each size at which the copying changes, and every way
 * of being wrong.
 */
#include "delta_builder.h"

#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BASE_SIZE 200000

static unsigned char *base;

static int base_make(void **state)
{
	(void)state;
	base = memory_allocate(BASE_SIZE + DELTA_SLACK);
	for (size_t i = 0; i < BASE_SIZE; i++)
		base[i] = (unsigned char)(i * 2654435761u >> 24);
	memset(base + BASE_SIZE, 0xee, DELTA_SLACK);
	return 0;
}

static int base_free(void **state)
{
	(void)state;
	free(base);
	return 0;
}

/*
 * Apply a delta whose bytes end, but for the slack, where its memory ends. Returns what delta_apply() said;
 * *result is the caller's.
 */
static const char *apply(const struct buffer *delta, size_t base_size, size_t result_size, unsigned char **result)
{
	unsigned char *exact = memory_allocate(delta->length + DELTA_SLACK);
	const char *complaint;

	memcpy(exact, delta->bytes, delta->length);
	*result = memory_allocate(result_size + DELTA_SLACK);
	complaint = delta_apply(base, base_size, exact, delta->length, *result, result_size);
	free(exact);
	return complaint;
}

/* Run lengths around every border: one step, several, memcpy(), the longest one. */
static void test_copies(void **state)
{
	static const uint32_t sizes[] = { 1,   2,   15,	 16,  17,  31,	32,  33,     63,      64,     65,
					  127, 128, 129, 255, 256, 257, 511, 512,    0xffff,  0x10001, 0x20000 };
	static const uint32_t offsets[] = { 0, 1, 0xff, 0x100, 0x101, 0x10000, 0x10001, 0x10100 };

	(void)state;
	for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
		for (size_t o = 0; o < sizeof(offsets) / sizeof(*offsets); o++) {
			struct buffer delta = BUFFER_INIT;
			unsigned char *result;

			size_add(&delta, BASE_SIZE);
			size_add(&delta, sizes[s]);
			copy_add(&delta, offsets[o], sizes[s]);
			assert_null(apply(&delta, BASE_SIZE, sizes[s], &result));
			assert_memory_equal(result, base + offsets[o], sizes[s]);
			free(result);
			buffer_release(&delta);
		}
	}
}

static void test_copy_without_size(void **state)
{
	struct buffer delta = BUFFER_INIT;
	unsigned char *result;

	(void)state;
	size_add(&delta, BASE_SIZE);
	size_add(&delta, 0x10000);
	buffer_add(&delta, "\x81\x05", 2);
	assert_null(apply(&delta, BASE_SIZE, 0x10000, &result));
	assert_memory_equal(result, base + 5, 0x10000);
	free(result);
	buffer_release(&delta);
}

/* Every combination of bytes that are there, also bytes that are there and zero. */
static void test_every_instruction(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 0x80; bits++) {
		static const unsigned char digits[7] = { 0x11, 0x01, 0, 0, 0x21, 0x02, 0 };
		struct buffer delta = BUFFER_INIT;
		uint32_t offset = 0, size = 0;
		unsigned char *result;

		for (unsigned i = 0; i < 7; i++) {
			if (bits >> i & 1 && i < 4)
				offset |= (uint32_t)digits[i] << 8 * i;
			else if (bits >> i & 1)
				size |= (uint32_t)digits[i] << 8 * (i - 4);
		}
		if (!size)
			size = 0x10000;
		size_add(&delta, BASE_SIZE);
		size_add(&delta, size);
		buffer_add_char(&delta, (char)(0x80 | bits));
		for (unsigned i = 0; i < 7; i++) {
			if (bits >> i & 1)
				buffer_add_char(&delta, (char)digits[i]);
		}
		assert_null(apply(&delta, BASE_SIZE, size, &result));
		assert_memory_equal(result, base + offset, size);
		free(result);
		buffer_release(&delta);
	}
}

/* Insertions of every length, between copies, and the very end of the base. */
static void test_mixture(void **state)
{
	(void)state;
	for (unsigned length = 1; length < 128; length++) {
		struct buffer delta = BUFFER_INIT, expected = BUFFER_INIT;
		unsigned char *result;

		buffer_add(&expected, base + BASE_SIZE - length, length);
		buffer_add(&expected, base + 77, length);
		buffer_add(&expected, base, 3);
		size_add(&delta, BASE_SIZE);
		size_add(&delta, expected.length);
		copy_add(&delta, BASE_SIZE - length, length);
		buffer_add_char(&delta, (char)length);
		buffer_add(&delta, base + 77, length);
		copy_add(&delta, 0, 3);
		assert_null(apply(&delta, BASE_SIZE, expected.length, &result));
		assert_memory_equal(result, expected.bytes, expected.length);
		free(result);
		buffer_release(&delta);
		buffer_release(&expected);
	}
}

static void test_empty_result(void **state)
{
	struct buffer delta = BUFFER_INIT;
	unsigned char *result;

	(void)state;
	size_add(&delta, 10);
	size_add(&delta, 0);
	assert_null(apply(&delta, 10, 0, &result));
	free(result);
	buffer_release(&delta);
}

static void complaint_expect(const char *bytes, size_t length, size_t base_size, size_t result_size,
			     const char *expected)
{
	struct buffer delta = BUFFER_INIT;
	unsigned char *result;

	buffer_add(&delta, bytes, length);
	assert_string_equal(apply(&delta, base_size, result_size, &result), expected);
	free(result);
	buffer_release(&delta);
}

static void test_broken(void **state)
{
	(void)state;
	complaint_expect("\x0a", 1, 10, 0, "the sizes of a delta are broken");
	complaint_expect("\x0b\x00", 2, 10, 0, "a delta is for a base of another size");
	complaint_expect("\x0a\x05", 2, 10, 6, "a delta makes an object of another size");
	complaint_expect("\x0a\x05", 2, 10, 5, "a delta makes fewer bytes than it says");
	complaint_expect("\x0a\x05\x90\x06", 4, 10, 5, "a delta makes more bytes than it says");
	complaint_expect("\x0a\x05\x04zyxw", 7, 10, 5, "a delta makes fewer bytes than it says");
	complaint_expect("\x0a\x03\x04zyxw", 7, 10, 3, "a delta makes more bytes than it says");
	complaint_expect("\x0a\x05\x05zyxw", 7, 10, 5, "a delta is cut off");
	complaint_expect("\x0a\x05\x91\x01", 4, 10, 5, "a delta is cut off");
	complaint_expect("\x0a\x05\xff\x01\x01\x01\x01\x01\x01", 9, 10, 5, "a delta is cut off");
	complaint_expect("\x0a\x05\x90\x05\x00", 5, 10, 5, "a delta holds an unknown instruction");
	complaint_expect("\x0a\x0b\x90\x0b", 4, 10, 11, "a delta copies from beyond its base");
	complaint_expect("\x0a\x01\x91\x0a\x01", 5, 10, 1, "a delta copies from beyond its base");
	complaint_expect("\x0a\x01\x9f\xff\xff\xff\xff\x01", 8, 10, 1, "a delta copies from beyond its base");
	complaint_expect("\x0a\x05\xaf\x00\x00\x00\x01\x05", 8, 10, 5, "a delta copies from beyond its base");
}

/* Read sizes, which must take expected bytes. */
static void sizes_expect(const char *bytes, size_t length, size_t expected, uint64_t base_size,
			 uint64_t result_size)
{
	uint64_t base_read = 0, result_read = 0;

	assert_int_equal(delta_sizes((const unsigned char *)bytes, length, &base_read, &result_read), expected);
	if (expected) {
		assert_true(base_read == base_size);
		assert_true(result_read == result_size);
	}
}

static void test_sizes(void **state)
{
	(void)state;
	sizes_expect("\x80\x80\x01\x7fzzz", 7, 4, 0x4000, 0x7f);
	sizes_expect("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00", 11, 11, UINT64_MAX, 0);
	/* one bit more than 64, a byte more than ten, and sizes that are cut off */
	sizes_expect("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02\x00", 11, 0, 0, 0);
	sizes_expect("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00\x00", 12, 0, 0, 0);
	sizes_expect("\x80", 1, 0, 0, 0);
	sizes_expect("", 0, 0, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copies),	     cmocka_unit_test(test_copy_without_size),
		cmocka_unit_test(test_every_instruction), cmocka_unit_test(test_mixture),
		cmocka_unit_test(test_empty_result),  cmocka_unit_test(test_broken),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, base_make, base_free);
}
