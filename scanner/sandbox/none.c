#include "sandbox/sandbox.h"

#include <sys/prctl.h>

int sandbox_enter(struct error *error)
{
	/* nothing that this process could be made to run gains rights from a set-user-id bit */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return error_set_errno(error, "cannot give up new privileges");
	return 0;
}
