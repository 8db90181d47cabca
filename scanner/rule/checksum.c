/*
 * Checksums that credentials carry in themselves, with which a real one is told from a text of the same shape.
 *
 * Whether a provider really uses the algorithm a rule names is the rule's claim; here it is only computed.
 */
#include "rule/rule.h"

#include <assert.h>
#include <string.h>
#include <zlib.h>

/* Digits of the longest checksum field; crc32 fills 6 of them in base 62. */
#define CHECKSUM_DIGITS_MAX 64

static const char base62_digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/*
 * Write value in base 62 into the last of length digits, zeros before it. Returns what did not fit: 0 when all
 * did.
 */
static uint64_t base62_write(uint64_t value, char *digits, size_t length)
{
	for (size_t i = length; i > 0; i--) {
		digits[i - 1] = base62_digits[value % 62];
		value /= 62;
	}
	return value;
}

/* Returns whether the value fits into length digits. */
static bool value_write(enum checksum_algorithm algorithm, const char *text, size_t text_length, char *digits,
			size_t length)
{
	uint64_t value = 0;

	switch (algorithm) {
	case CHECKSUM_CRC32_BASE62:
		value = crc32_z(crc32_z(0, NULL, 0), (const unsigned char *)text, text_length);
		break;
	case CHECKSUM_NONE:
		assert(!"a rule without a checksum has none to compute");
		break;
	}
	return base62_write(value, digits, length) == 0;
}

bool checksum_holds(enum checksum_algorithm algorithm, const char *text, size_t text_length, const char *checksum,
		    size_t checksum_length)
{
	char expected[CHECKSUM_DIGITS_MAX];

	if (algorithm == CHECKSUM_NONE || checksum_length == 0 || checksum_length > sizeof(expected))
		return false;
	return value_write(algorithm, text, text_length, expected, checksum_length) &&
	       memcmp(expected, checksum, checksum_length) == 0;
}

void checksum_write(enum checksum_algorithm algorithm, const char *text, size_t text_length, char *digits,
		    size_t length)
{
	bool fits = value_write(algorithm, text, text_length, digits, length);

	assert(fits);
	(void)fits;
}
