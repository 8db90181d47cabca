#include "report/provenance.h"

#include "base/memory.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static const char *variable_hex(const char *name)
{
	const char *value = variable(name);

	return value && strlen(value) >= 40 && !value[strspn(value, "0123456789abcdef")] ? value : NULL;
}

/* https, no user, no query, nothing that would need quoting. */
static int is_plain_address(const char *address)
{
	static const char scheme[] = "https://";

	return strncmp(address, scheme, strlen(scheme)) == 0 && address[strlen(scheme)] &&
	       !address[strspn(address, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/:")];
}

void provenance_find(struct provenance *provenance)
{
	const char *server = variable("GITHUB_SERVER_URL"), *name = variable("GITHUB_REPOSITORY");

	*provenance = (struct provenance){ 0 };
	if (server && name) {
		provenance->repository = memory_format("%s/%s", server, name);
		provenance->revision = variable_hex("GITHUB_SHA");
		provenance->branch = variable("GITHUB_REF_NAME");
	} else if (variable("CI_PROJECT_URL")) {
		provenance->repository = memory_copy_string(variable("CI_PROJECT_URL"));
		provenance->revision = variable_hex("CI_COMMIT_SHA");
		provenance->branch = variable("CI_COMMIT_REF_NAME");
	}
	if (provenance->repository && !is_plain_address(provenance->repository))
		provenance_release(provenance);
}

void provenance_release(struct provenance *provenance)
{
	free(provenance->repository);
	*provenance = (struct provenance){ 0 };
}
