#include "git/delta.h"

#include "git/delta_reader.h"

#include <string.h>

/* A size as deltas spell it: seven bits a byte, the lowest first. Returns the byte behind it, or NULL. */
static const unsigned char *size_read(const unsigned char *at, const unsigned char *end, uint64_t *size)
{
	uint64_t value = 0;

	for (unsigned shift = 0; at < end && shift < 64; shift += 7) {
		uint64_t bits = *at & 0x7f;

		if (bits << shift >> shift != bits)
			return NULL;
		value |= bits << shift;
		if (!(*at++ & 0x80)) {
			*size = value;
			return at;
		}
	}
	return NULL;
}

size_t delta_sizes(const unsigned char *delta, size_t delta_size, uint64_t *base_size, uint64_t *result_size)
{
	const unsigned char *at = delta, *end = delta + delta_size;

	at = size_read(at, end, base_size);
	if (at)
		at = size_read(at, end, result_size);
	return at ? (size_t)(at - delta) : 0;
}

const char *delta_apply(const unsigned char *base, size_t base_size, const unsigned char *delta, size_t delta_size,
			unsigned char *result, size_t result_size)
{
	struct delta_reader reader;
	const char *complaint = delta_begin(&reader, base, base_size, delta, delta_size, result_size);

	while (!complaint && reader.at < reader.end) {
		const unsigned char *bytes;
		bool is_copied;
		size_t size;

		complaint = delta_next(&reader, &bytes, &size, &is_copied);
		if (complaint)
			break;
		delta_copy(result, bytes, size);
		result += size;
	}
	return complaint ? complaint : delta_end(&reader);
}

size_t delta_head(const unsigned char *base, const unsigned char *delta, size_t delta_size, unsigned char *made, size_t capacity,
		  const unsigned char **head)
{
	uint64_t base_size, result_size;
	struct delta_reader reader;
	size_t filled = 0;

	*head = made;
	if (!delta_sizes(delta, delta_size, &base_size, &result_size) ||
	    delta_begin(&reader, base, (size_t)base_size, delta, delta_size, (size_t)result_size))
		return 0;
	while (filled < capacity && reader.at < reader.end) {
		const unsigned char *bytes;
		bool is_copied;
		size_t size;

		if (delta_next(&reader, &bytes, &size, &is_copied))
			return 0;
		if (!filled && is_copied && size >= capacity) {
			*head = bytes;
			return capacity;
		}
		size = size < capacity - filled ? size : capacity - filled;
		memcpy(made + filled, bytes, size);
		filled += size;
	}
	return filled;
}
