/*
 * The one noun that all rooms share: a credential that was found, everywhere it stands, and what became of it.
 *
 * One finding per distinct credential; design section 6 is the form in which reports show it.
 */
#ifndef STAUNCH_FINDING_H
#define STAUNCH_FINDING_H

#include "base/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rule;

/* How sure we are (design section 4). In order: a higher one is surer. */
enum confidence {
	CONFIDENCE_POSSIBLE = 0, /* only the loose pattern holds, or the strict one on a placeholder */
	CONFIDENCE_LIKELY,       /* the pattern holds, the entropy is high enough, the checksum does not hold or there is none */
	CONFIDENCE_CERTAIN,      /* pattern and checksum hold */
};

enum place_kind {
	PLACE_BLOB = 0,
	PLACE_FILE,
	PLACE_INDEX,
	PLACE_COMMIT_MESSAGE, /* anywhere in a commit object: message, author, committer, further headers */
	PLACE_TAG_MESSAGE,    /* anywhere in a tag object */
	PLACE_NOTE,
	PLACE_PATH,   /* a file name inside a tree, or of a file on disk */
	PLACE_REFLOG,
	PLACE_CONFIG,
	PLACE_STDIN,
	PLACE_KIND_COUNT
};

/* A git object id in hexadecimal, SHA-1 (40) or SHA-256 (64), or "" for none. */
#define OBJECT_ID_HEX_SIZE 65

/* One place where a credential stands. Strings are owned by the place; NULL means not known or not applicable. */
struct place {
	uint32_t target; /* index into the run's targets */
	enum place_kind kind;
	bool reachable;  /* in git: from a ref or HEAD. Elsewhere true */
	bool allowed;    /* the repository says that it may stand here: it is no place to report */
	char *path;      /* as git or the file system spells it; bytes, not necessarily UTF-8 */
	char *archive_path; /* the members on the way from path to the bytes, outermost first, separated by '\n' (one in a member's
			       name is replaced by U+FFFD); NULL: none. Line, column and offset are then those in the last member */
	char *encoding;  /* forms it was decoded from, outermost first, separated by ','; NULL: it stands there plainly */
	uint64_t line;   /* from 1 */
	uint64_t column; /* from 1, in bytes */
	uint64_t offset; /* of the credential's first byte (or of its encoded form), from 0 */
	char object[OBJECT_ID_HEX_SIZE]; /* the blob, commit or tag */
	char commit[OBJECT_ID_HEX_SIZE]; /* the commit that brought this object to this path */
	char *author;    /* "Name <address>" */
	bool has_date;
	int64_t date;    /* the commit's author date, seconds since the epoch */
};

/* Copy *from, strings and all, into *to (which held nothing). / Give its strings back. */
void place_copy(struct place *to, const struct place *from);
void place_release(struct place *place);

/*
 * Order of places in a report: oldest first. Places with a date by date, then those without (files, the index, standard input: they are
 * there now); ties by every other field, so that the order is total and does not depend on threads.
 */
int place_compare(const struct place *a, const struct place *b);

/* The next member of an archive path, which *rest begins with and then goes on behind: a new string, for the caller to free; NULL: there is none. */
char *place_next_member(const char **rest);

/* A commit and its author date. commit[0] is NUL when there is none. */
struct sighting {
	char commit[OBJECT_ID_HEX_SIZE];
	int64_t date;
};

/* Design section 5. */
enum revocation_state {
	REVOCATION_NONE = 0, /* not to be sent: below --min-confidence, or its rule has nobody to tell */
	REVOCATION_DRY_RUN,  /* would be sent */
	REVOCATION_PENDING,  /* to be sent; not yet, or every attempt failed */
	REVOCATION_ACCEPTED,
	REVOCATION_GONE,
	REVOCATION_REJECTED,
	REVOCATION_STATE_COUNT
};

/* What --verify saw (design section 5). */
enum verification {
	VERIFICATION_NONE = 0, /* not asked */
	VERIFICATION_DEAD,
	VERIFICATION_ALIVE,    /* the provider still takes it */
	VERIFICATION_UNKNOWN,  /* asked, and no answer said so; the message says why */
};

struct revocation {
	enum revocation_state state;
	enum verification verified; /* of what was accepted or gone */
	unsigned http_status; /* of the last answer; 0: there was none */
	unsigned attempts;
	bool has_time;
	int64_t at;    /* when it was settled or last tried */
	bool earlier;  /* the ledger says so: another run settled it, and this one sent nothing */
	char *message; /* owned: why it is pending, rejected or of unknown life, with the provider's own words where there are any; never the credential. NULL: nothing to say */
};

/* The newest places kept for one finding, beside the first one (design section 6). */
#define FINDING_PLACES_MAX 100

struct finding {
	const struct rule *rule; /* borrowed from the run's rule set */
	enum confidence confidence;
	struct secret *secret; /* owned; NULL: read from a saved report, which has no credential, only what is shown of one */
	char *shown;           /* owned: the shortened credential, where secret is NULL; otherwise NULL */
	char fingerprint[SECRET_FINGERPRINT_SIZE];
	char *encoding;        /* owned: that of its plainest place, as there; NULL: it stands somewhere plainly */
	struct place *places;  /* owned: place_count of them, in place_compare() order */
	size_t place_count, place_capacity;
	uint64_t places_total; /* all that were seen, kept or not, but for those that are allowed */
	bool has_allowed;      /* some place is */
	struct sighting first_seen, last_seen; /* of the commits that hold it */
	struct sighting removed;               /* the last commit that took it away; none while no commit did */
	uint64_t commits_total; /* commits whose tree holds it */
	bool at_head;           /* the tree of HEAD holds it */
	char *refs;             /* owned: the first of the references whose history holds it ("refs/heads/main", or, where only a reflog
				   leads there, "HEAD@{2}"), each ended by '\n', which no name can hold; NULL: none */
	uint64_t refs_total;    /* all of them */
	struct revocation revocation;
};

/* Something that was not scanned (design section 1: never fail open). */
struct incomplete {
	uint32_t target;
	const char *what; /* one of a fixed list of words, as "missing-object"; static */
	char object[OBJECT_ID_HEX_SIZE];
	char *path;   /* owned, or NULL */
	char *detail; /* owned: for people */
};

/* What was asked to be scanned, and how much of it there was. */
struct target {
	const char *kind; /* "git", "staged", "range", "dir", "file", "stdin"; static */
	char *path;       /* owned */
	uint64_t commits, objects, bytes;
};

const char *confidence_name(enum confidence confidence);
const char *place_kind_name(enum place_kind kind);        /* "commit-message" */
const char *revocation_state_name(enum revocation_state state); /* "accepted"; "dry-run"; "none" */
const char *verification_name(enum verification verified);      /* "dead"; "none" */

#endif
