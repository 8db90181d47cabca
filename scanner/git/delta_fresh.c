#include "git/delta_fresh.h"

#include "git/delta_reader.h"

#include <assert.h>

/* A run of the result's bytes. */
struct run {
	const unsigned char *bytes;
	size_t size;
};

/* The runs up to a seam, the newest last: each has a byte at least, so these hold what a text may have before the seam. */
#define RUNS_KEPT DELTA_REACH_MAX

struct seam_writer {
	const struct delta_seam_texts *texts;
	struct delta_seams *seams;
	struct run runs[RUNS_KEPT]; /* a ring */
	size_t run_count;           /* all that were met */
	size_t wanted;              /* bytes of the result that still belong to the piece begun last */
};

static void bytes_add(struct seam_writer *writer, const unsigned char *bytes, size_t size)
{
	struct delta_seams *seams = writer->seams;

	if (size > sizeof(seams->bytes) - seams->size) {
		seams->are_more = true;
		writer->wanted = 0;
		return;
	}
	memcpy(seams->bytes + seams->size, bytes, size);
	seams->size += size;
}

/* Begin a piece with the last bytes before this seam. */
static void piece_begin(struct seam_writer *writer)
{
	size_t reach = writer->texts->reach, first = writer->run_count, size = 0;

	while (first > 0 && writer->run_count - first < RUNS_KEPT && size < reach)
		size += writer->runs[--first % RUNS_KEPT].size;
	for (; first < writer->run_count; first++) {
		const struct run *run = &writer->runs[first % RUNS_KEPT];
		size_t skipped = size > reach ? size - reach : 0;

		size -= run->size;
		bytes_add(writer, run->bytes + skipped, run->size - skipped);
	}
}

/*
 * Whether a text may cross the seam between these runs: its two bytes stand in one, and so do two more, before or behind it. Asking first whether the
 * byte behind it stands in any text, as most do with all forms, is a branch that processors guess wrong.
 */
static bool may_be_crossed(const struct delta_seam_texts *texts, const struct run *before, const struct run *after)
{
	unsigned char last = before->bytes[before->size - 1], first = after->bytes[0];

	if (!delta_seam_has_pair(texts, last, first))
		return false;
	return !texts->are_long || before->size == 1 || after->size == 1 ||
	       delta_seam_has_pair(texts, before->bytes[before->size - 2], last) || delta_seam_has_pair(texts, first, after->bytes[1]);
}

static void run_add(struct seam_writer *writer, const struct run *run)
{
	const struct delta_seam_texts *texts = writer->texts;

	if (writer->run_count && may_be_crossed(texts, &writer->runs[(writer->run_count - 1) % RUNS_KEPT], run)) {
		if (!writer->wanted)
			piece_begin(writer);
		writer->wanted = texts->reach;
	}
	if (writer->wanted) {
		size_t taken = run->size < writer->wanted ? run->size : writer->wanted;

		writer->wanted -= taken;
		bytes_add(writer, run->bytes, taken);
	}
	writer->runs[writer->run_count++ % RUNS_KEPT] = *run;
}

const char *delta_apply_fresh(const unsigned char *base, size_t base_size, const unsigned char *delta,
			      size_t delta_size, unsigned char *result, size_t result_size,
			      const struct delta_seam_texts *texts, struct delta_seams *seams)
{
	struct delta_reader reader;
	const char *complaint = delta_begin(&reader, base, base_size, delta, delta_size, result_size);
	struct seam_writer writer;

	assert(texts->reach <= DELTA_REACH_MAX);
	writer.texts = texts;
	writer.seams = seams;
	writer.run_count = writer.wanted = 0; /* the runs need not be cleared */
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
		run_add(&writer, &run);
	}
	return complaint ? complaint : delta_end(&reader);
}
