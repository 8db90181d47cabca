/*
 * Which findings are no findings: because everywhere they stand the repository allows it, or because a baseline knows them. They are neither reported nor
 * sent, only counted. Private to broker/.
 */
#ifndef STAUNCH_BROKER_ALLOW_H
#define STAUNCH_BROKER_ALLOW_H

#include "broker/baseline.h"
#include "broker/collect.h"

/*
 * Take them out of a finished collection. One place that is not allowed keeps the finding, with that place: a mark in one commit does not hide a key
 * that stands without one in another. Returns how many went. written, unless it is NULL, takes in what stays and what the baseline knew.
 */
uint64_t allow_drop(struct collection *collection, const struct baseline *known, struct baseline *written);

#endif
