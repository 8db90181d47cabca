/*
 * The question before keys are revoked. Private to broker/.
 */
#ifndef STAUNCH_BROKER_QUESTION_H
#define STAUNCH_BROKER_QUESTION_H

#include "broker/broker.h"

struct claims;

/* Whether somebody is there to be asked, and is to be. */
bool question_is_wanted(const struct broker_options *options);

/*
 * Show on standard error what would be sent, the open claims, and ask on standard input whether to. Anything but a clear yes is no.
 */
bool question_ask(const struct report_result *result, const struct claims *claims);

#endif
