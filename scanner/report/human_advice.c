/*
 * What is left to do for a key, in one sentence for somebody who has never met a leak before. It promises nothing: that a
 * provider accepted a report is not proof that the key is dead.
 */
#include "report/human.h"

#include "rule/rule.h"

#include <string.h>

/* "src/a.ts", "src/a.ts and 2 more files" for the files as they are now, on disk before in the index: the same file is in both. */
static bool add_current_files(struct human *human, const struct finding *finding)
{
	const struct place *first = NULL, *last = NULL;
	uint64_t count = 0;

	for (size_t i = 0; i < finding->place_count; i++) {
		const struct place *place = &finding->places[i];

		if (!report_place_is_current(place) || (first && place->kind != first->kind))
			continue;
		if (!first)
			first = place;
		if (!last || strcmp(last->path, place->path) != 0)
			count++;
		last = place;
	}
	if (!first)
		return false;
	human_add_text(human, first->path);
	if (count > 1) {
		buffer_add_string(human->out, " and ");
		human_add_count(human, count - 1, "more file", "more files");
	}
	return true;
}

/* The one path that history knows it by, or NULL: which of several HEAD has is not told. */
static const char *only_path(const struct finding *finding)
{
	const char *path = NULL;

	if (finding->places_total > finding->place_count)
		return NULL;
	for (size_t i = 0; i < finding->place_count; i++) {
		const struct place *place = &finding->places[i];

		if (place->kind != PLACE_BLOB || !place->path)
			continue;
		if (path && strcmp(path, place->path) != 0)
			return NULL;
		path = place->path;
	}
	return path;
}

static bool is_only_staged(const struct finding *finding)
{
	for (size_t i = 0; i < finding->place_count; i++) {
		if (finding->places[i].kind != PLACE_INDEX || !finding->places[i].path)
			return false;
	}
	return finding->place_count > 0;
}

/* Whether the key may be taken for dead: it was seen dead, or a report that means so was accepted and nothing seen since says otherwise. */
static bool is_dead(const struct finding *finding)
{
	const struct revocation *revocation = &finding->revocation;

	if (revocation->verified == VERIFICATION_ALIVE || revocation->verified == VERIFICATION_DEAD)
		return revocation->verified == VERIFICATION_DEAD;
	return revocation->state == REVOCATION_GONE || (revocation->state == REVOCATION_ACCEPTED && !finding->rule->submitted_only);
}

/* What makes the key harmless, and what replaces it. */
static void add_remedy(struct human *human, const struct finding *finding)
{
	const char *by_hand = "revoke it at ", *rest = "create a new key and deploy it";

	switch (finding->revocation.state) {
	case REVOCATION_DRY_RUN:
		buffer_add_string(human->out, "have it revoked, ");
		break;
	case REVOCATION_PENDING:
		buffer_add_string(human->out, "run staunch again to have it revoked, ");
		break;
	case REVOCATION_NONE:
		by_hand = finding->confidence < human->result->min_confidence ? "if it is real, revoke it at " : by_hand;
		/* fall through */
	case REVOCATION_REJECTED:
	case REVOCATION_ACCEPTED:
	case REVOCATION_GONE:
		if (is_dead(finding))
			break;
		buffer_add_string(human->out, by_hand);
		human_add_text(human, finding->rule->provider_name);
		buffer_add_string(human->out, " by hand, ");
		break;
	case REVOCATION_STATE_COUNT:
		break;
	}
	buffer_add_string(human->out, rest);
}

void human_add_advice(struct human *human, const struct finding *finding)
{
	const enum revocation_state state = finding->revocation.state;
	size_t before;

	if (human_is_minor(finding))
		return;
	if ((state == REVOCATION_NONE || state == REVOCATION_DRY_RUN) && is_only_staged(finding)) {
		buffer_add_string(human->out, "take it out of ");
		add_current_files(human, finding);
		buffer_add_string(human->out, " before you commit: a key that was never committed has not leaked");
		return;
	}
	add_remedy(human, finding);
	before = human->out->length;
	buffer_add_string(human->out, "; remove this one from ");
	if (add_current_files(human, finding))
		return;
	if (finding->at_head && only_path(finding)) {
		human_add_text(human, only_path(finding));
	} else if (finding->at_head) {
		buffer_add_string(human->out, "the files in HEAD");
	} else {
		human->out->length = before;
		human->out->bytes[before] = '\0';
		if (!finding->place_count || !report_place_in_git(&finding->places[0]))
			return;
		buffer_add_string(human->out, is_dead(finding) ?
						      "; history may stay as it is: a dead key opens nothing" :
						      "; rewriting history does not help: whoever cloned it has the key");
	}
}
