/*
 * What the scripts for the shells have in common (completion.c). Private to cli/.
 */
#ifndef STAUNCH_CLI_COMPLETION_H
#define STAUNCH_CLI_COMPLETION_H

#include "cli/options_table.h"

#include <stdbool.h>
#include <stdio.h>

/* "a b c" of "a|b|c", or with other characters put for the space and the bar. */
void completion_print_replaced(FILE *to, const char *text, char old, char new);

/* The names of the commands with one of these bits, with this between them. */
void completion_print_commands(FILE *to, unsigned bits, const char *between);

/* A text between single quotes, with those in it as the shell has it. In zsh's specifications ":" and brackets mean something. */
void completion_print_quoted(FILE *to, const char *text, const char *quote, const char *escaped);

/* The options of this kind of argument, as patterns of a shell's `case`: "--name|-n|…", with this between them. Returns how many. */
size_t completion_print_options_with(FILE *to, bool (*wanted)(const struct option_row *row), const char *between);

/* Whether the option takes an argument: wanted of the above. */
bool completion_has_argument(const struct option_row *row);

/* The whole script for fish (completion_fish.c). */
void completion_print_fish(FILE *to);

#endif
