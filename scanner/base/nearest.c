#include "base/nearest.h"

#include <string.h>

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Of texts of at most NEAREST_LENGTH_MAX. rows[i % 3][j]: the distance of the first i letters of a and the first j of b. */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][NEAREST_LENGTH_MAX + 1], a_length = strlen(a), b_length = strlen(b);

	for (size_t i = 0; i <= a_length; i++) {
		size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			if (!i) {
				row[j] = j;
				continue;
			}
			row[j] = smaller(smaller(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = smaller(row[j], two_above[j - 2] + 1);
		}
	}
	return rows[a_length % 3][b_length];
}

void nearest_offer(struct nearest *nearest, const char *word)
{
	size_t length = strlen(word), found;

	if (length > NEAREST_LENGTH_MAX || strlen(nearest->text) > NEAREST_LENGTH_MAX)
		return;
	found = distance(nearest->text, word);
	if (found > (length < 3 ? 1 : length / 3) || (nearest->word && found >= nearest->distance))
		return;
	nearest->word = word;
	nearest->distance = found;
}
