/*
 * LeakSanitizer: what libraries lose, which is no leak of ours, each with its reason. Linked into builds with SANITIZE=address alone: a file
 * named in LSAN_OPTIONS is out of the scan process's reach, once it is in its sandbox.
 */

const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	/* libgit2 1.5 loses its compiled expressions when it opens a repository with extensions or with bad settings */
	return "leak:libgit2.so\n";
}
