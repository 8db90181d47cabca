/*
 * Landlock: which files can be opened, whatever this process is made to do (landlock(7), Documentation/userspace-api/landlock.rst).
 *
 * All rights of the kernel's version are handled, that is, taken away; reading is given back for what is scanned. glibc has no
 * functions for its calls. Constants beyond the headers of Debian 12 (Linux 6.1: version 2) have their values from
 * include/uapi/linux/landlock.h of Linux 6.15.
 */
#define _GNU_SOURCE
#include "sandbox/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15)
#endif
#ifndef LANDLOCK_ACCESS_NET_BIND_TCP
#define LANDLOCK_ACCESS_NET_BIND_TCP (1ULL << 0)
#define LANDLOCK_ACCESS_NET_CONNECT_TCP (1ULL << 1)
#endif
#ifndef LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
#define LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define LANDLOCK_SCOPE_SIGNAL (1ULL << 1)
#endif

/* What each version of the interface added. A later version than the last row's is used as that one. */
static const struct version_row {
	unsigned abi;
	uint64_t files, network, scopes;
} versions[] = {
	/* Linux 5.13: everything that opens, makes or removes */
	{ 1,
	  LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
		  LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
		  LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
		  LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM,
	  0, 0 },
	{ 2, LANDLOCK_ACCESS_FS_REFER, 0, 0 },     /* 5.19: rename and link across folders */
	{ 3, LANDLOCK_ACCESS_FS_TRUNCATE, 0, 0 },  /* 6.2: truncate(2), which needs no open file */
	{ 4, 0, LANDLOCK_ACCESS_NET_BIND_TCP | LANDLOCK_ACCESS_NET_CONNECT_TCP, 0 }, /* 6.7 */
	{ 5, LANDLOCK_ACCESS_FS_IOCTL_DEV, 0, 0 }, /* 6.10: ioctl(2) on devices opened from now on */
	{ 6, 0, 0, LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL }, /* 6.12: to processes outside */
};

/* struct landlock_ruleset_attr as of version 6: older kernels take its unknown members as long as they are 0. */
struct ruleset_attributes {
	uint64_t files, network, scopes;
};

/*
 * Each open file remembers whether it may be cut short, so that the kernel climbs from it to the root of all folders in search of that right;
 * with the right at the folder that reading was given for, it stops there, and a scan of many small files loses half as much. Nothing can be
 * cut short all the same: opening for writing is refused, and so is truncate(2), by seccomp: without it the right is not given.
 */
static uint64_t rights_of_a_file(const struct sandbox *sandbox)
{
	bool climbs = sandbox->landlock_abi >= 3 && sandbox->seccomp;

	return LANDLOCK_ACCESS_FS_READ_FILE | (climbs ? LANDLOCK_ACCESS_FS_TRUNCATE : 0);
}

unsigned landlock_version(void)
{
	/* ENOSYS: the kernel was built without it; EOPNOTSUPP: it was started without it */
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi > 0 ? (unsigned)abi : 0;
}

int landlock_begin(unsigned abi, struct error *error)
{
	struct ruleset_attributes taken = { 0 };
	long ruleset;

	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions) && versions[i].abi <= abi; i++) {
		taken.files |= versions[i].files;
		taken.network |= versions[i].network;
		taken.scopes |= versions[i].scopes;
	}
	ruleset = syscall(SYS_landlock_create_ruleset, &taken, sizeof(taken), 0);
	if (ruleset < 0)
		error_set_errno(error, "cannot make the scan process's Landlock rules (--sandbox off goes without)");
	return (int)ruleset;
}

void landlock_allow(const struct sandbox *sandbox, const char *path, enum sandbox_right right)
{
	struct landlock_path_beneath_attr rule = {
		.parent_fd = open(path, O_PATH | O_CLOEXEC | (right == SANDBOX_READ_LINKED ? 0 : O_NOFOLLOW)),
	};
	struct stat status;

	if (rule.parent_fd < 0)
		return;
	if (!fstat(rule.parent_fd, &status) && !S_ISLNK(status.st_mode)) {
		if (right != SANDBOX_LIST)
			rule.allowed_access |= rights_of_a_file(sandbox);
		if (S_ISDIR(status.st_mode))
			rule.allowed_access |= LANDLOCK_ACCESS_FS_READ_DIR;
		/* a failure leaves the file closed, and whoever wants it says so. EBADFD is a pipe or such, which no rule is needed for */
		syscall(SYS_landlock_add_rule, sandbox->ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	}
	close(rule.parent_fd);
}

int landlock_enter(int ruleset, struct error *error)
{
	if (syscall(SYS_landlock_restrict_self, ruleset, 0))
		return error_set_errno(error, "cannot put the scan process under Landlock (--sandbox off goes without)");
	return 0;
}
