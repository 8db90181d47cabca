/*
 * The standard input of `revoke`: a credential a line. Private to broker/. One thread.
 */
#ifndef STAUNCH_BROKER_CREDENTIALS_H
#define STAUNCH_BROKER_CREDENTIALS_H

#include "broker/collect.h"

#include <stdatomic.h>

/* Collect them, until the end or until *stop. A line that is none is said, by its number, and counts as incomplete. */
void credentials_read(struct collection *collection, const atomic_int *stop);

#endif
