/*
 * For a test program that reads one file: its path, made before the first test of a group and removed behind the last.
 */
#ifndef STAUNCH_TESTS_UNIT_TEMPORARY_FILE_H
#define STAUNCH_TESTS_UNIT_TEMPORARY_FILE_H

#include <stdlib.h>
#include <unistd.h>

static char path[] = "/tmp/staunch_test.XXXXXX";

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

#endif
