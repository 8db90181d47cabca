/*
 * The emulator's main program: options, the listening socket, the way of a request through the other files.
 *
 * It listens on 127.0.0.1 alone, and ends on SIGTERM, with the process that started it, or when its lifetime is
 * over: no test leaves one behind.
 */
#define _GNU_SOURCE
#include "emulator.h"

#include "base/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define BODY_MAX ((size_t)1 << 20)

static FILE *log_file; /* NULL: no log */
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER; /* keeps lines whole */

struct options {
	unsigned port;
	const char *certificate, *key; /* PEM files; NULL: plain http */
	const char *port_file, *log;
	unsigned lifetime;
};

static void die(const char *what, const char *subject)
{
	fprintf(stderr, "emulator: %s '%s': %s\n", what, subject, strerror(errno));
	exit(1);
}

static void usage(void)
{
	fputs("usage: emulator [--port N] [--tls CERT.pem KEY.pem] [--port-file FILE] [--log FILE]"
	      " [--lifetime SECONDS]\n", stderr);
	exit(2);
}

static void log_exchange(const struct exchange *exchange)
{
	if (!log_file)
		return;
	pthread_mutex_lock(&log_lock);
	fprintf(log_file, "%s %s %u\n", exchange->method, exchange->path, exchange->status);
	fflush(log_file);
	pthread_mutex_unlock(&log_lock);
}

enum MHD_Result exchange_send_response(struct exchange *exchange, struct MHD_Response *response)
{
	enum MHD_Result result;

	MHD_add_response_header(response, "Content-Type", "application/json; charset=utf-8");
	if (exchange->location)
		MHD_add_response_header(response, "Location", exchange->location);
	if (exchange->retry_after)
		MHD_add_response_header(response, "Retry-After", exchange->retry_after);
	result = MHD_queue_response(exchange->connection, exchange->status, response);
	MHD_destroy_response(response);
	return result;
}

enum MHD_Result exchange_send(struct exchange *exchange)
{
	char *body = exchange->answer ? exchange->answer : memory_copy_string("");

	exchange->answer = NULL;
	return exchange_send_response(exchange,
				      MHD_create_response_from_buffer(strlen(body), body, MHD_RESPMEM_MUST_FREE));
}

static enum MHD_Result answer(struct exchange *exchange)
{
	cJSON *fault;
	enum MHD_Result result;

	if (control_is_route(exchange->path)) {
		control_answer(exchange);
		return exchange_send(exchange);
	}
	requests_add(exchange);
	fault = faults_take(exchange);
	if (fault) {
		result = fault_apply(fault, exchange);
	} else {
		provider_answer(exchange);
		result = exchange_send(exchange);
	}
	requests_done();
	log_exchange(exchange);
	cJSON_Delete(fault);
	return result;
}

/* Called when the headers are there, with each part of the body, and at its end. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *path,
				  const char *method, const char *version, const char *bytes, size_t *size,
				  void **state)
{
	struct exchange *exchange = *state;

	(void)context;
	(void)version;
	if (!exchange) {
		exchange = *state = memory_allocate_zeroed(1, sizeof(*exchange));
		exchange->connection = connection;
		return MHD_YES;
	}
	if (*size) {
		if (exchange->body.length + *size > BODY_MAX)
			return MHD_NO;
		buffer_add(&exchange->body, bytes, *size);
		*size = 0;
		return MHD_YES;
	}
	exchange->path = path;
	exchange->method = method;
	return answer(exchange);
}

static void on_end(void *context, struct MHD_Connection *connection, void **state,
		   enum MHD_RequestTerminationCode code)
{
	struct exchange *exchange = *state;

	(void)context;
	(void)connection;
	(void)code;
	if (exchange) {
		buffer_wipe(&exchange->body);
		free(exchange->answer);
		free(exchange);
	}
	*state = NULL;
}

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	struct buffer bytes = BUFFER_INIT;
	char block[4096];
	size_t size;

	if (!file)
		die("cannot open", path);
	while ((size = fread(block, 1, sizeof(block), file)) > 0)
		buffer_add(&bytes, block, size);
	if (ferror(file))
		die("cannot read", path);
	fclose(file);
	return bytes.bytes;
}

/* Whoever waits for the file sees it whole or not at all. */
static void write_port(const char *path, unsigned port)
{
	char *temporary = memory_format("%s.new", path);
	FILE *file = fopen(temporary, "w");

	if (!file || fprintf(file, "%u\n", port) < 0 || fclose(file) != 0 || rename(temporary, path) < 0)
		die("cannot write", path);
	free(temporary);
}

static void parse_options(int count, char **arguments, struct options *options)
{
	static const struct option table[] = {
		{ "port", required_argument, NULL, 'p' },     { "tls", required_argument, NULL, 't' },
		{ "port-file", required_argument, NULL, 'f' }, { "log", required_argument, NULL, 'l' },
		{ "lifetime", required_argument, NULL, 's' },  { NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(count, arguments, "", table, NULL)) != -1) {
		switch (option) {
		case 'p':
			options->port = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 't':
			if (optind >= count)
				usage();
			options->certificate = optarg;
			options->key = arguments[optind++];
			break;
		case 'f':
			options->port_file = optarg;
			break;
		case 'l':
			options->log = optarg;
			break;
		case 's':
			options->lifetime = (unsigned)strtoul(optarg, NULL, 10);
			break;
		default:
			usage();
		}
	}
	if (optind != count || options->port > 65535)
		usage();
}

static struct MHD_Daemon *start(const struct options *options)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)options->port) };
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL;
	static const struct MHD_OptionItem end = { MHD_OPTION_END, 0, NULL };
	struct MHD_OptionItem tls[] = { end, end, end };

	if (options->certificate) {
		flags |= MHD_USE_TLS;
		tls[0] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_CERT, 0, read_file(options->certificate) };
		tls[1] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_KEY, 0, read_file(options->key) };
	}
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, NULL, MHD_OPTION_SOCK_ADDR, &address,
				MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

int main(int count, char **arguments)
{
	struct options options = { .lifetime = 600 };
	struct timespec lifetime = { 0, 0 };
	pid_t parent = getppid();
	struct MHD_Daemon *daemon;
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigprocmask(SIG_BLOCK, &ends, NULL); /* before threads start, which inherit it */
	signal(SIGPIPE, SIG_IGN);
	parse_options(count, arguments, &options);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		return 0; /* it died before prctl() */
	if (options.log && !(log_file = fopen(options.log, "a")))
		die("cannot open", options.log);
	daemon = start(&options);
	if (!daemon)
		die("cannot listen on", "127.0.0.1");
	if (options.port_file)
		write_port(options.port_file, MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	lifetime.tv_sec = options.lifetime;
	while (sigtimedwait(&ends, NULL, &lifetime) < 0 && errno == EINTR)
		;
	/* at once: a connection that drips would keep MHD_stop_daemon() waiting, and exit() takes OpenSSL from under it */
	_exit(0);
}
