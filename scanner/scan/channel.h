/*
 * What the scan process may tell the broker, and nothing else: length-prefixed messages of a few types over a pipe.
 *
 * The scan process parses bytes from strangers, so the broker believes nothing it says: each message is bounded, each field
 * is checked, and a message that is not exactly as written down here ends the conversation. Credentials travel whole here (and only
 * here); the broker matches each again before anything is done with it.
 *
 * A message is a 32-bit length, an 8-bit type and the fields, in the machine's byte order: both ends are the same program.
 */
#ifndef STAUNCH_SCAN_CHANNEL_H
#define STAUNCH_SCAN_CHANNEL_H

#include "base/buffer.h"
#include "base/error.h"
#include "finding.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define CHANNEL_VERSION 3

/* The largest message, in bytes: a credential, a path, an archive path, an author and one more text at their ceilings, and the fixed fields. */
#define CHANNEL_MESSAGE_MAX (80u << 10)

/* The longest text in a message; the writer cuts longer ones. Linux paths end at 4,096 bytes, paths inside git trees have no end. */
#define CHANNEL_TEXT_MAX (16u << 10)

/* The longest list of forms that a credential was decoded from, with its NUL. */
#define CHANNEL_ENCODING_MAX 256

enum channel_type {
	CHANNEL_HELLO = 1,  /* first: the version */
	CHANNEL_TARGET,     /* a target begins; they are numbered from 0 in this order */
	CHANNEL_HIT,        /* a credential stands somewhere */
	CHANNEL_TRACE,      /* a git object told of in hits stands at this path, brought there by this commit */
	CHANNEL_LIFE,       /* when a credential came and went, and what leads to it */
	CHANNEL_INCOMPLETE, /* something could not be scanned */
	CHANNEL_TARGET_END, /* how much the current target held */
	CHANNEL_END,        /* last: all targets were walked to their end (or stopped by a signal, said by its flag) */
};

struct channel_message {
	enum channel_type type;
	uint32_t version;      /* HELLO */
	const char *kind_word; /* TARGET: the target's kind; INCOMPLETE: what; borrowed until the next read */
	const char *text;      /* TARGET: its path; LIFE: refs or NULL; INCOMPLETE: detail; borrowed likewise */
	uint32_t rule;         /* HIT: rule index */
	uint32_t key;          /* HIT, LIFE: the scan process's number of the distinct credential */
	const char *secret;    /* HIT: secret_size bytes; borrowed likewise */
	size_t secret_size;
	bool traced;           /* HIT: TRACE messages may tell later where its object stands */
	struct place place;    /* HIT, TRACE, INCOMPLETE (target, object, path); its strings are borrowed likewise */
	struct sighting first_seen, last_seen, removed; /* LIFE, as in struct finding */
	uint64_t commits_total, refs_total;
	bool at_head;
	uint64_t commits, objects, bytes; /* TARGET_END */
	bool interrupted;                 /* END */
};

/* The scan process's end. Any thread may write. */
struct channel_writer {
	int fd;               /* owned by whoever opened it */
	pthread_mutex_t lock; /* guards the order of bytes on fd, and message */
	struct buffer message;
	bool broken; /* the broker is gone: nothing more is written */
};

void channel_writer_init(struct channel_writer *writer, int fd);
void channel_writer_release(struct channel_writer *writer);

/*
 * Send a message; only the fields of its type matter. Returns 0, or ERROR_IO once the broker is gone, after which the scan has no
 * purpose left and should end.
 */
int channel_write(struct channel_writer *writer, const struct channel_message *message);

/* The broker's end; one thread. */
struct channel_reader {
	int fd;
	unsigned char *bytes; /* CHANNEL_MESSAGE_MAX and a little: filled from fd */
	size_t used, length;  /* bytes[used] to bytes[length] are not taken yet */
};

void channel_reader_init(struct channel_reader *reader, int fd);
void channel_reader_release(struct channel_reader *reader);

/*
 * Read the next message. Returns 1, 0 at the end of the stream between two messages, ERROR_MALFORMED for anything that is not a
 * message (the conversation is over), ERROR_INTERRUPTED when a signal came first (call again), ERROR_IO.
 */
int channel_read(struct channel_reader *reader, struct channel_message *message, struct error *error);

#endif
