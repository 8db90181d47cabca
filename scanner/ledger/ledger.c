#define _GNU_SOURCE
#include "ledger/private.h"

#include "base/memory.h"
#include "base/text.h"
#include "ledger/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int ledger_check_uri(const char *uri, struct error *error)
{
	struct location location;
	int result = location_parse(&location, uri, error);

	location_release(&location);
	return result;
}

int ledger_fail(const struct ledger *ledger, struct error *error)
{
	char *why = memory_copy_string(error->message);
	enum error_code code = error->code;

	error_set(error, code, "the ledger '%s' cannot be used: %s", ledger->location.name, why);
	free(why);
	return code;
}

int ledger_connect(const struct location *location, enum ledger_mode mode, struct database **database,
		   struct error *error)
{
	return location->postgres ? database_open_postgres(database, location->path, mode, error) :
				    database_open_sqlite(database, location->path, mode, error);
}

static int open_at(struct ledger *ledger, enum ledger_mode mode, struct error *error)
{
	int result = mode == LEDGER_CREATE ? location_make_folder(&ledger->location, error) : 0;

	if (!result)
		result = ledger_connect(&ledger->location, mode, &ledger->database, error);
	if (!result && mode != LEDGER_CREATE) {
		result = schema_check(ledger->database, error);
		if (mode == LEDGER_UPGRADE && result == ERROR_CONFIGURATION)
			result = 0;
	}
	if (!result && mode != LEDGER_READ)
		result = schema_upgrade(ledger->database, SCHEMA_VERSION, error);
	return result ? ledger_fail(ledger, error) : 0;
}

int ledger_open(struct ledger **opened, const char *uri, enum ledger_mode mode, const char *version,
		struct error *error)
{
	struct location location;
	struct ledger *ledger;
	int result = location_parse(&location, uri, error);

	*opened = NULL;
	if (result)
		return result;
	ledger = memory_allocate_zeroed(1, sizeof(*ledger));
	ledger->location = location;
	ledger->version = version;
	ledger->lease_seconds = LEDGER_LEASE_SECONDS;
	owner_init(&ledger->self);
	result = open_at(ledger, mode, error);
	if (result) {
		ledger_close(ledger);
		return result;
	}
	*opened = ledger;
	return 0;
}

void ledger_close(struct ledger *ledger)
{
	struct error ignored;

	if (!ledger)
		return;
	keeper_stop(ledger->keeper);
	if (ledger->enrolled) {
		const struct database_value values[] = { TEXT(ledger->self.run) };

		/* if it cannot be written, the lease ends by itself */
		database_run(ledger->database, "UPDATE runs SET lease_until = 0 WHERE id = $1", values, 1, NULL, NULL,
			     &ignored);
	}
	database_close(ledger->database);
	location_release(&ledger->location);
	free(ledger);
}

const char *ledger_name(const struct ledger *ledger)
{
	return ledger->location.name;
}

void ledger_set_lease_seconds(struct ledger *ledger, int64_t seconds)
{
	ledger->lease_seconds = seconds;
}

int ledger_keep_alive(struct ledger *ledger, atomic_int *lost, int lost_value, struct error *error)
{
	keeper_stop(ledger->keeper);
	ledger->keeper = NULL;
	if (!lost)
		return 0;
	return keeper_start(&ledger->keeper, ledger, lost, lost_value, error) ? ledger_fail(ledger, error) : 0;
}

int ledger_flush(struct ledger *ledger, struct error *error)
{
	return ledger->keeper && keeper_flush(ledger->keeper, error) ? ledger_fail(ledger, error) : 0;
}

void ledger_read_owner(struct owner *owner, const struct database_column *columns)
{
	*owner = (struct owner){ .process = columns[4].number,
				 .process_started = columns[5].number,
				 .lease_until = columns[6].number };
	snprintf(owner->run, sizeof(owner->run), "%s", columns[0].text);
	snprintf(owner->host, sizeof(owner->host), "%s", columns[1].text);
	snprintf(owner->machine, sizeof(owner->machine), "%s", columns[2].text);
	snprintf(owner->user, sizeof(owner->user), "%s", columns[3].text);
}

void ledger_status_release(struct ledger_status *status)
{
	free(status->message);
	free(status->owner);
	*status = (struct ledger_status){ 0 };
}

void ledger_encode_path(struct buffer *buffer, const char *path)
{
	size_t length = strlen(path);

	while (length) {
		uint32_t character;
		size_t size = text_decode_utf8((const unsigned char *)path, length, &character);

		if (!size || character < ' ' || character == '%' || character == 0x7f)
			buffer_add_format(buffer, "%%%02X", (unsigned char)*path);
		else
			buffer_add(buffer, path, size);
		size = size ? size : 1;
		path += size;
		length -= size;
	}
}

void ledger_decode_path(struct buffer *buffer, const char *text)
{
	while (*text) {
		unsigned byte;

		if (*text == '%' && sscanf(text + 1, "%2x", &byte) == 1 && byte) {
			buffer_add_char(buffer, (char)byte);
			text += 3;
		} else {
			buffer_add_char(buffer, *text++);
		}
	}
}
