#include "source/feed.h"

#include <string.h>

bool feed_fill(struct feed *feed)
{
	while (!feed->left && !feed->ended)
		feed->ended = !feed->more || !feed->more(feed);
	return feed->left > 0;
}

size_t feed_take(struct feed *feed, void *to, size_t size)
{
	size_t taken = 0;

	while (taken < size && feed_fill(feed)) {
		size_t step = feed->left < size - taken ? feed->left : size - taken;

		memcpy((char *)to + taken, feed->at, step);
		feed->at += step;
		feed->left -= step;
		taken += step;
	}
	return taken;
}

bool feed_skip(struct feed *feed, uint64_t size)
{
	while (size && feed_fill(feed)) {
		size_t step = feed->left < size ? feed->left : (size_t)size;

		feed->at += step;
		feed->left -= step;
		size -= step;
	}
	return !size;
}

struct feed feed_of_bytes(const void *bytes, size_t size)
{
	return (struct feed){ .at = bytes, .left = size };
}

static bool part_more(struct feed *feed)
{
	struct feed_part *part = (struct feed_part *)feed;
	struct feed *of = part->of;

	if (!part->room || !feed_fill(of))
		return false;
	feed->at = of->at;
	feed->left = of->left < part->room ? of->left : (size_t)part->room;
	of->at += feed->left;
	of->left -= feed->left;
	part->room -= feed->left;
	return true;
}

void feed_part_begin(struct feed_part *part, struct feed *of, uint64_t room)
{
	*part = (struct feed_part){ .feed = { .more = part_more }, .of = of, .room = room };
}

bool feed_part_end(struct feed_part *part)
{
	return feed_skip(&part->feed, UINT64_MAX) || !part->room;
}
