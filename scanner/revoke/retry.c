#define _GNU_SOURCE
#include "revoke/retry.h"

#include <locale.h>
#include <string.h>
#include <time.h>

/* strptime() knows the names of days and months by locale; HTTP knows the English ones. */
static const char *parse_date(const char *value, const char *form, struct tm *parts)
{
	locale_t english = newlocale(LC_TIME_MASK, "C", (locale_t)0);
	const char *end = NULL;

	if (english != (locale_t)0) {
		memset(parts, 0, sizeof(*parts));
		end = strptime_l(value, form, parts, english);
		freelocale(english);
	}
	return end;
}

static bool date_parse(const char *value, int64_t *date)
{
	static const char *const forms[] = {
		"%a, %d %b %Y %H:%M:%S GMT", /* Sun, 06 Nov 1994 08:49:37 GMT */
		"%A, %d-%b-%y %H:%M:%S GMT", /* Sunday, 06-Nov-94 08:49:37 GMT */
		"%a %b %e %H:%M:%S %Y",      /* Sun Nov  6 08:49:37 1994 */
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm parts;
		const char *end = parse_date(value, forms[i], &parts);

		if (end && end[strspn(end, " \t")] == '\0') {
			*date = (int64_t)timegm(&parts);
			return true;
		}
	}
	return false;
}

static int64_t clamp_wait(int64_t seconds)
{
	if (seconds < 0)
		return 0;
	return seconds < RETRY_AFTER_SECONDS_MAX ? seconds : RETRY_AFTER_SECONDS_MAX;
}

bool retry_after_parse(const char *value, int64_t now, int64_t *seconds)
{
	int64_t number = 0, date;
	size_t digits;

	value += strspn(value, " \t");
	digits = strspn(value, "0123456789");
	if (digits && value[digits + strspn(value + digits, " \t")] == '\0') {
		for (size_t i = 0; i < digits; i++)
			number = clamp_wait(number * 10 + (value[i] - '0'));
		*seconds = number;
		return true;
	}
	if (!date_parse(value, &date))
		return false;
	*seconds = clamp_wait(date - now);
	return true;
}

bool retry_status(unsigned status)
{
	switch (status) {
	case 408:
	case 425:
	case 429:
	case 500:
	case 502:
	case 503:
	case 504:
		return true;
	}
	return false;
}

int64_t retry_delay_ms(unsigned attempts, int64_t base_ms, uint64_t random)
{
	int64_t longest = base_ms;

	for (unsigned i = 1; i < attempts && longest < RETRY_CAP_MS; i++)
		longest *= 2;
	if (longest > RETRY_CAP_MS)
		longest = RETRY_CAP_MS;
	return (int64_t)(random % (uint64_t)(longest + 1));
}

int64_t retry_total_ms(unsigned timeout_seconds, unsigned retries, size_t count)
{
	uint64_t seconds = ((uint64_t)retries + 1) * timeout_seconds;

	if (seconds > RETRY_ATTEMPTS_SECONDS_MAX)
		seconds = RETRY_ATTEMPTS_SECONDS_MAX;
	return (int64_t)seconds * 1000 + 120000 + (int64_t)count * RETRY_EACH_MS;
}

int64_t retry_verify_ms(unsigned timeout_seconds, size_t count)
{
	uint64_t seconds = (uint64_t)VERIFY_ASKS * timeout_seconds;

	if (seconds > RETRY_ATTEMPTS_SECONDS_MAX)
		seconds = RETRY_ATTEMPTS_SECONDS_MAX;
	return (int64_t)seconds * 1000 + ((int64_t)RETRY_BASE_MS << VERIFY_ASKS) + (int64_t)count * RETRY_EACH_MS;
}
