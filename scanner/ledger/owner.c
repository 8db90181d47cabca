#define _GNU_SOURCE
#include "ledger/owner.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* The start time of a process; 0: not known, -1: there is none of this number, or it is dead and only not yet waited for. */
static int64_t process_start(int64_t process)
{
	char path[64], text[1024], state;
	unsigned long long started;
	const char *behind_name;
	size_t length;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)process);
	file = fopen(path, "re");
	if (!file) /* no /proc, or one that hides the processes of others */
		return kill((pid_t)process, 0) && errno == ESRCH ? -1 : 0;
	length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[length] = '\0';
	behind_name = strrchr(text, ')'); /* a name may hold anything, also a ')' */
	/* proc(5): the state is field 3, the start time field 22 */
	if (!behind_name ||
	    sscanf(behind_name + 1, " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu", &state,
		   &started) != 2)
		return 0;
	return state == 'Z' || state == 'X' ? -1 : (int64_t)started;
}

static void read_machine(char machine[OWNER_TEXT_SIZE])
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
	char boot[64] = "";
	struct stat space;

	if (file) {
		if (!fgets(boot, sizeof(boot), file))
			boot[0] = '\0';
		fclose(file);
	}
	boot[strcspn(boot, "\n")] = '\0';
	if (boot[0] && !stat("/proc/self/ns/pid", &space))
		snprintf(machine, OWNER_TEXT_SIZE, "%s/%llu", boot, (unsigned long long)space.st_ino);
	else
		machine[0] = '\0'; /* like no other */
}

void owner_init(struct owner *owner)
{
	const struct passwd *user = getpwuid(geteuid());
	unsigned char random[16];

	*owner = (struct owner){ .process = getpid() };
	while (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		;
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(owner->run + 2 * i, 3, "%02x", random[i]);
	if (gethostname(owner->host, sizeof(owner->host) - 1))
		strcpy(owner->host, "unknown");
	if (user)
		snprintf(owner->user, sizeof(owner->user), "%s", user->pw_name);
	else
		snprintf(owner->user, sizeof(owner->user), "%u", (unsigned)geteuid());
	read_machine(owner->machine);
	owner->process_started = process_start(owner->process);
}

bool owner_is_living(const struct owner *owner, const struct owner *self, int64_t now)
{
	int64_t started;

	if (owner->lease_until <= now)
		return false;
	if (!owner->machine[0] || strcmp(owner->machine, self->machine) != 0)
		return true;
	started = process_start(owner->process);
	return started >= 0 && (!started || !owner->process_started || started == owner->process_started);
}
