#define _GNU_SOURCE
#include "ledger/database.h"

#include <assert.h>
#include <time.h>

void database_close(struct database *database)
{
	if (database)
		database->backend->close(database);
}

int database_run(struct database *database, const char *sql, const struct database_value *values, size_t count,
		 database_row *row, void *context, struct error *error)
{
	assert(count <= DATABASE_VALUES_MAX);
	return database->backend->run(database, sql, values, count, row, context, error);
}

int database_begin(struct database *database, bool exclusive, struct error *error)
{
	return database->backend->begin(database, exclusive, error);
}

int database_end(struct database *database, int result, struct error *error)
{
	struct error ignored;

	if (!result)
		result = database_run(database, "COMMIT", NULL, 0, NULL, NULL, error);
	if (result) /* what failed is known; that it could not be undone either (the server is gone) adds nothing */
		database_run(database, "ROLLBACK", NULL, 0, NULL, NULL, &ignored);
	return result;
}

int database_read_version(struct database *database, int64_t *version, struct error *error)
{
	return database->backend->read_version(database, version, error);
}

int database_write_version(struct database *database, int64_t version, struct error *error)
{
	return database->backend->write_version(database, version, error);
}

int64_t database_now(const struct database *database)
{
	return (int64_t)time(NULL) + database->clock_offset;
}

void ledger_add_libraries(struct buffer *lines)
{
	database_add_sqlite(lines);
	database_add_postgres(lines);
}
