#define _GNU_SOURCE
#include "broker/baseline.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "report/report.h"
#include "rule/rule.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "sha256:"
#define DIGITS (SECRET_FINGERPRINT_SIZE - 1)

/* ---- entries ---- */

static int compare_entries(const void *a, const void *b)
{
	const struct baseline_entry *x = a, *y = b;
	int order = strcmp(x->fingerprint, y->fingerprint);

	/* of two alike the one that says more stands first */
	return order ? order : (x->comment == NULL) - (y->comment == NULL);
}

static void put_in_order(struct baseline *baseline)
{
	size_t kept = 0;

	if (baseline->count)
		qsort(baseline->entries, baseline->count, sizeof(*baseline->entries), compare_entries);
	for (size_t i = 0; i < baseline->count; i++) {
		if (kept && !strcmp(baseline->entries[kept - 1].fingerprint, baseline->entries[i].fingerprint))
			free(baseline->entries[i].comment);
		else
			baseline->entries[kept++] = baseline->entries[i];
	}
	baseline->count = kept;
}

static void add_entry(struct baseline *baseline, const char *fingerprint, char *comment)
{
	struct baseline_entry *entry;

	memory_grow(baseline->entries, baseline->count, baseline->capacity);
	entry = &baseline->entries[baseline->count++];
	memcpy(entry->fingerprint, fingerprint, DIGITS);
	entry->fingerprint[DIGITS] = '\0';
	entry->comment = comment;
}

void baseline_release(struct baseline *baseline)
{
	for (size_t i = 0; i < baseline->count; i++)
		free(baseline->entries[i].comment);
	free(baseline->entries);
	*baseline = (struct baseline){ 0 };
}

static int compare_fingerprints(const void *a, const void *b)
{
	return strcmp(((const struct baseline_entry *)a)->fingerprint, ((const struct baseline_entry *)b)->fingerprint);
}

bool baseline_has(const struct baseline *baseline, const char *fingerprint)
{
	struct baseline_entry wanted;

	memcpy(wanted.fingerprint, fingerprint, SECRET_FINGERPRINT_SIZE);
	return baseline->count &&
	       bsearch(&wanted, baseline->entries, baseline->count, sizeof(wanted), compare_fingerprints);
}

void baseline_add(struct baseline *baseline, const struct finding *finding)
{
	struct buffer comment = BUFFER_INIT;

	/* nothing but what follows from the credential: the same line on every machine */
	buffer_add_format(&comment, "# %s ", finding->rule->id);
	report_shorten(&comment, finding);
	add_entry(baseline, finding->fingerprint, comment.bytes);
}

void baseline_merge(struct baseline *baseline, const struct baseline *other)
{
	for (size_t i = 0; i < other->count; i++)
		add_entry(baseline, other->entries[i].fingerprint, memory_copy_string(other->entries[i].comment));
}

/* ---- reading ---- */

/* "sha256:" and its digits, which nothing like a digit follows. */
static bool is_fingerprint(const char *text, size_t length)
{
	size_t prefix = strlen(PREFIX);

	if (length < prefix + DIGITS || memcmp(text, PREFIX, prefix) != 0)
		return false;
	for (size_t i = 0; i < DIGITS; i++) {
		if (!strchr("0123456789abcdef", text[prefix + i]) || !text[prefix + i])
			return false;
	}
	return length == prefix + DIGITS || strchr(" \t\r#\"", text[prefix + DIGITS]);
}

/*
 * The fingerprints of a report. Within a string of JSON a quotation mark never stands alone, so this sequence is a member of that name
 * and nothing that a path or a message could hold.
 */
static void take_report(struct baseline *baseline, const char *text, size_t size)
{
	static const char member[] = "\"fingerprint\":";
	const char *at = text, *end = text + size;

	while ((at = memmem(at, (size_t)(end - at), member, strlen(member)))) {
		at += strlen(member);
		while (at < end && *at == ' ')
			at++;
		if (at < end && *at == '"' && is_fingerprint(at + 1, (size_t)(end - at - 1)))
			add_entry(baseline, at + 1 + strlen(PREFIX), NULL);
	}
}

static int take_list(struct baseline *baseline, const char *path, const char *text, size_t size, struct error *error)
{
	const char *line = text, *end = text + size, *next;
	unsigned number = 1;

	for (; line < end; line = next + 1, number++) {
		const char *last, *comment;

		next = memchr(line, '\n', (size_t)(end - line));
		if (!next)
			next = end;
		last = next;
		while (line < last && (*line == ' ' || *line == '\t'))
			line++;
		while (last > line && (last[-1] == ' ' || last[-1] == '\t' || last[-1] == '\r'))
			last--;
		if (line == last || *line == '#')
			continue;
		if (!is_fingerprint(line, (size_t)(last - line)))
			return error_set(error, ERROR_MALFORMED, "%s:%u: want a fingerprint, 'sha256:' and 64 hexadecimal digits", path, number);
		comment = line + strlen(PREFIX) + DIGITS;
		while (comment < last && (*comment == ' ' || *comment == '\t'))
			comment++;
		add_entry(baseline, line + strlen(PREFIX),
			  comment < last ? memory_copy_bytes(comment, (size_t)(last - comment)) : NULL);
	}
	return 0;
}

int baseline_load(struct baseline *baseline, const char *path, struct error *error)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0, front = 0;
	struct stat status;
	int result = 0;

	if (!file || fstat(fileno(file), &status)) {
		result = error_set_errno(error, "cannot read the baseline '%s'", path);
	} else if (!S_ISREG(status.st_mode) || (size_t)status.st_size > BASELINE_SIZE_MAX) {
		result = error_set(error, ERROR_CONFIGURATION, "the baseline '%s' is no file of at most %zu bytes", path, BASELINE_SIZE_MAX);
	} else {
		text = memory_allocate((size_t)status.st_size + 1);
		size = fread(text, 1, (size_t)status.st_size, file);
		if (ferror(file))
			result = error_set_errno(error, "cannot read the baseline '%s'", path);
	}
	while (front < size && strchr(" \t\r\n", text[front]))
		front++;
	if (!result && front < size && text[front] == '{')
		take_report(baseline, text, size);
	else if (!result)
		result = take_list(baseline, path, text, size, error);
	put_in_order(baseline);
	free(text);
	if (file)
		fclose(file);
	return result;
}

/* ---- writing ---- */

static int write_whole(int fd, const struct buffer *text)
{
	for (size_t done = 0; done < text->length;) {
		ssize_t written = write(fd, text->bytes + done, text->length - done);

		if (written < 0 && errno != EINTR)
			return -1;
		done += written > 0 ? (size_t)written : 0;
	}
	return fsync(fd);
}

int baseline_write(struct baseline *baseline, const char *path, struct error *error)
{
	char *temporary = memory_format("%s.XXXXXX", path);
	struct buffer text = BUFFER_INIT;
	struct stat status;
	mode_t mask = umask(0);
	int fd = mkostemp(temporary, O_CLOEXEC), result = 0;

	umask(mask);
	put_in_order(baseline);
	buffer_reserve(&text, 1);
	for (size_t i = 0; i < baseline->count; i++)
		buffer_add_format(&text, PREFIX "%s%s%s\n", baseline->entries[i].fingerprint,
				  baseline->entries[i].comment ? "  " : "",
				  baseline->entries[i].comment ? baseline->entries[i].comment : "");
	if (fd < 0 || write_whole(fd, &text) || fchmod(fd, stat(path, &status) ? 0666 & ~mask : status.st_mode & 0777))
		result = error_set_errno(error, "cannot write the baseline '%s'", path);
	if (fd >= 0 && close(fd) && !result)
		result = error_set_errno(error, "cannot write the baseline '%s'", path);
	if (!result && rename(temporary, path))
		result = error_set_errno(error, "cannot write the baseline '%s'", path);
	if (result && fd >= 0)
		unlink(temporary);
	buffer_release(&text);
	free(temporary);
	return result;
}
