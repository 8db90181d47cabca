#include "git/delta_fresh.h"

#include "git/delta_reader.h"

#include <assert.h>

/* A run of the result's bytes. */
struct run {
	const unsigned char *bytes;
	size_t size;
};

static void seam_add(struct delta_seams *seams, const struct run *before, const struct run *after, size_t reach)
{
	if (before->size < reach || after->size < reach || sizeof(seams->bytes) - seams->size < 2 * reach) {
		seams->are_more = true;
		return;
	}
	memcpy(seams->bytes + seams->size, before->bytes + before->size - reach, reach);
	memcpy(seams->bytes + seams->size + reach, after->bytes, reach);
	seams->size += 2 * reach;
}

const char *delta_apply_fresh(const unsigned char *base, size_t base_size, const unsigned char *delta,
			      size_t delta_size, unsigned char *result, size_t result_size,
			      const struct delta_seam_texts *texts, struct delta_seams *seams)
{
	struct delta_reader reader;
	const char *complaint = delta_begin(&reader, base, base_size, delta, delta_size, result_size);
	struct run before = { NULL, 0 };

	assert(texts->reach <= DELTA_REACH_MAX);
	seams->size = 0;
	seams->are_more = false;
	while (!complaint && reader.at < reader.end) {
		struct run run;
		bool is_copied;

		complaint = delta_next(&reader, &run.bytes, &run.size, &is_copied);
		if (complaint)
			break;
		if (result) {
			delta_copy(result, run.bytes, run.size);
			result += run.size;
		}
		/* the bytes inserted are in cache and those of the base often not: most seams are settled by the one that stands behind them */
		if (texts->second[run.bytes[0]] && before.size &&
		    delta_seam_has_pair(texts, before.bytes[before.size - 1], run.bytes[0]))
			seam_add(seams, &before, &run, texts->reach);
		before = run;
	}
	return complaint ? complaint : delta_end(&reader);
}
