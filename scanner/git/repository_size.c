#define _GNU_SOURCE
#include "git/repository_size.h"

#include <dirent.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

/* Loose objects in the one folder that is counted, of which there are 256. */
#define SMALL_LOOSE_IN_ONE 3

/* More names than this in a folder are not those of a small repository. */
#define SMALL_NAMES 100

/* Add up the files of a folder, their number and their bytes. Returns false when there are more than a small repository has. A folder that is not there has none. */
static bool count_files(int objects, const char *name, long long *files, long long *bytes)
{
	int descriptor = openat(objects, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
	DIR *folder = descriptor < 0 ? NULL : fdopendir(descriptor);
	const struct dirent *entry;
	struct stat status;

	*files = *bytes = 0;
	if (!folder) {
		if (descriptor >= 0)
			close(descriptor);
		return true;
	}
	while (*files <= SMALL_NAMES && *bytes <= REPOSITORY_SMALL_BYTES && (entry = readdir(folder))) {
		if (fstatat(dirfd(folder), entry->d_name, &status, 0) || !S_ISREG(status.st_mode))
			continue;
		++*files;
		*bytes += status.st_size;
	}
	closedir(folder);
	return *files <= SMALL_NAMES && *bytes <= REPOSITORY_SMALL_BYTES;
}

bool repository_is_small(const char *path)
{
	static const char *const places[] = { ".git/objects", "objects" };
	int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK), objects = -1;
	bool is_small = false;

	for (size_t i = 0; root >= 0 && objects < 0 && i < sizeof(places) / sizeof(*places); i++)
		objects = openat(root, places[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
	if (objects >= 0) {
		long long files, bytes;

		is_small = faccessat(objects, "info/alternates", F_OK, 0) != 0 && count_files(objects, "pack", &files, &bytes) &&
			   count_files(objects, "17", &files, &bytes) && files <= SMALL_LOOSE_IN_ONE;
		close(objects);
	}
	if (root >= 0)
		close(root);
	return is_small;
}
