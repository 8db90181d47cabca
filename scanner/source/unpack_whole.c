/*
 * Contents that have to be whole to be read. What is too large for that must not depend on what other threads do meanwhile: so there is a limit for each outermost
 * content, and that all together take little more memory than one comes of taking turns.
 */
#include "base/memory.h"
#include "source/unpack.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

/* How soon a content that waits for its turn notices that it is to stop. */
#define LOOK_FOR_STOP_MS 200

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn_ended = PTHREAD_COND_INITIALIZER; /* signalled when turns becomes 0 */
static unsigned turns; /* guarded by lock: contents that have their turn; more than one only when one of them took too long */

static void wait_for_turn(struct unpacker *unpacker)
{
	struct timespec until;

	pthread_mutex_lock(&lock);
	for (unsigned waited = 0; turns && waited < UNPACK_HELD_WAIT_MS && !*unpacker->events->stop; waited += LOOK_FOR_STOP_MS) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += LOOK_FOR_STOP_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		while (turns && pthread_cond_timedwait(&turn_ended, &lock, &until) != ETIMEDOUT)
			;
	}
	turns++;
	pthread_mutex_unlock(&lock);
	unpacker->has_turn = true;
}

static void end_turn(struct unpacker *unpacker)
{
	pthread_mutex_lock(&lock);
	if (!--turns)
		pthread_cond_signal(&turn_ended);
	pthread_mutex_unlock(&lock);
	unpacker->has_turn = false;
}

/* Take memory to hold. Returns whether there may be so much. */
static bool take_memory(struct unpacker *unpacker, size_t size)
{
	if (size > UNPACK_HELD_MAX - unpacker->held)
		return false;
	if (unpacker->held + size > UNPACK_HELD_FREE && !unpacker->has_turn)
		wait_for_turn(unpacker);
	unpacker->held += size;
	return true;
}

/* Map the file that the outermost content is. Returns whether that could be done. */
static bool map_file(const struct unpack_place *place, const unsigned char **bytes, size_t *size)
{
	const int *descriptor = place->unpacker->outer.descriptor;
	struct stat status;
	void *map;

	if (place->level != 1 || !descriptor || fstat(*descriptor, &status) || status.st_size <= 0)
		return false;
	map = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, *descriptor, 0);
	if (map == MAP_FAILED)
		return false;
	*bytes = map;
	*size = (size_t)status.st_size;
	return true;
}

bool unpack_is_whole(const struct unpack_place *place, const struct feed *feed)
{
	return !feed->more || (place->level == 1 && place->unpacker->outer.descriptor);
}

bool unpack_whole(const struct unpack_place *place, struct feed *feed, struct unpack_whole *whole)
{
	size_t capacity = 0, step;

	*whole = (struct unpack_whole){ .bytes = feed->at, .size = feed->left };
	if (!feed->more)
		return true;
	if (map_file(place, &whole->bytes, &whole->size)) {
		whole->is_mapped = true;
		if (place->unpacker->consumed < whole->size)
			place->unpacker->consumed = whole->size;
		return true;
	}
	whole->size = 0;
	while (feed_fill(feed)) {
		if (whole->size == capacity) {
			step = capacity ? capacity : UNPACK_WINDOW_SIZE;
			step = step > UNPACK_HELD_MAX - capacity ? UNPACK_HELD_MAX - capacity : step;
			if (!step || !take_memory(place->unpacker, step))
				break;
			capacity += step;
			whole->owned = memory_resize(whole->owned, capacity, 1);
			whole->held = capacity;
		}
		step = feed_take(feed, whole->owned + whole->size, capacity - whole->size < feed->left ? capacity - whole->size : feed->left);
		whole->size += step;
	}
	whole->bytes = whole->owned;
	if (!feed->left)
		return true;
	unpack_let_go(place->unpacker, whole);
	unpack_tell(place, UNPACK_LIMIT, NULL, "it has to be held whole to be read, and is too large for that");
	return false;
}

void unpack_let_go(struct unpacker *unpacker, struct unpack_whole *whole)
{
	if (whole->is_mapped)
		munmap((void *)whole->bytes, whole->size);
	free(whole->owned);
	unpacker->held -= whole->held;
	if (unpacker->has_turn && unpacker->held <= UNPACK_HELD_FREE)
		end_turn(unpacker);
	*whole = (struct unpack_whole){ 0 };
}
