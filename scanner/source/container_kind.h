/*
 * What kind of container a content is, told by its first bytes and never by its name. Private to source/.
 */
#ifndef STAUNCH_SOURCE_CONTAINER_KIND_H
#define STAUNCH_SOURCE_CONTAINER_KIND_H

#include <stdbool.h>
#include <stddef.h>

/* So many of a content's first bytes decide: a tar archive's header, the longest of all. */
#define CONTAINER_HEAD_SIZE 512

enum container_kind {
	CONTAINER_NONE = 0,
	/* members with names */
	CONTAINER_ZIP,
	CONTAINER_TAR,
	CONTAINER_CPIO,
	CONTAINER_AR,
	CONTAINER_CAB,
	CONTAINER_7ZIP,
	/* one content, compressed */
	CONTAINER_GZIP,
	CONTAINER_ZLIB, /* also git's loose objects */
	CONTAINER_BZIP2,
	CONTAINER_XZ,
	CONTAINER_LZMA,
	CONTAINER_LZIP,
	CONTAINER_ZSTD,
	CONTAINER_LZ4,
	CONTAINER_COMPRESS,
	CONTAINER_RPM, /* a header, and a compressed cpio archive behind it */
	/* documents with compressed parts */
	CONTAINER_PDF,
	CONTAINER_PNG,
	/* objects of git */
	CONTAINER_PACK,
	CONTAINER_BUNDLE,
	CONTAINER_KIND_COUNT
};

struct container_type {
	const char *name;      /* for people */
	bool needs_library;    /* libarchive */
	bool needs_whole;      /* its bytes cannot be read in one pass */
	bool is_stream;        /* holds one content without a name of its own */
	bool is_tape;          /* what lies in a stream so often that both together count as one container */
	bool is_plain;         /* its members stand in its own bytes as they are */
	bool is_document;      /* no archive: does not count where containers are nested */
	const char *suffixes;  /* of a stream: endings that its content's name lacks, each as ".gz=" and what stands there instead, ended by a space */
};

const struct container_type *container_type(enum container_kind kind);

/* head: the first CONTAINER_HEAD_SIZE bytes of the content, or all of it where it is shorter. */
enum container_kind container_recognise(const unsigned char *head, size_t size);

#endif
