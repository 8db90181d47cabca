/*
 * The file that git runs. What staunch says goes to standard error: standard output may be what a program reads (git push --porcelain). It is plain sh, and it fails where staunch is missing: a hook that looks at nothing must not say yes.
 */
#include "cli/hook.h"

#include <string.h>

/* An earlier pre-commit hook may change what is staged (formatters do), so it runs first. */
static const char run_earlier_first[] =
	"if [ -x \"$earlier\" ]; then \"$earlier\" \"$@\" || exit; fi\n"
	"exec \"$staunch\" hook run %s%s -- \"$@\" >&2\n";

/*
 * The others run after staunch: an earlier pre-push hook may upload (git-lfs does). Both get the whole of standard input; the dot keeps the
 * line breaks at its end. What printf says when the earlier hook does not read it is no error.
 */
static const char run_earlier_after[] =
	"[ -x \"$earlier\" ] || exec \"$staunch\" hook run %s%s -- \"$@\" >&2\n"
	"input=$(cat && echo .) || exit\n"
	"input=${input%%.}\n"
	"printf %%s \"$input\" | \"$staunch\" hook run %s%s -- \"$@\" >&2 || exit\n"
	"printf %%s \"$input\" 2>/dev/null | \"$earlier\" \"$@\"\n";

/* Within single quotes sh takes everything for itself, but for the single quote. */
static void add_quoted(struct buffer *script, const char *text)
{
	buffer_add_char(script, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			buffer_add_string(script, "'\\''");
		else
			buffer_add_char(script, *text);
	}
	buffer_add_char(script, '\'');
}

void hook_write_script(struct buffer *script, const struct hook *hook, const char *program, const char *options)
{
	buffer_add_format(script,
			  "#!/bin/sh\n"
			  "# staunch-hook: %s\n"
			  "# Written by `staunch hook install`. `staunch hook uninstall` removes it and puts back what was here before.\n"
			  "case $0 in */*) earlier=${0%%/*}/%s.before-staunch ;; *) earlier=./%s.before-staunch ;; esac\n"
			  "staunch=",
			  hook->name, hook->name, hook->name);
	add_quoted(script, program);
	buffer_add_format(script,
			  "\n[ -x \"$staunch\" ] || staunch=$(command -v staunch) || {\n"
			  "\techo \"staunch: the program is gone, so nothing was scanned and %s is stopped\" >&2\n"
			  "\techo \"staunch: install it again (and on PATH), or remove this hook: $0\" >&2\n"
			  "\texit 1\n"
			  "}\n",
			  hook->what);
	if (hook->reads_input)
		buffer_add_format(script, run_earlier_after, hook->name, options, hook->name, options);
	else
		buffer_add_format(script, run_earlier_first, hook->name, options);
}
