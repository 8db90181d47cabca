/*
 * Who claims: a run, named so that another process can tell whether it still lives. Private to ledger/.
 */
#ifndef STAUNCH_LEDGER_OWNER_H
#define STAUNCH_LEDGER_OWNER_H

#include <stdbool.h>
#include <stdint.h>

#define OWNER_RUN_SIZE 33 /* 128 random bits in hexadecimal */
#define OWNER_TEXT_SIZE 256

struct owner {
	char run[OWNER_RUN_SIZE];
	char host[OWNER_TEXT_SIZE], user[OWNER_TEXT_SIZE]; /* for people */
	/*
	 * Where process numbers mean the same: the boot and the pid namespace. Host names will not do: containers share
	 * them, and a machine keeps its own when it starts anew.
	 */
	char machine[OWNER_TEXT_SIZE];
	int64_t process, process_started; /* its number, and when it began (clock ticks since boot): numbers are used again */
	int64_t lease_until;
};

/* Fill in this process, with a new run. */
void owner_init(struct owner *owner);

/*
 * Whether the owner may still be at work at the time now. self tells which machine this is. On the same one a dead
 * process is seen at once; elsewhere, or when its lease has run out, the lease decides.
 */
bool owner_is_living(const struct owner *owner, const struct owner *self, int64_t now);

#endif
