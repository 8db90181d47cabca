/*
 * What libgit2 needs to read every blob of a repository and do nothing with it: git_odb_foreach, and git_odb_read
 * of what its header calls a blob. One thread, as in a plain program. Hash verification is off: git cat-file does not
 * recompute the hash of what it reads either.
 *
 *     libgit2_blobs REPOSITORY
 *
 * Prints one line of JSON: how many blobs there are, and their bytes.
 */
#include <git2.h>
#include <inttypes.h>
#include <stdio.h>

struct totals {
	git_odb *odb; /* borrowed */
	uint64_t blobs, bytes, failures;
};

static int object_read(const git_oid *id, void *context)
{
	struct totals *totals = context;
	git_odb_object *object;
	git_object_t type;
	size_t size;

	if (git_odb_read_header(&size, &type, totals->odb, id)) {
		totals->failures++;
		return 0;
	}
	if (type != GIT_OBJECT_BLOB)
		return 0;
	if (git_odb_read(&object, totals->odb, id)) {
		totals->failures++;
		return 0;
	}
	totals->blobs++;
	totals->bytes += git_odb_object_size(object);
	git_odb_object_free(object);
	return 0;
}

static int fail(const char *what)
{
	const git_error *error = git_error_last();

	fprintf(stderr, "libgit2_blobs: %s: %s\n", what, error ? error->message : "unknown error");
	return 3;
}

int main(int argc, char **argv)
{
	git_repository *repository = NULL;
	struct totals totals = { 0 };
	int status = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: libgit2_blobs REPOSITORY\n");
		return 2;
	}
	git_libgit2_init();
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
	if (git_repository_open(&repository, argv[1]) || git_repository_odb(&totals.odb, repository) ||
	    git_odb_foreach(totals.odb, object_read, &totals))
		status = fail(argv[1]);
	else
		printf("{\"blobs\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"failures\": %" PRIu64 "}\n",
		       totals.blobs, totals.bytes, totals.failures);
	git_odb_free(totals.odb);
	git_repository_free(repository);
	git_libgit2_shutdown();
	return status ? status : totals.failures ? 3 : 0;
}
