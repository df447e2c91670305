/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>

#include "app.h"
#include "serve/http_metrics.h"

#define CONFIG_DEFAULT "/etc/streamgauge/streamgauge.yaml"

static const char usage_text[] =
    "usage: streamgauged [--config FILE] [--state DIR] [--print-ports FILE] [--check]\n"
    "                    [--allow-root]\n"
    "       streamgauged --metrics\n"
    "\n"
    "Takes marketing events and report rows, keeps their sums in Redis and answers\n"
    "stage by stage over HTTP.\n"
    "\n"
    "  --config FILE       settings; default " CONFIG_DEFAULT "\n"
    "  --state DIR         state directory, in place of the configured one\n"
    "  --print-ports FILE  write the addresses in use to FILE once they listen\n"
    "  --check             read settings and tokens, say what is wrong with them, and end\n"
    "  --allow-root        run as root on state that is not root's own\n"
    "  --metrics           list what /metrics shows, and end\n"
    "  --version           print the version and end\n"
    "  --help              print this and end\n"
    "\n"
    "SIGTERM and SIGINT stop it in order: everything taken is written and\n"
    "acknowledged first. SIGHUP reads settings and tokens anew, or keeps the old ones\n"
    "and says why. Exit codes: 0 done, 2 usage, settings, file or port,\n"
    "3 packages missing, 4 Redis unreachable, 5 refused as unsafe.\n";

enum {
	OPTION_CONFIG = 1,
	OPTION_STATE,
	OPTION_PORTS,
	OPTION_CHECK,
	OPTION_ROOT,
	OPTION_METRICS,
	OPTION_VERSION,
	OPTION_HELP
};

/* What a flush needs, the next one needs again some milliseconds later: freed
 * memory up to this stays with the process instead of being cleared anew. */
#define KEEP_BYTES (32 << 20)

static const struct option options_known[] = {
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"state", required_argument, NULL, OPTION_STATE},
    {"print-ports", required_argument, NULL, OPTION_PORTS},
    {"check", no_argument, NULL, OPTION_CHECK},
    {"allow-root", no_argument, NULL, OPTION_ROOT},
    {"metrics", no_argument, NULL, OPTION_METRICS},
    {"version", no_argument, NULL, OPTION_VERSION},
    {"help", no_argument, NULL, OPTION_HELP},
    {0},
};

static int list_metrics(void)
{
	struct buf list = {.len = 0};
	http_metrics_list(&list);
	bool written = !buf_failed(&list) && fwrite(list.bytes, 1, list.len, stdout) == list.len &&
	               fflush(stdout) == 0;
	buf_deinit(&list);
	return written ? APP_EXIT_OK : APP_EXIT_USAGE;
}

int main(int argc, char **argv)
{
	struct app_options options = {.config = CONFIG_DEFAULT};
	int option;
	while ((option = getopt_long(argc, argv, "", options_known, NULL)) != -1) {
		switch (option) {
		case OPTION_CONFIG:
			options.config = optarg;
			break;
		case OPTION_STATE:
			options.state_dir = optarg;
			break;
		case OPTION_PORTS:
			options.ports_file = optarg;
			break;
		case OPTION_CHECK:
			options.check = true;
			break;
		case OPTION_ROOT:
			options.allow_root = true;
			break;
		case OPTION_METRICS:
			return list_metrics();
		case OPTION_VERSION:
			printf("streamgauged %s\n", SG_VERSION);
			return APP_EXIT_OK;
		case OPTION_HELP:
			fputs(usage_text, stdout);
			return APP_EXIT_OK;
		default:
			fputs("streamgauged --help lists the options\n", stderr);
			return APP_EXIT_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr,
		        "streamgauged: %s is not an option; streamgauged --help lists them\n",
		        argv[optind]);
		return APP_EXIT_USAGE;
	}
	mallopt(M_MMAP_THRESHOLD, KEEP_BYTES);
	mallopt(M_TRIM_THRESHOLD, KEEP_BYTES);
	return app_run(&options);
}
