#define _GNU_SOURCE
#include "revoke/url.h"

#include "revoke/revoke.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#define HOST_LENGTH_MAX 253 /* RFC 1035, 2.3.4, as text */

static int url_refuse(const char *url, const char *why, struct error *error)
{
	/* what stands before an '@' may be a password */
	if (strchr(url, '@'))
		return error_set(error, ERROR_CONFIGURATION, "cannot use the url: %s", why);
	return error_set(error, ERROR_CONFIGURATION, "cannot use the url '%s': %s", url, why);
}

/* inet_pton() takes four decimal numbers and nothing else: "127.1" and "0177.0.0.1" are not addresses to it. */
static bool is_loopback(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (host[0] == '[')
		host++;
	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, host, &v6) == 1)
		return IN6_IS_ADDR_LOOPBACK(&v6);
	return strcasecmp(host, "localhost") == 0;
}

/* What is wrong with a port (the text after the host, ":8080" or nothing), or NULL. */
static const char *port_check(const char *port, size_t length)
{
	unsigned number = 0;

	if (!length)
		return NULL;
	if (port[0] != ':' || length < 2 || length > 6)
		return "the port is wrong";
	for (size_t i = 1; i < length; i++) {
		if (port[i] < '0' || port[i] > '9')
			return "the port is wrong";
		number = number * 10 + (unsigned)(port[i] - '0');
	}
	return number >= 1 && number <= 65535 ? NULL : "the port is wrong";
}

/* What is wrong with host and port, or NULL; then *loopback is set. */
static const char *authority_check(const char *authority, size_t length, bool *loopback)
{
	static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
	char host[HOST_LENGTH_MAX + 1];
	size_t host_length, after;
	struct in6_addr v6;

	if (memchr(authority, '@', length))
		return "it has a user name";
	if (length && authority[0] == '[') {
		const char *end = memchr(authority, ']', length);

		if (!end || (size_t)(end - authority) >= sizeof(host))
			return "the host is wrong";
		host_length = (size_t)(end - authority);
		after = host_length + 1;
		memcpy(host, authority, host_length);
		host[host_length] = '\0';
		if (inet_pton(AF_INET6, host + 1, &v6) != 1)
			return "the host is wrong";
	} else {
		host_length = after = strspn(authority, name_bytes);
		if (!host_length)
			return "it has no host";
		if (host_length >= sizeof(host))
			return "the host is wrong";
		memcpy(host, authority, host_length);
		host[host_length] = '\0';
		if (after < length && authority[after] != ':')
			return "the host is wrong";
	}
	*loopback = is_loopback(host);
	return port_check(authority + after, length - after);
}

int url_parse(const char *url, struct url_parts *parts, struct error *error)
{
	const char *wrong;

	for (const char *at = url; *at; at++) {
		if (*at <= ' ' || *at >= 0x7f)
			return url_refuse(url, "it has a space, a control character or one that is not ASCII",
					  error);
		if (*at == '\\' || *at == '#')
			return url_refuse(url, "it has a backslash or a fragment", error);
	}
	if (strncasecmp(url, "https://", 8) == 0) {
		parts->https = true;
		parts->authority = 8;
	} else if (strncasecmp(url, "http://", 7) == 0) {
		parts->https = false;
		parts->authority = 7;
	} else {
		return url_refuse(url, "it does not begin with https://", error);
	}
	parts->authority_length = strcspn(url + parts->authority, "/?");
	wrong = authority_check(url + parts->authority, parts->authority_length, &parts->loopback);
	if (wrong)
		return url_refuse(url, wrong, error);
	if (!parts->https && !parts->loopback)
		return url_refuse(url, "plain http goes to a loopback address only", error);
	return 0;
}

int revoke_check_url(const char *url, struct error *error)
{
	struct url_parts parts;

	return url_parse(url, &parts, error);
}
