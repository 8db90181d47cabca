/*
 * Git hooks: the file that git runs, and what it has staunch do. Private to cli/.
 */
#ifndef STAUNCH_CLI_HOOK_H
#define STAUNCH_CLI_HOOK_H

#include "base/buffer.h"
#include "base/error.h"
#include "cli/commands.h"

/* The hooks that there are. */
struct hook {
	const char *name;
	const char *what;  /* "this commit", for messages */
	bool reads_input;  /* git tells it on standard input what is pushed */
};

/* By its name, or NULL. All of them, ended by one without a name. */
const struct hook *hook_find(const char *name);
extern const struct hook hook_all[];

/* The text of the hook's file. options are what its call of staunch has beside its name ("--revoke"), program the absolute path of staunch. */
void hook_write_script(struct buffer *script, const struct hook *hook, const char *program, const char *options);

/* What stands where the hook's file belongs. */
enum hook_state { HOOK_NONE, HOOK_OURS, HOOK_OTHER };

/*
 * Put the script into folder (which is made where it is missing) as the hook's file. A hook that is there already becomes NAME.before-staunch, and
 * the script runs it. There is no moment without a hook. *was is what stood there before.
 */
int hook_file_install(const char *folder, const struct hook *hook, const char *script, size_t size, enum hook_state *was,
		      struct error *error);

/* Take it away and put back what was there before, as it was. */
int hook_file_uninstall(const char *folder, const struct hook *hook, enum hook_state *was, bool *restored,
			struct error *error);

/* Whether the hook that was there before is one that git would run. */
bool hook_earlier_is_run(const char *folder, const struct hook *hook);

/* hook run NAME [ARGUMENT...]. */
enum exit_code hook_run(const struct options *options, const struct rule_set *rules);

#endif
