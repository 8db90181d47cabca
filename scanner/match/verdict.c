/*
 * Is it a credential, or something that only looks like one? (design section 4)
 */
#include "match/match.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

double match_entropy(const char *text, size_t length)
{
	size_t counts[256] = { 0 };
	double bits = 0;

	for (size_t i = 0; i < length; i++)
		counts[(unsigned char)text[i]]++;
	for (size_t i = 0; i < 256; i++) {
		if (counts[i]) {
			double share = (double)counts[i] / (double)length;

			bits -= share * log2(share);
		}
	}
	return bits;
}

/* Words that people write where the key goes. Each is at least 5 characters: a random key of 56 characters holds a given
 * one of them, in either case, less than twice in a million. */
static const char *const placeholder_words[] = {
	"example", "placeholder", "redacted", "changeme", "change_me", "change-me", "replace", "dummy", "insert",
	"your_key", "your-key", "yourkey", "your_api", "your-api", "yourapi", "your_token", "your-token", "yourtoken",
	"your_secret", "your-secret", "yoursecret", "fake_", "fake-", "fakekey", "test_key", "test-key", "testkey",
	"sample", "xxxxx", "not_a_real", "not-a-real", "notareal",
};

/* As long a run as chance gives once in ten million keys. */
#define RUN_LENGTH 6

static bool contains_word(const char *text, size_t length, const char *word)
{
	size_t word_length = strlen(word);

	for (size_t at = 0; at + word_length <= length; at++) {
		size_t i = 0;

		while (i < word_length && tolower((unsigned char)text[at + i]) == word[i])
			i++;
		if (i == word_length)
			return true;
	}
	return false;
}

bool match_is_placeholder(const char *text, size_t length)
{
	size_t same = 1, rising = 1, falling = 1;

	for (size_t i = 1; i < length; i++) {
		int step = (unsigned char)text[i] - (unsigned char)text[i - 1];

		if (step == '0' - '9')
			step = 1; /* …890123… goes on rising */
		same = step == 0 ? same + 1 : 1;
		rising = step == 1 ? rising + 1 : 1;
		falling = step == -1 ? falling + 1 : 1;
		if (same >= RUN_LENGTH || rising >= RUN_LENGTH || falling >= RUN_LENGTH)
			return true;
	}
	for (size_t i = 0; i < sizeof(placeholder_words) / sizeof(*placeholder_words); i++) {
		if (contains_word(text, length, placeholder_words[i]))
			return true;
	}
	return false;
}
