#define _GNU_SOURCE
#include "ledger/evidence.h"

#include "base/buffer.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#define PREVIOUS "{\"previous\":\""
#define LINE "\",\"line\":"

static void hash_line(const char *line, size_t length, char hash[EVIDENCE_HASH_SIZE])
{
	unsigned char digest[SHA256_DIGEST_LENGTH];

	SHA256((const unsigned char *)line, length, digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(hash + 2 * i, 3, "%02x", digest[i]);
}

void evidence_begin(struct evidence *evidence, FILE *file)
{
	*evidence = (struct evidence){ .file = file };
	memset(evidence->head, '0', EVIDENCE_HASH_SIZE - 1);
}

void evidence_add(struct evidence *evidence, const char *members)
{
	struct buffer line = BUFFER_INIT;

	buffer_add_format(&line, PREVIOUS "%s" LINE "%" PRIu64 ",%s}", evidence->head, ++evidence->lines, members);
	hash_line(line.bytes, line.length, evidence->head);
	buffer_add_char(&line, '\n');
	fwrite(line.bytes, 1, line.length, evidence->file);
	buffer_release(&line);
}

static void end_members(uint64_t lines_before, char members[64])
{
	snprintf(members, 64, "\"end\":true,\"records\":%" PRIu64, lines_before - 1);
}

void evidence_end(struct evidence *evidence)
{
	char members[64];

	end_members(evidence->lines, members);
	evidence_add(evidence, members);
}

/* The number that a line says it has; 0 when it is none that evidence_add() wrote. *previous points at its hash. */
static uint64_t read_line(const char *line, size_t length, const char **previous)
{
	size_t before = strlen(PREVIOUS), hash = EVIDENCE_HASH_SIZE - 1;

	if (length < before + hash + strlen(LINE) || memcmp(line, PREVIOUS, before) != 0 ||
	    memcmp(line + before + hash, LINE, strlen(LINE)) != 0)
		return 0;
	*previous = line + before;
	return strtoull(line + before + hash + strlen(LINE), NULL, 10);
}

/* Whether a line is the last one that belongs behind the lines before it; head is their hash. */
static bool is_end(const char *line, size_t length, uint64_t number, const char *head)
{
	struct buffer expected = BUFFER_INIT;
	char members[64];
	bool same;

	end_members(number - 1, members);
	buffer_add_format(&expected, PREVIOUS "%s" LINE "%" PRIu64 ",%s}", head, number, members);
	same = expected.length == length && memcmp(expected.bytes, line, length) == 0;
	buffer_release(&expected);
	return same;
}

/* Check line number `number`, behind lines whose hash is head. */
static int check_line(const char *line, size_t length, uint64_t number, const char *head, struct error *error)
{
	const char *previous = NULL;
	uint64_t says = read_line(line, length, &previous);

	if (!says)
		return error_set(error, ERROR_MALFORMED, "line %" PRIu64 " is wrong: it is no line of evidence", number);
	if (says > number)
		return error_set(error, ERROR_MALFORMED,
				 "line %" PRIu64 " is wrong: it was written as line %" PRIu64 ", so lines before it were removed",
				 number, says);
	if (says < number)
		return error_set(error, ERROR_MALFORMED,
				 "line %" PRIu64 " is wrong: it was written as line %" PRIu64
				 ", so lines before it were put in, or it was moved here",
				 number, says);
	if (memcmp(previous, head, EVIDENCE_HASH_SIZE - 1) == 0)
		return 0;
	if (number == 1)
		return error_set(error, ERROR_MALFORMED, "line 1 is wrong: it does not begin a chain");
	return error_set(error, ERROR_MALFORMED,
			 "line %" PRIu64 " is wrong: it was changed, or line %" PRIu64 " was put in the place of another", number - 1,
			 number);
}

static int verify_lines(FILE *file, char **line, size_t *capacity, uint64_t *number, char head[EVIDENCE_HASH_SIZE],
			struct error *error)
{
	bool ended = false;
	ssize_t length;
	int result;

	memset(head, '0', EVIDENCE_HASH_SIZE - 1);
	head[EVIDENCE_HASH_SIZE - 1] = '\0';
	for (*number = 0; (length = getline(line, capacity, file)) > 0;) {
		size_t size = (size_t)length - 1;

		++*number;
		if (ended)
			return error_set(error, ERROR_MALFORMED, "line %" PRIu64 " is wrong: it stands behind the last one", *number);
		if ((*line)[size] != '\n')
			return error_set(error, ERROR_MALFORMED, "line %" PRIu64 " is wrong: it is cut off", *number);
		result = check_line(*line, size, *number, head, error);
		if (result)
			return result;
		ended = *number > 1 && is_end(*line, size, *number, head);
		hash_line(*line, size, head);
	}
	if (ferror(file))
		return error_set_errno(error, "it cannot be read");
	if (!ended && *number)
		return error_set(error, ERROR_MALFORMED,
				 "line %" PRIu64 " is wrong, or lines are cut off behind it: it is not the end of the evidence", *number);
	return ended ? 0 : error_set(error, ERROR_MALFORMED, "line 1 is missing: there is nothing in it");
}

int evidence_verify(FILE *file, uint64_t *records, char head[EVIDENCE_HASH_SIZE], struct error *error)
{
	uint64_t number;
	size_t capacity = 0;
	char *line = NULL;
	int result = verify_lines(file, &line, &capacity, &number, head, error);

	*records = result ? 0 : number - 2;
	free(line);
	return result;
}
