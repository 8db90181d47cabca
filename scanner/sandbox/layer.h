/*
 * The layers that sandbox.c puts together, one file each. Private to sandbox/.
 */
#ifndef STAUNCH_SANDBOX_LAYER_H
#define STAUNCH_SANDBOX_LAYER_H

#include "sandbox/sandbox.h"

/* none.c: no new privileges, no descriptor that is not needed. */
int none_enter(const struct sandbox_needs *needs, struct error *error);

/* limits.c: the memory that a scan on so many threads may take; and the limits themselves. */
uint64_t limits_memory(unsigned jobs);
int limits_enter(const struct sandbox *sandbox, struct error *error);

/* seccomp.c: whether this kernel filters calls; and the filter, which may still be followed by Landlock. */
bool seccomp_is_available(void);
int seccomp_enter(struct error *error);

/* landlock.c: the version of this kernel's interface, 0 for none; begin a set of rules (its descriptor, or -1), add to sandbox->ruleset, enter. */
unsigned landlock_version(void);
int landlock_begin(unsigned abi, struct error *error);
void landlock_allow(const struct sandbox *sandbox, const char *path, enum sandbox_right right);
int landlock_enter(int ruleset, struct error *error);

#endif
