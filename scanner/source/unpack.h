/*
 * Looking into containers: what is packed in a content is handed out to be searched like any other content, and looked into in turn. Private to
 * source/.
 *
 * Everything here is bounded, because a container is small and what it says it holds need not be: how deep they are nested, how many bytes and members
 * come of one outermost content (and of all together: postponed.h), how many bytes are held at once. What is beyond, damaged or encrypted is told in a word of a
 * fixed list when the content ends; what was readable until then has been searched.
 *
 * The bytes of a content go through a window: they are searched there as they come, and then read by the container's reader (a "tap"). So a content of
 * any size takes the memory of a window at each level.
 */
#ifndef STAUNCH_SOURCE_UNPACK_H
#define STAUNCH_SOURCE_UNPACK_H

#include "base/buffer.h"
#include "source/container.h"
#include "source/container_kind.h"
#include "source/feed.h"
#include "source/source.h"

/* Windows of contents inside. Most are smaller. */
#define UNPACK_WINDOW_SIZE ((size_t)256 << 10)

/*
 * What may come of one outermost content. Text compresses to a tenth, rarely to a hundredth; zeroes to a thousandth. Each member costs work of its own, so
 * that many without bytes are a bomb, too.
 */
#ifndef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
#define UNPACK_BYTES_MIN (UINT64_C(256) << 20)
#else
#define UNPACK_BYTES_MIN (UINT64_C(1) << 20) /* a fuzzer makes bombs all day long */
#endif
#define UNPACK_BYTES_RATIO 100
#define UNPACK_MEMBERS_MIN 100000
#define UNPACK_MEMBER_SIZE 256 /* beyond these, one for so many bytes of the outermost content */
#define UNPACK_MEMBERS_MAX 500000

/*
 * That much alone, though: of contents as small as this there can be any number, and each may have so little at first (and UNPACK_BYTES_RATIO times its size).
 * What needs more of them waits (postponed.h), until all that waited have had so many bytes together, as which each member counts, too. Larger ones have enough
 * by their own size, and what comes in windows is larger.
 */
#define UNPACK_SMALL_SIZE ((size_t)512 << 10)
#ifndef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
#define UNPACK_SMALL_BYTES (UINT64_C(1) << 20)
#else
#define UNPACK_SMALL_BYTES UNPACK_BYTES_MIN
#endif
#define UNPACK_SMALL_MEMBERS 10000
#define UNPACK_TOGETHER_BYTES (UINT64_C(4) << 30)
#define UNPACK_TOGETHER_MEMBER 4096

/*
 * Bytes held at once of one outermost content, of what lies in it and has to be whole to be read (7z, git's packs) and came in windows. Of more than the
 * first few only one content at a time holds any; the others wait for it, so that what is too large is that whatever else is read at the time.
 */
#define UNPACK_HELD_MAX ((size_t)48 << 20)
#define UNPACK_HELD_FREE ((size_t)2 << 20)
#define UNPACK_HELD_WAIT_MS 30000 /* for a content whose end may never come; then memory is taken beside it */

/* The deepest that containers are followed, and the levels of contents that makes: a tar archive in a gzip stream is two of them and one container. */
#define UNPACK_DEPTH_MAX CONTAINER_DEPTH_MAX
#define UNPACK_LEVELS_MAX (2 * UNPACK_DEPTH_MAX + 4)

/* Why something was not searched; in the order of their words. */
enum unpack_problem {
	UNPACK_LIMIT,
	UNPACK_DAMAGED,
	UNPACK_ENCRYPTED,
	UNPACK_UNSUPPORTED,
	UNPACK_MISSING, /* objects that a thin pack is made from */
	UNPACK_PROBLEM_COUNT
};

/* What one thread needs to look into one content. */
struct unpacker {
	const struct source_events *events; /* of whoever searches */
	unsigned worker;
	unsigned depth_max;
	void (*want_library)(void *context); /* of container_stage_new() */
	struct chunk outer;        /* the outermost content; bytes, size, offset, first, last and members mean nothing */
	uint64_t bytes_min, members_min; /* of UNPACK_BYTES_MIN and UNPACK_MEMBERS_MIN, unless whoever began it says otherwise */
	uint64_t consumed;         /* bytes that it gave so far: by whoever feeds it */
	uint64_t expanded, members;
	size_t held;               /* of UNPACK_HELD_MAX */
	bool has_turn;             /* it is the one content that may hold more than UNPACK_HELD_FREE */
	bool is_over;              /* a limit was met, or the walk is to stop: nothing more is read */
	bool is_too_much;          /* the limit was one of bytes or members that come of it */
	bool found;                /* a credential */
	struct {
		uint64_t count, plain; /* chunks handed on so far, and those of them, at the end, that were CHUNK_PLAIN */
	} chunks[UNPACK_LEVELS_MAX + 1]; /* of the content at each level; of the outermost by whoever feeds it, as unpack_note_chunk() */
	struct buffer path;        /* names of the members that the current content lies in, separated by '\n' */
	struct {
		uint64_t count;
		char *first; /* owned: of the first one, for people */
	} problems[UNPACK_PROBLEM_COUNT];
	struct buffer seams[UNPACK_LEVELS_MAX + 1]; /* of the content at each level, an uint64_t each */
	unsigned char *windows[UNPACK_LEVELS_MAX]; /* owned: UNPACK_WINDOW_SIZE bytes each, made when first needed */
};

/* Begin with an outermost content, of which outer tells; strings are borrowed until unpack_end(). */
void unpack_begin(struct unpacker *unpacker, const struct source_events *events, unsigned worker, unsigned depth_max,
		  const struct chunk *outer);

/* A chunk of the content at this level was handed on, with this result. */
void unpack_note_chunk(struct unpacker *unpacker, unsigned level, bool is_first, enum chunk_result result);

/* Look into it. feed gives its bytes, which its owner has searched. */
void unpack_outermost(struct unpacker *unpacker, enum container_kind kind, struct feed *feed);

/* Tell what could not be searched. Returns whether a credential was found inside. */
bool unpack_end(struct unpacker *unpacker);

void unpack_release(struct unpacker *unpacker);

/* ---- for the readers of the formats ---- */

/* Where a reader is: the content that it reads. */
struct unpack_place {
	struct unpacker *unpacker;
	unsigned level; /* of the contents that it brings; 1 for those of the outermost one */
	unsigned depth; /* containers around these */
	enum container_kind kind;
};

/*
 * A content inside: it is searched, and looked into. name is what places call it, size bytes of it (any bytes). Reads feed to its end, unless
 * a limit was met.
 */
void unpack_member(const struct unpack_place *place, const void *name, size_t size, struct feed *feed);

/* The same for the one content of a compressed stream: hint is the name that the stream gives it, or NULL: then that of the container, without its ending. */
void unpack_stream(const struct unpack_place *place, const char *hint, struct feed *feed);

/* The name of a member, which can hold a credential, too: those bytes of it that no name before had. */
void unpack_name(const struct unpack_place *place, const void *name, size_t size, size_t known);

/* One more member. Returns whether there may be one. */
bool unpack_count_member(const struct unpack_place *place);

/* Between two members, at this offset of the container, their bytes meet. Offsets ascend. */
void unpack_note_seam(const struct unpack_place *place, uint64_t offset);

/* The content of this level is at its end. */
void unpack_unwrapped(struct unpacker *unpacker, unsigned level);

/* Bytes came of the container beside what members bring. Returns whether there may be so many. */
bool unpack_count_bytes(struct unpacker *unpacker, uint64_t size);

/* Bytes that may still come. */
uint64_t unpack_allowance(const struct unpacker *unpacker);

/* More would come of it than may: nothing more is read. */
void unpack_tell_too_much(const struct unpack_place *place, const char *why);

/* Something was not searched. why is for people; member is one of its container or NULL. */
void unpack_tell(const struct unpack_place *place, enum unpack_problem problem, const char *member, const char *why);

/* How often each problem was told so far, and forget those told since then: what they are about has been read, and told, before. */
void unpack_mark_problems(const struct unpacker *unpacker, uint64_t counts[UNPACK_PROBLEM_COUNT]);
void unpack_forget_problems(struct unpacker *unpacker, const uint64_t counts[UNPACK_PROBLEM_COUNT]);

/*
 * All of a content, in memory (unpack_whole.c): where it lies when it is there, mapped when it is a file, or else collected. Returns false where it is too much, which is
 * told. Let go of it afterwards.
 */
struct unpack_whole {
	const unsigned char *bytes;
	size_t size;
	unsigned char *owned;
	size_t held;
	bool is_mapped;
};
bool unpack_whole(const struct unpack_place *place, struct feed *feed, struct unpack_whole *whole);
void unpack_let_go(struct unpacker *unpacker, struct unpack_whole *whole);

/* Whether a content of which nothing was taken yet is all there without being collected. */
bool unpack_is_whole(const struct unpack_place *place, const struct feed *feed);

/* The readers: each takes what it can from feed, and tells what it cannot. */
void archive_unpack(const struct unpack_place *place, struct feed *feed); /* archive.c: what needs libarchive */
void flate_unpack(const struct unpack_place *place, struct feed *feed);   /* flate.c: gzip, zlib */
void pdf_unpack(const struct unpack_place *place, struct feed *feed);     /* document.c */
void png_unpack(const struct unpack_place *place, struct feed *feed);
void pack_unpack(const struct unpack_place *place, struct feed *feed);    /* packed.c: git's packs and bundles */

#endif
