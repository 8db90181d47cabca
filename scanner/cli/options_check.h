/*
 * What is wrong with a command line, said so that the next one is right. Private to cli/.
 */
#ifndef STAUNCH_CLI_OPTIONS_CHECK_H
#define STAUNCH_CLI_OPTIONS_CHECK_H

#include "cli/options.h"
#include "cli/options_table.h"

/*
 * An option that there is not, or that cannot be written so: argument is what stands on the command line, letter the one in it that is
 * not known, or 0 for a long option. Returns ERROR_CONFIGURATION, with the nearest option there is in the message.
 */
int options_unknown(const char *argument, char letter, struct error *error);

/* What the argument is called of an option that was given without one; argument and letter as above. */
const char *options_argument_name(const char *argument, char letter);

/* Whether the operands fit the command, and the options each other. Returns 0 or ERROR_CONFIGURATION. */
int options_check(const struct options *options, const struct command_row *command, struct error *error);

#endif
