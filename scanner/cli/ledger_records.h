/*
 * Records of the ledger as text: for people, for programs, for tables. Private to cli/.
 */
#ifndef STAUNCH_CLI_LEDGER_RECORDS_H
#define STAUNCH_CLI_LEDGER_RECORDS_H

#include "base/buffer.h"
#include "ledger/ledger.h"
#include "report/json_writer.h"

/* A line or two for people; what could steer a terminal is made visible. */
void record_add_human(struct buffer *buffer, const struct ledger_record *record);

/* The heading, and a row of values separated by commas (RFC 4180). */
void record_add_csv_heading(struct buffer *buffer);
void record_add_csv(struct buffer *buffer, const struct ledger_record *record);

/* The members of a record, into an object that is open. */
void record_add_members(struct json_writer *writer, const struct ledger_record *record);

#endif
