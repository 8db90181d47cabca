/*
 * What a rotation has done so far, kept in a file so that a second run can finish what a first one began: once a key is
 * reported, the provider may not list it any more, and then nobody else knows which name, project and budget its
 * successor was to have.
 *
 * The file holds the old key's description and the successor's id, never a key; it is named by the old key's fingerprint and
 * lies in $XDG_STATE_HOME/staunch/rotations (0700), else below $HOME/.local/state. A finished rotation stays on record,
 * so that the same leaked key found again makes no second successor. One process at a time uses the folder.
 */
#ifndef STAUNCH_REVOKE_ROTATION_H
#define STAUNCH_REVOKE_ROTATION_H

#include "base/error.h"
#include "revoke/vercel.h"

#include <stdbool.h>
#include <stdint.h>

struct rotation {
	char *path;     /* owned: of the file */
	int lock;       /* owned: descriptor of the folder, locked while this is open; -1: none */
	bool begun;     /* an earlier run, or this one, has saved it; what follows holds */
	struct vercel_key old;  /* owned: as it was listed when the rotation began */
	int64_t newest;         /* createdAt of the newest key then listed, by the provider's clock */
	bool reported;          /* the provider took the report */
	bool creating;          /* a request for a successor was about to be sent */
	char *successor;        /* owned: its id; NULL: not known */
	bool done;              /* and it was handed over */
};

/*
 * Open the record of the credential with this fingerprint; make the folder where there is none. Returns 0; ERROR_IO; ERROR_LIMIT when
 * another process has a rotation under way; ERROR_MALFORMED for a file that is not what rotation_save() writes. Release it in any case.
 */
int rotation_open(struct rotation *rotation, const char *fingerprint, struct error *error);
void rotation_release(struct rotation *rotation);

/* Write it, whole or not at all, and to the disk. Returns 0 or ERROR_IO. Sets begun. */
int rotation_save(struct rotation *rotation, struct error *error);

#endif
