/*
 * libgit2 reads all of the system's certificates when it starts, which takes longer than a pre-commit hook has in all, for
 * connections that are never made here. It offers no way to leave that out, so its two calls to Mbed TLS (with which Debian and
 * Ubuntu build it) land here: the dynamic linker takes a program's own functions before those of a library. While libgit2 starts
 * they say that nothing could be read; at any other time, and for anybody else, they pass the call on.
 *
 * Where libgit2 was built with another TLS library nobody calls them, and it starts a little slower.
 */
#define _GNU_SOURCE
#include "git/libgit2.h"

#include <dlfcn.h>

/* MBEDTLS_ERR_X509_FILE_IO_ERROR of mbedtls/x509.h */
#define X509_FILE_IO_ERROR (-0x2900)

static bool without_certificates;

void libgit2_without_certificates(bool without)
{
	without_certificates = without;
}

/* Mbed TLS's functions of these names; no header declares them for us because its development files are not needed otherwise. */
int mbedtls_x509_crt_parse_file(void *chain, const char *path);
int mbedtls_x509_crt_parse_path(void *chain, const char *path);

static int pass_on(const char *name, void *chain, const char *path)
{
	int (*next)(void *, const char *) = NULL;

	if (!without_certificates)
		*(void **)&next = dlsym(RTLD_NEXT, name);
	return next ? next(chain, path) : X509_FILE_IO_ERROR;
}

int mbedtls_x509_crt_parse_file(void *chain, const char *path)
{
	return pass_on("mbedtls_x509_crt_parse_file", chain, path);
}

int mbedtls_x509_crt_parse_path(void *chain, const char *path)
{
	return pass_on("mbedtls_x509_crt_parse_path", chain, path);
}
