/*
 * The words and figures themselves: texts, numbers with their nouns, dates.
 */
#include "report/human.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>

void human_init(struct human *human, struct buffer *out, const struct report_result *result)
{
	*human = (struct human){ .out = out, .result = result };
	report_mask_init(&human->mask, result, NULL);
}

void human_release(struct human *human)
{
	report_mask_release(&human->mask);
}

struct buffer *human_begin(struct human *human)
{
	buffer_clear(human->out);
	buffer_add_string(human->out, "");
	return human->out;
}

const char *human_value(struct human *human, const char *text)
{
	human_begin(human);
	human_add_text(human, text);
	return human->out->bytes;
}

void human_set_style(struct human *human, const char *style)
{
	if (human->color)
		buffer_add_string(human->out, style);
}

void human_add_number(struct human *human, uint64_t number)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, number);

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			buffer_add_char(human->out, ',');
		buffer_add_char(human->out, digits[i]);
	}
}

void human_add_count(struct human *human, uint64_t count, const char *one, const char *many)
{
	human_add_number(human, count);
	buffer_add_format(human->out, " %s", count == 1 ? one : many);
}

void human_add_text(struct human *human, const char *text)
{
	struct buffer masked = BUFFER_INIT;

	report_mask_add(&human->mask, &masked, text);
	text_add_harmless(human->out, masked.bytes);
	buffer_release(&masked);
}

size_t human_columns(const char *text, size_t length)
{
	size_t columns = 0;

	for (size_t i = 0; i < length; i++)
		columns += ((unsigned char)text[i] & 0xc0) != 0x80; /* every character but the bytes that only go on with one */
	return columns;
}

void human_add_date(struct human *human, int64_t date)
{
	char text[TEXT_TIME_SIZE];

	text_format_time(date, text);
	buffer_add(human->out, text, HUMAN_DATE_LENGTH);
}
