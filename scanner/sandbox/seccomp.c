/*
 * seccomp: which calls can be made at all (seccomp(2)). The calls that scanning needs are listed below, each with its reason; what only an
 * attacker would call ends the process at once (the broker keeps what was found, and says signal 31); everything else is answered
 * as by a kernel that has no such call, which C libraries know how to go on from.
 *
 * Landlock knows neither stat(2) nor chmod(2) and its kin, and some kernels do not know Landlock: so this list alone has to keep the process
 * from writing, connecting, running programs and reaching other processes.
 */
#define _GNU_SOURCE
#include "sandbox/layer.h"

#include "base/library.h"
#include "base/sanitizer.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Open for reading: none of the bits that write, make or empty a file. O_TMPFILE holds O_DIRECTORY, which is allowed. */
#define OPEN_WRITES (O_ACCMODE | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY))

/* What clone(2) is given for a thread, and what it is given for a process or a namespace. */
#define CLONE_OF_THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define CLONE_OF_OTHERS                                                                                                        \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |           \
	 CLONE_PTRACE | CLONE_VFORK)

/* A call, and what its arguments must be where that matters. */
struct call {
	int number;
	unsigned condition_count;
	struct scmp_arg_cmp conditions[2];
};
#define ANY(name) { SCMP_SYS(name), 0, { { 0 } } }
#define IF(name, argument, mask, value) { SCMP_SYS(name), 1, { { argument, SCMP_CMP_MASKED_EQ, mask, value } } }
#define IF_BOTH(name, argument, value, other, other_value)                                                                    \
	{ SCMP_SYS(name), 2, { { argument, SCMP_CMP_EQ, value, 0 }, { other, SCMP_CMP_EQ, other_value, 0 } } }
#define WHOLE 0xffffffffu /* ints: the kernel looks at 32 bits only */

static const struct call allowed[] = {
	/* reading files; where there is Landlock it says which */
	IF(openat, 2, OPEN_WRITES, 0), /* open(3) of glibc, opendir(3) */
	IF(open, 1, OPEN_WRITES, 0),   /* open(3) of other C libraries */
	ANY(read),                     /* files, standard input */
	ANY(pread64),                  /* parts of a large file */
	ANY(readv),                    /* read(3) of C libraries that gather */
	ANY(lseek),                    /* fdopen(3), libgit2 */
	ANY(close),                    /* after each of them */
	ANY(getdents64),               /* readdir(3) */
	ANY(fadvise64),                /* libgit2 on what it reads once */

	/* what kind of file it is */
	ANY(fstat), ANY(newfstatat), ANY(stat), ANY(lstat), ANY(statx), /* stat(3), as C libraries and machines choose */
	ANY(access), ANY(faccessat), ANY(faccessat2),                   /* whether there is a .git above */
	ANY(readlink), ANY(readlinkat), ANY(getcwd),                    /* realpath(3) */
	IF(fcntl, 1, WHOLE, F_GETFD), IF(fcntl, 1, WHOLE, F_SETFD),     /* close-on-exec: libgit2, fts(3) */
	IF(fcntl, 1, WHOLE, F_GETFL),                                   /* fdopen(3), fdopendir(3) */
	IF(fcntl, 1, WHOLE, F_DUPFD_CLOEXEC),                           /* a folder that is read and opened below */
	IF(ioctl, 1, WHOLE, TCGETS), IF(ioctl, 1, WHOLE, TIOCGWINSZ),   /* whether standard error is a terminal, and how wide. Never TIOCSTI, which types */

	/* telling */
	ANY(write),  /* the channel, messages on standard error */
	ANY(writev), /* assert(3) */

	/* memory, none of it executable: patterns are compiled before (match_program_compile()) */
#ifndef BUILT_WITH_SANITIZER
	IF(mmap, 2, PROT_EXEC, 0),     /* malloc(3), packs, thread stacks */
	IF(mprotect, 2, PROT_EXEC, 0), /* malloc(3) of threads, guard pages of stacks */
#endif
	ANY(munmap), ANY(mremap), ANY(brk), ANY(madvise), /* malloc(3), free(3), stacks of ended threads */
	ANY(mlock),                                       /* base/secret.c */
	ANY(sysinfo),                                     /* qsort(3): how much memory it may sort in */

	/* threads of this process */
#ifndef BUILT_WITH_SANITIZER
	IF(clone, 0, CLONE_OF_THREAD | CLONE_OF_OTHERS, CLONE_OF_THREAD), /* pthread_create(3); clone3, whose flags cannot be seen, is not there */
#endif
	ANY(set_robust_list), ANY(rseq), ANY(set_tid_address), /* each thread's first steps in glibc */
	ANY(futex), ANY(sched_yield),                          /* mutexes, conditions, joins */
	ANY(sched_getaffinity),                                /* how many processors malloc(3) spreads over */
	ANY(gettid), ANY(getpid),                              /* abort(3) */
	IF_BOTH(prlimit64, 0, 0, 2, 0),                        /* reading own limits: pthread_create(3), sysconf(3). Setting none */
	ANY(exit), ANY(exit_group),                            /* the end of a thread, of the process */

	/* signals to itself; tgkill is added with this process's number */
	ANY(rt_sigprocmask), ANY(rt_sigaction), ANY(sigaltstack), /* threads, abort(3) */
	ANY(rt_sigreturn), ANY(restart_syscall),                  /* after a handler; after being stopped and continued */

	/* time, where the kernel's page for it is not mapped */
	ANY(clock_gettime), ANY(gettimeofday), ANY(time), ANY(clock_nanosleep), ANY(nanosleep),

	/* facts */
	ANY(getrandom),                                       /* hash tables' seeds: malloc(3), libgit2's TLS library */
	ANY(getuid), ANY(geteuid), ANY(getgid), ANY(getegid), /* libgit2: where the user's configuration lies */
	ANY(uname),                                           /* C libraries on their kernel */

	/* Landlock comes after: it can only take away */
	ANY(landlock_create_ruleset), ANY(landlock_add_rule), ANY(landlock_restrict_self),

#ifdef BUILT_WITH_SANITIZER
	ANY(mmap), ANY(mprotect),            /* shadow memory; the symbolizer's libraries */
	ANY(clone), ANY(ptrace), ANY(wait4), /* LeakSanitizer stops all threads from a process of its own. Under Landlock no other can be traced */
	ANY(getdents),                       /* all threads there are */
	ANY(prctl), ANY(getppid),            /* the same */
	ANY(process_vm_readv),               /* the same, newer ones. Landlock bounds it likewise */
	ANY(pipe2), ANY(personality),        /* reports, ThreadSanitizer's layout */
	ANY(getrusage), ANY(setitimer), ANY(msync),
	ANY(dup), ANY(dup2), ANY(poll),
#endif
};

/* What no library calls here: met once, the process is somebody else's. */
static const int hostile[] = {
	/* running programs */
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork),
	/* other processes: looking into them, changing them, their descriptors */
#ifndef BUILT_WITH_SANITIZER
	SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
#endif
	SCMP_SYS(process_vm_writev), SCMP_SYS(process_madvise), SCMP_SYS(kcmp), SCMP_SYS(pidfd_open), SCMP_SYS(pidfd_getfd),
	SCMP_SYS(pidfd_send_signal),
	/* the network, and everything else that has an address */
	SCMP_SYS(socket), SCMP_SYS(socketpair), SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4),
	SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg),
	/* calls made past this filter, and large doors into the kernel */
	SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register), SCMP_SYS(bpf), SCMP_SYS(perf_event_open),
	SCMP_SYS(userfaultfd), SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(keyctl), SCMP_SYS(modify_ldt),
	/* the machine */
	SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(move_mount), SCMP_SYS(open_tree), SCMP_SYS(fsopen), SCMP_SYS(pivot_root), SCMP_SYS(chroot),
	SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load), SCMP_SYS(reboot), SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(open_by_handle_at),
};

bool seccomp_is_available(void)
{
	uint32_t action = SCMP_ACT_KILL_PROCESS;

	/* EINVAL or ENOSYS: built without it, or forbidden by a container */
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0 && !syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action);
}

static int fill_filter(scmp_filter_ctx filter)
{
	int result = 0;

	/* another architecture's calls (32 bits on a 64-bit kernel) have other numbers: nothing of ours makes them */
	result = result ? result : seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	/* a tree of comparisons instead of a list: any of these calls is found in six steps. Libraries before 2.5 have lists only */
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	/* the kernel slows filtered processes down against speculation unless told otherwise: scanning holds no others' secrets to read */
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);
	for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed) && !result; i++)
		result = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, allowed[i].number, allowed[i].condition_count,
						allowed[i].conditions);
	for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile) && !result; i++)
		result = seccomp_rule_add_array(filter, SCMP_ACT_KILL_PROCESS, hostile[i], 0, NULL);
	/* abort(3) and raise(3): a signal to a thread of this process and no other */
	if (!result)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
					  SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
	return result;
}

int seccomp_enter(struct error *error)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int result = filter ? fill_filter(filter) : -ENOMEM;

	if (!result)
		result = seccomp_load(filter);
	seccomp_release(filter);
	errno = -result;
	if (result)
		return error_set_errno(error, "cannot put the scan process under seccomp (--sandbox off goes without)");
	return 0;
}

void sandbox_add_libraries(struct buffer *lines)
{
	const struct scmp_version *version = seccomp_version();
	char text[48];

	snprintf(text, sizeof(text), "%u.%u.%u", version->major, version->minor, version->micro);
	library_add_version(lines, "libseccomp", text);
}
