/*
 * staunch with a scan process that has been taken over: the program's own objects, but once the scan process has entered its sandbox and said
 * hello, it does what STAUNCH_TEST_SCAN names instead of scanning. The linker puts two functions below in the way (--wrap, in the Makefile), so
 * the program that people run holds no such door.
 *
 * STAUNCH_TEST_SCAN is a name from the tables: ways out of the sandbox, whose outcome is told as "what could not be scanned"; lies to the
 * broker; bad ends. STAUNCH_TEST_FILE is what a way out is tried on, or a file with a key for the others; STAUNCH_TEST_RULE the number of its rule.
 */
#define _GNU_SOURCE
#include "base/memory.h"
#include "scan/channel.h"
#include "scan/progress.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

void __real_channel_writer_init(struct channel_writer *writer, int fd);
void __wrap_channel_writer_init(struct channel_writer *writer, int fd);
void __wrap_progress_start(struct progress *progress, bool wanted);

static struct channel_writer *channel;
static pid_t broker;
static const char *file = "/etc/hostname";
static char key[256];
static size_t key_length;
static uint32_t key_rule;

__attribute__((constructor)) static void remember_broker(void)
{
	broker = getpid();
}

/* ---- ways out: each returns a negative number and errno when it is shut ---- */

static long read_file(void)
{
	return open(file, O_RDONLY);
}

static long read_file_with_openat2(void)
{
	uint64_t how[3] = { O_RDONLY };

	return syscall(437, AT_FDCWD, file, how, sizeof(how)); /* openat2: its number is the same on all machines */
}

static long list_folder(void)
{
	return opendir(file) ? 0 : -1;
}

static long write_file(void)
{
	return open(file, O_WRONLY);
}

static long write_file_without_access_mode(void)
{
	return open(file, O_RDONLY | O_TRUNC);
}

static long create_file(void)
{
	return open(file, O_RDWR | O_CREAT | O_EXCL, 0600);
}

static long truncate_file(void)
{
	return truncate(file, 0);
}

static long rename_file(void)
{
	char *to = memory_format("%s.renamed", file);

	return rename(file, to);
}

static long remove_file(void)
{
	return unlink(file);
}

static long change_mode(void)
{
	return chmod(file, 0777);
}

static long change_owner(void)
{
	return chown(file, 1, 1);
}

static long change_times(void)
{
	return utimes(file, NULL);
}

static long change_attribute(void)
{
	return setxattr(file, "user.staunch", "x", 1, 0);
}

static long make_link(void)
{
	char *name = memory_format("%s.link", file);

	return symlink("/etc", name);
}

static long make_hard_link(void)
{
	char *name = memory_format("%s.link", file);

	return link(file, name);
}

static long make_folder(void)
{
	char *name = memory_format("%s.folder", file);

	return mkdir(name, 0700);
}

static long make_fifo(void)
{
	char *name = memory_format("%s.fifo", file);

	return mkfifo(name, 0600);
}

static long connect_tcp(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)atoi(file)),
				       .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd < 0 ? fd : connect(fd, (struct sockaddr *)&address, sizeof(address));
}

static long send_datagram(void)
{
	return socket(AF_INET, SOCK_DGRAM, 0);
}

static long connect_unix(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", file);
	return fd < 0 ? fd : connect(fd, (struct sockaddr *)&address, sizeof(address));
}

static long run_program(void)
{
	return execl("/bin/true", "true", NULL);
}

static long start_process(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	return child;
}

static long trace_broker(void)
{
	return ptrace(PTRACE_ATTACH, broker, NULL, NULL);
}

static long read_broker_memory(void)
{
	char here[64];
	struct iovec to = { here, sizeof(here) }, from = { key, sizeof(here) };

	return process_vm_readv(broker, &to, 1, &from, 1, 0);
}

static long write_broker_memory(void)
{
	char here[64] = "";
	struct iovec from = { here, sizeof(here) }, to = { key, sizeof(here) };

	return process_vm_writev(broker, &from, 1, &to, 1, 0);
}

static long open_of_broker(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)broker, name);
	return open(path, O_RDONLY);
}

static long open_broker_memory(void)
{
	return open_of_broker("mem");
}

static long open_broker_environment(void)
{
	return open_of_broker("environ");
}

static long open_broker_descriptor(void)
{
	return open_of_broker("fd/1");
}

static long signal_broker(void)
{
	return kill(broker, SIGURG);
}

static long signal_thread_of_broker(void)
{
	return syscall(SYS_tgkill, broker, broker, SIGURG);
}

static long limit_broker(void)
{
	struct rlimit none = { 0, 0 };

	return prlimit(broker, RLIMIT_NOFILE, &none, NULL);
}

static long name_broker(void)
{
	return syscall(434, broker, 0); /* pidfd_open */
}

static long own_signals(void)
{
	return fcntl(STDERR_FILENO, F_SETOWN, broker);
}

static long type_into_terminal(void)
{
	return ioctl(STDERR_FILENO, TIOCSTI, "x");
}

static long use_ring(void)
{
	char parameters[120] = "";

	return syscall(425, 4, parameters); /* io_uring_setup */
}

static long mount_something(void)
{
	return mount("none", file, "tmpfs", 0, NULL);
}

static long leave_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

static long load_into_kernel(void)
{
	return syscall(SYS_bpf, 0, NULL, 0);
}

static long read_keyring(void)
{
	return syscall(SYS_keyctl, 0, -3, 0);
}

static long make_memory_executable(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static long map_executable_memory(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

/* What was open in whoever started the program: number 9, and standard input, which no target reads. */
static long read_inherited(void)
{
	char bytes[16];
	ssize_t got = read(9, bytes, sizeof(bytes));

	return got < 0 ? -1 : (long)got;
}

static long read_standard_input(void)
{
	char byte;

	errno = ENODATA;
	return read(STDIN_FILENO, &byte, 1) > 0 ? 0 : -1;
}

/* Whatever is left of it in memory, and what the kernel would show. */
static long read_own_environment(void)
{
	for (char **variable = environ; *variable; variable++) {
		if (strstr(*variable, "TOKEN"))
			return 0;
	}
	return open("/proc/self/environ", O_RDONLY);
}

/* Standard output is where findings go: what is written must not arrive, whatever write() says. */
static long write_standard_output(void)
{
	ssize_t written = write(STDOUT_FILENO, "FORGED", 6);

	errno = ENOTTY;
	return written > 0 && isatty(STDOUT_FILENO) ? 0 : -1;
}

static const struct way {
	const char *name;
	long (*try)(void);
} ways[] = {
	{ "read", read_file },
	{ "read-openat2", read_file_with_openat2 },
	{ "list", list_folder },
	{ "write", write_file },
	{ "write-by-reading", write_file_without_access_mode },
	{ "create", create_file },
	{ "truncate", truncate_file },
	{ "rename", rename_file },
	{ "remove", remove_file },
	{ "chmod", change_mode },
	{ "chown", change_owner },
	{ "utimes", change_times },
	{ "setxattr", change_attribute },
	{ "symlink", make_link },
	{ "link", make_hard_link },
	{ "mkdir", make_folder },
	{ "mkfifo", make_fifo },
	{ "connect-tcp", connect_tcp },
	{ "datagram", send_datagram },
	{ "connect-unix", connect_unix },
	{ "exec", run_program },
	{ "fork", start_process },
	{ "ptrace", trace_broker },
	{ "read-memory", read_broker_memory },
	{ "write-memory", write_broker_memory },
	{ "open-memory", open_broker_memory },
	{ "open-environment", open_broker_environment },
	{ "open-descriptor", open_broker_descriptor },
	{ "kill", signal_broker },
	{ "tgkill", signal_thread_of_broker },
	{ "prlimit", limit_broker },
	{ "pidfd", name_broker },
	{ "own-signals", own_signals },
	{ "type", type_into_terminal },
	{ "io-uring", use_ring },
	{ "mount", mount_something },
	{ "unshare", leave_namespace },
	{ "bpf", load_into_kernel },
	{ "keyring", read_keyring },
	{ "mprotect-exec", make_memory_executable },
	{ "mmap-exec", map_executable_memory },
	{ "inherited", read_inherited },
	{ "environment", read_own_environment },
	{ "stdin", read_standard_input },
	{ "stdout", write_standard_output },
};

/* ---- telling ---- */

static void tell(const struct channel_message *message)
{
	if (channel_write(channel, message))
		_exit(9); /* nobody listens */
}

static void tell_outcome(const char *name, long result)
{
	char *text = result < 0 ? memory_format("%s: refused (%s)", name, strerrorname_np(errno)) : memory_format("%s: SUCCEEDED", name);
	struct channel_message message = { .type = CHANNEL_INCOMPLETE, .kind_word = "unreadable-file", .text = text };

	tell(&message);
	free(text);
}

static void tell_hit(const char *secret, size_t length, uint32_t number, const char *path, uint64_t line)
{
	struct channel_message message = {
		.type = CHANNEL_HIT,
		.rule = key_rule,
		.key = number,
		.secret = secret,
		.secret_size = length,
		.place = { .kind = PLACE_FILE, .reachable = true, .path = (char *)path, .line = line, .column = 1 },
	};

	tell(&message);
}

static void read_key(void)
{
	FILE *from = fopen(file, "r");

	key_length = from && fgets(key, sizeof(key), from) ? strcspn(key, "\n") : 0;
	if (from)
		fclose(from);
}

/* ---- lies ---- */

static void send_raw(const void *bytes, size_t length)
{
	if (write(channel->fd, bytes, length) < 0)
		_exit(9);
}

static void send_garbage(void)
{
	unsigned char bytes[4096];
	uint64_t random = 88172645463325252u;

	for (size_t i = 0; i < sizeof(bytes); i++) {
		random ^= random << 13, random ^= random >> 7, random ^= random << 17;
		bytes[i] = (unsigned char)random;
	}
	for (;;)
		send_raw(bytes, sizeof(bytes));
}

/* A hit that says it is as long as 32 bits can say, and goes on. */
static void send_4_gib(void)
{
	static const unsigned char header[] = { 0xff, 0xff, 0xff, 0xff, CHANNEL_HIT };
	static char bytes[65536];

	send_raw(header, sizeof(header));
	for (unsigned long i = 0; i < (UINT64_C(4) << 30) / sizeof(bytes); i++)
		send_raw(bytes, sizeof(bytes));
}

static void send_no_key(void)
{
	char longer[sizeof(key) + 1];

	tell_hit("https://example.test/?q=exfiltrated", 35, 0, "a", 1);
	tell_hit("root:x:0:0:root:/root:/bin/bash", 31, 1, "a", 2);
	/* one that a key is only a part of */
	snprintf(longer, sizeof(longer), "%.*s!", (int)key_length, key);
	tell_hit(longer, key_length + 1, 2, "a", 3);
	tell_hit(key, key_length - 1, 3, "a", 4);
}

/* A million hits, of as many credentials, all well-formed. */
static void send_million(void)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

	for (uint32_t i = 0; i < 1000000; i++) {
		uint32_t rest = i;

		for (size_t at = key_length - 8; at < key_length - 2; at++, rest /= 62)
			key[at] = digits[rest % 62];
		tell_hit(key, key_length, i, "a", 1);
	}
}

static void send_endless_incomplete(void)
{
	char *text = memory_allocate_zeroed(CHANNEL_TEXT_MAX, 1);
	struct channel_message message = { .type = CHANNEL_INCOMPLETE, .kind_word = "unreadable-file", .text = text };

	memset(text, 'a', CHANNEL_TEXT_MAX - 2);
	message.place.path = text;
	for (unsigned i = 0; i < 50000; i++) {
		snprintf(text, 16, "%08u", i);
		text[8] = 'a';
		tell(&message);
	}
	free(text);
}

static void send_targets(void)
{
	char *text = memory_allocate_zeroed(CHANNEL_TEXT_MAX, 1);
	struct channel_message message = { .type = CHANNEL_TARGET, .kind_word = "dir", .text = text };

	memset(text, 'a', CHANNEL_TEXT_MAX - 2);
	for (unsigned i = 0; i < 200000; i++)
		tell(&message);
	free(text);
}

/* ---- bad ends, each after one sound hit ---- */

static void end_by_signal(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL };

	sigaction(SIGSEGV, &action, NULL); /* a sanitizer has its own */
	raise(SIGSEGV);
}

static void end_by_abort(void)
{
	abort();
}

static void end_by_forbidden_call(void)
{
	use_ring();
}

static void end_silently(void)
{
	_exit(0);
}

static void end_without_memory(void)
{
	for (;;)
		memory_allocate((size_t)64 << 20);
}

static void end_never(void)
{
	signal(SIGTERM, SIG_IGN); /* nor when asked */
	for (;;)
		usleep(100000);
}

static void end_working(void)
{
	for (volatile unsigned long i = 0;; i++)
		;
}

static void write_much_on_stderr(void)
{
	static char bytes[1 << 20];

	for (unsigned i = 0; i < 100; i++) {
		if (write(STDERR_FILENO, bytes, sizeof(bytes)) < 0)
			break;
	}
}

static const struct deed {
	const char *name;
	void (*act)(void);
	bool after_hit;
} deeds[] = {
	{ "garbage", send_garbage, true },
	{ "4-gib", send_4_gib, true },
	{ "no-key", send_no_key, true },
	{ "million", send_million, false },
	{ "incomplete", send_endless_incomplete, true },
	{ "targets", send_targets, true },
	{ "signal", end_by_signal, true },
	{ "abort", end_by_abort, true },
	{ "forbidden", end_by_forbidden_call, true },
	{ "silent", end_silently, true },
	{ "memory", end_without_memory, true },
	{ "never", end_never, true },
	{ "work", end_working, true },
	{ "messages", write_much_on_stderr, true },
};

/* ---- in the way of scan.c ---- */

void __wrap_channel_writer_init(struct channel_writer *writer, int fd)
{
	channel = writer;
	__real_channel_writer_init(writer, fd);
}

/* scan_all() calls it when it has said hello, before it looks at its first target. */
void __wrap_progress_start(struct progress *progress, bool wanted)
{
	struct channel_message target = { .type = CHANNEL_TARGET, .kind_word = "dir", .text = "hostile" };
	struct channel_message end = { .type = CHANNEL_END };
	const char *name = getenv("STAUNCH_TEST_SCAN"), *rule = getenv("STAUNCH_TEST_RULE");
	bool known = false;

	(void)progress, (void)wanted;
	if (getenv("STAUNCH_TEST_FILE"))
		file = getenv("STAUNCH_TEST_FILE");
	if (rule)
		key_rule = (uint32_t)atoi(rule);
	tell(&target);
	for (size_t i = 0; name && i < sizeof(ways) / sizeof(*ways); i++) {
		if (!strcmp(ways[i].name, name)) {
			tell_outcome(name, ways[i].try());
			known = true;
		}
	}
	for (size_t i = 0; name && i < sizeof(deeds) / sizeof(*deeds); i++) {
		if (!strcmp(deeds[i].name, name)) {
			read_key();
			if (deeds[i].after_hit && key_length)
				tell_hit(key, key_length, 0, "found", 7);
			deeds[i].act();
			known = true;
		}
	}
	if (!known)
		_exit(8);
	tell(&end);
	_exit(0);
}
