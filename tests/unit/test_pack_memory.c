#define _GNU_SOURCE
/*
 * How a walk shares trees of deltas between its threads, and how much memory it takes, on packs made by hand.
 */
#include "pack_builder.h"
#include "pack_repository.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

static const char pack_path[] = "o/pack/pack-a";

static int pack_folder_make(void **state)
{
	if (folder_make(state))
		return -1;
	run("mkdir -p o/pack");
	return 0;
}

/*
 * One root with many deltas, deltas of these, and a visitor that takes its time until both threads have brought an
 * object: if trees were not shared, one thread would bring all of them.
 */
struct meeting {
	atomic_bool came[2];
	atomic_uint visits;
};

static int meeting_visit(void *context, unsigned worker, const struct object_piece *piece)
{
	struct meeting *meeting = context;

	(void)piece;
	meeting->came[worker] = true;
	meeting->visits++;
	if (!meeting->came[0] || !meeting->came[1])
		nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	return 0;
}

static void shared_tree_check(unsigned fan, unsigned below)
{
	struct meeting meeting = { { false, false }, 0 };
	char *objects = "o";
	struct pack_builder builder;
	struct pack_set *set;
	struct error error;
	struct pack_walk_options options = {
		.kinds = ALL_KINDS,
		.jobs = 2,
		.memory_limit = PACK_WALK_MEMORY_DEFAULT,
		.window_size = PACK_WALK_WINDOW_DEFAULT,
		.visit = meeting_visit,
		.damaged = seen_damaged,
		.context = &meeting,
	};

	builder_init(&builder);
	blob_add(&builder, "hello", 5);
	for (unsigned i = 0; i < fan; i++) {
		struct buffer delta = delta_append(5, "a");
		size_t parent = builder.count;

		offset_delta_add(&builder, number_id(1 + i * 1000), 0, &delta);
		buffer_release(&delta);
		for (unsigned j = 1; j <= below; j++) {
			delta = delta_append(6, "b");
			offset_delta_add(&builder, number_id(1 + i * 1000 + j), parent, &delta);
			buffer_release(&delta);
		}
	}
	builder_write(&builder, pack_path);
	assert_int_equal(pack_set_open(&set, &objects, 1, 1, seen_unreadable, NULL, &error), 0);
	assert_int_equal(pack_walk(set, &options, &error), 0);
	assert_int_equal(meeting.visits, 1 + fan * (1 + below));
	assert_true(meeting.came[0] && meeting.came[1]);
	pack_set_close(set);
	builder_release(&builder);
}

/* The only frame is cut in two; and, of two frames, the lower one is given away. */
static void test_shared_tree(void **state)
{
	(void)state;
	shared_tree_check(40, 0);
	shared_tree_check(2, 30);
	shared_tree_check(10, 10);
}

/*
 * Add a delta to a base of zeros and of letters, all but the last of these, so that each object has its true id.
 */
static size_t tree_add(struct pack_builder *builder, const unsigned char *zeros, size_t size, size_t parent,
		       const char *letters)
{
	size_t depth = strlen(letters), added = builder->count;
	struct buffer delta = delta_append(size + depth - 1, letters + depth - 1), object = BUFFER_INIT;

	buffer_add(&object, zeros, size);
	buffer_add(&object, letters, depth);
	offset_delta_add(builder, blob_id(object.bytes, object.length), parent, &delta);
	buffer_release(&object);
	buffer_release(&delta);
	return added;
}

/* A tree of count objects of a little more than size, in which each entry but the lowest has three deltas. */
static void tree_build(struct pack_builder *builder, size_t size, size_t count)
{
	unsigned char *zeros = memory_allocate_zeroed(1, size);
	char (*letters)[16] = memory_allocate_zeroed(count, sizeof(*letters));

	blob_add(builder, zeros, size);
	for (size_t node = 1; node < count; node++) {
		size_t parent = (node - 1) / 3;

		snprintf(letters[node], sizeof(*letters), "%.14s%c", letters[parent], (char)('a' + node % 3));
		assert_int_equal(tree_add(builder, zeros, size, parent, letters[node]), node);
	}
	free(letters);
	free(zeros);
}

/*
 * Objects that are dropped for want of memory and made again are the same, whatever the limit and however many
 * workers there are.
 */
static void test_budget(void **state)
{
	static const size_t limits[] = { 1, (size_t)5 << 20, (size_t)8 << 20, PACK_WALK_MEMORY_DEFAULT };
	struct pack_builder builder;

	(void)state;
	builder_init(&builder);
	tree_build(&builder, (size_t)1 << 20, 40);
	builder_write(&builder, pack_path);
	builder_release(&builder);
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		for (unsigned jobs = 1; jobs <= 4; jobs++) {
			struct pack_walk_options options;
			struct seen seen;

			seen_init(&seen, 0);
			options = seen_options(&seen);
			options.jobs = jobs;
			options.memory_limit = limits[i];
			assert_int_equal(seen_walk(&seen, "o", &options), 0);
			assert_int_equal(seen.object_count, 40);
			for (size_t o = 0; o < seen.object_count; o++)
				assert_true(seen.objects[o].is_right);
			assert_int_equal(seen.damaged_count, 0);
			seen_release(&seen);
		}
	}
}

/* Bytes that are allocated now. */
static size_t memory_in_use(void)
{
	struct mallinfo2 facts = mallinfo2();

	return facts.uordblks + facts.hblkhd;
}

struct peak {
	pthread_mutex_t lock; /* guards most */
	size_t most;
};

static int peak_visit(void *context, unsigned worker, const struct object_piece *piece)
{
	struct peak *peak = context;
	size_t now = memory_in_use();

	(void)worker;
	(void)piece;
	pthread_mutex_lock(&peak->lock);
	if (now > peak->most)
		peak->most = now;
	pthread_mutex_unlock(&peak->lock);
	return 0;
}

/* Walk the crafted pack. Returns the most MiB that were allocated for it while an object was handed on. */
static size_t peak_measure(size_t memory_limit, unsigned jobs)
{
	struct peak peak = { PTHREAD_MUTEX_INITIALIZER, 0 };
	struct pack_walk_options options = {
		.kinds = ALL_KINDS,
		.jobs = jobs,
		.memory_limit = memory_limit,
		.window_size = PACK_WALK_WINDOW_DEFAULT,
		.visit = peak_visit,
		.damaged = seen_damaged, /* without a place to note it in: a damaged object ends the process */
		.context = &peak,
	};
	size_t before = memory_in_use();
	char *objects = "o";
	struct pack_set *set;
	struct error error;

	assert_int_equal(pack_set_open(&set, &objects, 1, 1, seen_unreadable, NULL, &error), 0);
	assert_int_equal(pack_walk(set, &options, &error), 0);
	pack_set_close(set);
	return (peak.most - before) >> 20;
}

/* Sanitizers and Valgrind bring an allocator of their own, of which mallinfo2() knows nothing. */
static void skip_without_figures(void)
{
	size_t before = memory_in_use(), after;
	void *bytes = memory_allocate((size_t)1 << 20);

	after = memory_in_use();
	free(bytes);
	if (after - before < (size_t)1 << 20)
		skip();
}

/*
 * A tree of objects of 15 MiB, of which a walk without a limit holds four and more at a time. With a limit
 * of 24 MiB only one worker at a time is over it, and holds no more than an object and its base. (An eighth is
 * allocated on top.)
 */
static void test_memory_of_trees(void **state)
{
	struct pack_builder builder;

	(void)state;
	skip_without_figures();
	builder_init(&builder);
	tree_build(&builder, (size_t)15 << 20, 121);
	builder_write(&builder, pack_path);
	builder_release(&builder);
	assert_in_range(peak_measure((size_t)24 << 20, 1), 33, 36);
	assert_in_range(peak_measure((size_t)24 << 20, 2), 33, 60);
	assert_in_range(peak_measure((size_t)1 << 30, 1), 67, 160);
}

/*
 * A chain of 200 objects of 15 MiB, each with a second delta that leads nowhere. The long way comes last, so even
 * without a limit no more than a base and what is made from it are held, and a spare buffer for the next one.
 */
static void test_memory_of_chains(void **state)
{
	size_t size = (size_t)15 << 20, parent = 0;
	struct pack_builder builder;
	unsigned char *zeros;

	(void)state;
	skip_without_figures();
	zeros = memory_allocate_zeroed(1, size);
	builder_init(&builder);
	blob_add(&builder, zeros, size);
	free(zeros);
	for (uint32_t i = 0; i < 200; i++) {
		struct buffer side = delta_append(size + i, "s"), on = delta_append(size + i, "o");
		size_t next = builder.count;

		offset_delta_add(&builder, number_id(2 * i + 1), parent, i % 2 ? &side : &on);
		offset_delta_add(&builder, number_id(2 * i + 2), parent, i % 2 ? &on : &side);
		parent = next + i % 2;
		buffer_release(&side);
		buffer_release(&on);
	}
	builder_write(&builder, pack_path);
	builder_release(&builder);
	assert_in_range(peak_measure((size_t)1 << 30, 1), 33, 52);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shared_tree),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_memory_of_trees),
		cmocka_unit_test(test_memory_of_chains),
	};

	return cmocka_run_group_tests(tests, pack_folder_make, folder_remove);
}
