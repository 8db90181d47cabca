/*
 * libarchive, loaded when it is needed: with what it is linked with it takes longer to load than a clean pre-commit hook takes. Private to source/.
 */
#ifndef STAUNCH_SOURCE_ARCHIVE_LIBRARY_H
#define STAUNCH_SOURCE_ARCHIVE_LIBRARY_H

#include "base/error.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

/* Formats and filters are named one by one: never all of them, some of which start programs. */
#define ARCHIVE_LIBRARY_FUNCTIONS(FUNCTION)    \
	FUNCTION(version_string)               \
	FUNCTION(read_new)                     \
	FUNCTION(read_free)                    \
	FUNCTION(read_support_format_zip_streamable) \
	FUNCTION(read_support_format_zip_seekable) \
	FUNCTION(read_header_position)         \
	FUNCTION(read_support_format_tar)      \
	FUNCTION(read_support_format_cpio)     \
	FUNCTION(read_support_format_ar)       \
	FUNCTION(read_support_format_cab)      \
	FUNCTION(read_support_format_7zip)     \
	FUNCTION(read_support_format_raw)      \
	FUNCTION(read_support_format_empty)    \
	FUNCTION(read_support_filter_bzip2)    \
	FUNCTION(read_support_filter_xz)       \
	FUNCTION(read_support_filter_lzma)     \
	FUNCTION(read_support_filter_lzip)     \
	FUNCTION(read_support_filter_zstd)     \
	FUNCTION(read_support_filter_lz4)      \
	FUNCTION(read_support_filter_compress) \
	FUNCTION(read_support_filter_rpm)      \
	FUNCTION(read_set_format_option)       \
	FUNCTION(read_open)                    \
	FUNCTION(read_open_memory)             \
	FUNCTION(read_next_header)             \
	FUNCTION(read_data_block)              \
	FUNCTION(read_has_encrypted_entries)   \
	FUNCTION(error_string)                 \
	FUNCTION(entry_pathname)               \
	FUNCTION(entry_pathname_utf8)          \
	FUNCTION(entry_symlink)                \
	FUNCTION(entry_symlink_utf8)           \
	FUNCTION(entry_hardlink)               \
	FUNCTION(entry_hardlink_utf8)          \
	FUNCTION(entry_filetype)               \
	FUNCTION(entry_is_encrypted)

/* archive_read_new() is read_new here, and so on. */
struct archive_library {
#define ARCHIVE_LIBRARY_FIELD(name) __typeof__(archive_##name) *name;
	ARCHIVE_LIBRARY_FUNCTIONS(ARCHIVE_LIBRARY_FIELD)
#undef ARCHIVE_LIBRARY_FIELD
	locale_t utf8; /* for a thread that reads names; 0: there is none, and names beyond ASCII may be lost */
};

/*
 * Load it, before the sandbox is entered (which allows no executable memory) and while the process has one thread. It stays for the life of the process.
 * Returns 0, or ERROR_UNSUPPORTED (the message names the package to install).
 */
int archive_library_load(struct error *error);

/* The library, or NULL when it was not loaded; *why says what archive_library_load() complained of, or is "". Any thread. */
const struct archive_library *archive_library_get(const char **why);

#endif
