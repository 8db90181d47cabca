/*
 * What a repository allows to stand where it stands: by an entry of its .staunchignore, or by a mark on the line itself. Private to scan/.
 *
 * Which .staunchignore counts: the one in the root of the repository's working tree as it is now, in a bare repository that of HEAD's tree, for a
 * folder in no repository the one in it. One that a commit of the history brought does not count for that history.
 */
#ifndef STAUNCH_SCAN_ALLOWED_H
#define STAUNCH_SCAN_ALLOWED_H

#include "scan/ignore_file.h"

#include <stdbool.h>
#include <stddef.h>

struct repository;

struct allowed {
	bool off;                 /* --no-repo-config: nothing is */
	struct ignore_file file;
	char *said;               /* owned: the file whose faults were told; a target may be two, its history and its files */
	char *walk_front;         /* owned: what places of a walk over files begin with */
	char *root_front;         /* owned: what stands there in the root's own terms */
};

/* The .staunchignore that counts for a target with this path, whether it is there or not; owned by the caller. NULL when the path leads nowhere. */
char *allowed_file_name(const char *path);

/* Load what counts for the target that begins. After the last one, release. A submodule that is met is opened as a bare one. */
void allowed_load_repository(struct allowed *allowed, struct repository *repository);
void allowed_load_files(struct allowed *allowed, const char *path);
void allowed_clear(struct allowed *allowed);
void allowed_release(struct allowed *allowed);

/* Whether the file allows a credential, or a place. path is as the source spells it, NULL for none. Any thread. */
bool allowed_fingerprint(const struct allowed *allowed, const char *fingerprint);
bool allowed_path(const struct allowed *allowed, const char *path);

/*
 * Whether a mark ("staunch:allow" or "gitleaks:allow") stands on the line of bytes[start] to bytes[end]; within `before` bytes in front and up to `after` bytes
 * from start on, so that it does not depend on how content is cut into windows.
 */
bool allowed_mark(const struct allowed *allowed, const char *bytes, size_t size, size_t start, size_t end, size_t before,
		  size_t after);

#endif
