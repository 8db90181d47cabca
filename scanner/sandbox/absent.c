/*
 * The layers that are Linux's, elsewhere: there are none. The Makefile takes this in place of landlock.c and seccomp.c.
 */
#include "sandbox/layer.h"

unsigned landlock_version(void)
{
	return 0;
}

int landlock_begin(unsigned abi, struct error *error)
{
	(void)abi;
	return error_set(error, ERROR_UNSUPPORTED, "this system has no Landlock");
}

void landlock_allow(const struct sandbox *sandbox, const char *path, enum sandbox_right right)
{
	(void)sandbox, (void)path, (void)right;
}

int landlock_enter(int ruleset, struct error *error)
{
	(void)ruleset;
	return error_set(error, ERROR_UNSUPPORTED, "this system has no Landlock");
}

bool seccomp_is_available(void)
{
	return false;
}

int seccomp_enter(struct error *error)
{
	return error_set(error, ERROR_UNSUPPORTED, "this system has no seccomp");
}

void sandbox_add_libraries(struct buffer *lines)
{
	(void)lines;
}
