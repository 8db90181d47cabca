#include "broker/allow.h"

uint64_t allow_drop(struct collection *collection, const struct baseline *known, struct baseline *written)
{
	size_t kept = 0, count = collection->finding_count;

	for (size_t i = 0; i < count; i++) {
		struct finding *finding = collection->findings[i];
		bool allowed = finding->has_allowed && !finding->place_count;
		bool is_known = baseline_has(known, finding->fingerprint);

		if (written && !allowed)
			baseline_add(written, finding);
		if (allowed || is_known)
			finding_free(finding);
		else
			collection->findings[kept++] = finding;
	}
	collection->finding_count = kept;
	return count - kept;
}
