/*
 * From the scan process's messages to findings: one per credential, each confirmed here with the rule's own pattern, with its
 * places merged, counted and bounded. Private to broker/. One thread.
 */
#ifndef STAUNCH_BROKER_COLLECT_H
#define STAUNCH_BROKER_COLLECT_H

#include "base/error.h"
#include "finding.h"
#include "scan/channel.h"
#include "scan/key_table.h"

struct matcher;
struct rule_set;

/* Ceilings on what a scan process can make the broker hold. What is beyond is counted as incomplete. */
#define COLLECT_FINDINGS_MAX 1000000
#define COLLECT_UNTRACED_MAX 500000
#define COLLECT_INCOMPLETE_MAX 1000
#define COLLECT_BYTES_MAX (UINT64_C(512) << 20) /* of findings and places, with their texts */

struct collection {
	const struct rule_set *rules; /* borrowed */
	struct matcher *matcher;      /* owned: for the second look at every hit */
	struct finding **findings;    /* owned, as are they; finding_count of them */
	size_t finding_count, finding_capacity;
	bool *marked; /* owned; NULL: none is; finding_count of them */
	struct key_table known; /* (rule, fingerprint) -> index of its finding */
	uint32_t *finding_of_key; /* the scan process's key number -> index + 1 of its finding, 0: none */
	size_t key_capacity;
	struct untraced {
		char object[OBJECT_ID_HEX_SIZE];
		size_t finding;
		struct place place; /* its strings are owned */
		bool traced;        /* a TRACE message told where it stands */
	} *untraced; /* owned: hits of the current target whose objects may still be traced */
	size_t untraced_count, untraced_capacity;
	bool untraced_sorted;
	struct target *targets; /* owned */
	size_t target_count, target_capacity;
	size_t target_limit;  /* how many there may be, those asked for and those met: set by the caller of collection_init() */
	uint64_t held_bytes;  /* of what COLLECT_BYTES_MAX counts */
	struct incomplete *incomplete; /* owned: the first COLLECT_INCOMPLETE_MAX */
	size_t incomplete_count, incomplete_capacity;
	uint64_t incomplete_total;
	bool nothing_found_there; /* a target that does not exist, and nothing scanned so far */
	bool said_hello, ended, interrupted;
};

struct match_program;

void collection_init(struct collection *collection, const struct rule_set *rules, const struct match_program *program);
void collection_release(struct collection *collection);

/* Take one message. Returns 0, or ERROR_MALFORMED for one that a sound scan process would not send: then stop listening. */
int collection_take(struct collection *collection, const struct channel_message *message, struct error *error);

/* Something was not scanned, for a reason that the broker knows. */
void collection_add_incomplete(struct collection *collection, const char *what, const char *detail);

/* A credential that is there already, as `revoke` reads them. Returns its finding's index, or -1 when no rule knows it. */
long collection_add_credential(struct collection *collection, const void *bytes, size_t size, const struct place *place);

/*
 * After collection_finish(): mark the finding of this rule and fingerprint, if there is one; and drop all that are not
 * marked.
 */
bool collection_mark(struct collection *collection, const char *rule_id, const char *fingerprint);
void collection_keep_marked(struct collection *collection);

/* A finding, with all that it owns. */
void finding_free(struct finding *finding);

/* No more messages will come: settle what was not traced and put findings and incomplete entries in report order. */
void collection_finish(struct collection *collection);

#endif
