/*
 * Reading the ledger: its records, each with where it stands and every attempt.
 */
#define _GNU_SOURCE
#include "base/memory.h"
#include "ledger/private.h"

#include <stdlib.h>
#include <string.h>

/*
 * A record and the memory behind its texts. They are read whole before the first is handed out, so that a list of any
 * length holds no lock while somebody reads it.
 */
struct entry {
	struct ledger_record record;
	char **texts; /* owned; text_count of them, owned too */
	size_t text_count, text_capacity;
	struct ledger_source *sources; /* owned */
	size_t source_capacity;
	struct ledger_attempt *attempts; /* owned */
	size_t attempt_capacity;
	struct ledger_verification *verifications; /* owned */
	size_t verification_capacity;
};

struct entries {
	const struct ledger *ledger;
	struct entry *items; /* owned; count of them */
	size_t count, capacity;
	const char *state; /* those shown otherwise are dropped; NULL: none */
};

static const char *keep(struct entry *entry, const char *text)
{
	memory_grow(entry->texts, entry->text_count, entry->text_capacity);
	entry->texts[entry->text_count] = memory_copy_string(text);
	return entry->texts[entry->text_count++];
}

static void entry_release(struct entry *entry)
{
	for (size_t i = 0; i < entry->text_count; i++)
		free(entry->texts[i]);
	free(entry->texts);
	free(entry->sources);
	free(entry->attempts);
	free(entry->verifications);
}

static void entries_release(struct entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		entry_release(&entries->items[i]);
	free(entries->items);
}

#define RUN_COLUMN_FIRST 17

static void take_record(void *context, const struct database_column *columns)
{
	static const char abandoned[] = "the run that was to send it ended before it could say what came of it";
	struct entries *entries = context;
	const struct ledger *ledger = entries->ledger;
	const char *state = columns[8].text, *message = columns[14].text, *settled = columns[16].text;
	struct ledger_record *record;
	struct entry *entry;
	struct owner owner;

	ledger_read_owner(&owner, columns + RUN_COLUMN_FIRST);
	if (strcmp(state, "claimed") == 0 && !owner_is_living(&owner, &ledger->self, database_now(ledger->database))) {
		state = *settled ? settled : "pending"; /* the end of one that was to send it again changes nothing */
		message = *settled ? message : abandoned;
	}
	if (entries->state && strcmp(state, entries->state) != 0)
		return;
	memory_grow(entries->items, entries->count, entries->capacity);
	entry = &entries->items[entries->count++];
	*entry = (struct entry){ 0 };
	record = &entry->record;
	record->key = (struct ledger_key){ .fingerprint = keep(entry, columns[0].text),
					   .rule = keep(entry, columns[1].text),
					   .endpoint = keep(entry, columns[2].text),
					   .provider = keep(entry, columns[3].text),
					   .secret = keep(entry, columns[4].text),
					   .confidence = keep(entry, columns[5].text),
					   .places = keep(entry, columns[6].text),
					   .places_total = (uint64_t)columns[7].number };
	record->state = keep(entry, state);
	record->message = keep(entry, message);
	record->verified = keep(entry, columns[15].text);
	record->run = keep(entry, columns[9].text);
	record->found = columns[10].number;
	record->updated = columns[11].number;
	record->http_status = (unsigned)columns[12].number;
	record->attempt_count = (size_t)columns[13].number;
	record->host = keep(entry, owner.host);
	record->user = keep(entry, owner.user);
	record->version = keep(entry, columns[RUN_COLUMN_FIRST + RUN_COLUMN_COUNT].text);
}

static int read_records(struct ledger *ledger, const struct ledger_filter *filter, struct entries *entries,
			struct error *error)
{
	struct buffer path = BUFFER_INIT;
	int result;

	buffer_add_string(&path, ""); /* so that there is a text in any case */
	ledger_encode_path(&path, filter->repository ? filter->repository : "");
	/* a state is looked for in entries, because a claim whose run has died is shown as pending */
	const struct database_value values[] = { TEXT(filter->rule ? filter->rule : ""), NUMBER(filter->since),
						 TEXT(path.bytes) };

	result = database_run(ledger->database,
			      "SELECT c.fingerprint, c.rule, c.endpoint, c.provider, c.secret, c.confidence, c.places,"
			      " c.places_total, c.state, c.owner, c.found, c.updated, c.http_status, c.attempts, c.message,"
			      " c.verified, c.settled, " RUN_COLUMNS ", r.version FROM claims c LEFT JOIN runs r ON r.id = c.owner"
			      " WHERE (c.rule = $1 OR $1 = '') AND c.updated >= $2 AND ($3 = '' OR EXISTS (SELECT 1 FROM sources s"
			      " WHERE s.fingerprint = c.fingerprint AND s.rule = c.rule AND s.endpoint = c.endpoint"
			      " AND (s.path = $3 OR substr(s.path, 1, length($3) + 1) = $3 || '/')))"
			      " ORDER BY c.found, c.fingerprint, c.rule, c.endpoint",
			      values, 3, take_record, entries, error);
	buffer_release(&path);
	return result;
}

static void take_source(void *context, const struct database_column *columns)
{
	struct entry *entry = context;
	struct ledger_key *key = &entry->record.key;
	struct buffer path = BUFFER_INIT;

	buffer_add_string(&path, "");
	ledger_decode_path(&path, columns[1].text);
	memory_grow(entry->sources, key->source_count, entry->source_capacity);
	entry->sources[key->source_count++] =
		(struct ledger_source){ .kind = keep(entry, columns[0].text),
					.path = path.length ? keep(entry, path.bytes) : NULL };
	key->sources = entry->sources;
	buffer_release(&path);
}

static void take_attempt(void *context, const struct database_column *columns)
{
	struct entry *entry = context;
	struct ledger_record *record = &entry->record;

	memory_grow(entry->attempts, record->attempt_count, entry->attempt_capacity);
	entry->attempts[record->attempt_count++] =
		(struct ledger_attempt){ .number = (unsigned)columns[0].number,
					 .started = columns[1].number,
					 .duration_ms = columns[2].number,
					 .state = keep(entry, columns[3].text),
					 .http_status = (unsigned)columns[4].number,
					 .message = keep(entry, columns[5].text),
					 .run = keep(entry, columns[6].text),
					 .host = keep(entry, columns[7].text),
					 .user = keep(entry, columns[8].text),
					 .version = keep(entry, columns[9].text) };
	record->attempts = entry->attempts;
}

static void take_verification(void *context, const struct database_column *columns)
{
	struct entry *entry = context;
	struct ledger_record *record = &entry->record;

	memory_grow(entry->verifications, record->verification_count, entry->verification_capacity);
	entry->verifications[record->verification_count++] =
		(struct ledger_verification){ .attempt = (unsigned)columns[0].number,
					      .asked = columns[1].number,
					      .verified = keep(entry, columns[2].text),
					      .message = keep(entry, columns[3].text),
					      .run = keep(entry, columns[4].text),
					      .host = keep(entry, columns[5].text),
					      .user = keep(entry, columns[6].text),
					      .version = keep(entry, columns[7].text) };
	record->verifications = entry->verifications;
}

static int read_details(struct ledger *ledger, struct entry *entry, struct error *error)
{
	const struct ledger_key *key = &entry->record.key;
	const struct database_value values[] = { TEXT(key->fingerprint), TEXT(key->rule), TEXT(key->endpoint) };
	int result = database_run(ledger->database,
				  "SELECT kind, path FROM sources WHERE fingerprint = $1 AND rule = $2 AND endpoint = $3"
				  " ORDER BY kind, path",
				  values, 3, take_source, entry, error);

	entry->record.attempt_count = 0;
	if (!result)
		result = database_run(ledger->database,
				      "SELECT a.number, a.started, a.duration_ms, a.state, a.http_status, a.message, a.run, r.host,"
				      " r.username, r.version FROM attempts a LEFT JOIN runs r ON r.id = a.run"
				      " WHERE a.fingerprint = $1 AND a.rule = $2 AND a.endpoint = $3"
				      " ORDER BY a.number",
				      values, 3, take_attempt, entry, error);
	if (!result)
		result = database_run(ledger->database,
				      "SELECT v.attempt, v.asked, v.verified, v.message, v.run, r.host, r.username, r.version"
				      " FROM verifications v LEFT JOIN runs r ON r.id = v.run"
				      " WHERE v.fingerprint = $1 AND v.rule = $2 AND v.endpoint = $3 ORDER BY v.number",
				      values, 3, take_verification, entry, error);
	return result;
}

int ledger_list(struct ledger *ledger, const struct ledger_filter *filter, ledger_visit *visit, void *context,
		struct error *error)
{
	struct entries entries = { .ledger = ledger, .state = filter->state };
	int result = read_records(ledger, filter, &entries, error);

	for (size_t i = 0; i < entries.count && !result; i++)
		result = read_details(ledger, &entries.items[i], error);
	if (result)
		result = ledger_fail(ledger, error);
	for (size_t i = 0; i < entries.count && result >= 0; i++)
		result = visit(context, &entries.items[i].record);
	entries_release(&entries);
	return result < 0 ? result : 0;
}
