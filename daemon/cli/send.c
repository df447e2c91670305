/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/send.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cli/command.h"
#include "cli/foresee.h"
#include "cli/preview.h"
#include "cli/progress.h"
#include "cli/send_items.h"
#include "cli/send_rejects.h"
#include "cli/send_tell.h"
#include "mapping/mapping_check.h"

/* One file on its way. */
struct job {
	struct source_file file;
	struct sight sight;
	bool sighted;
	const struct mapping *mapping; /* NULL = messages without a record */
	bool last_of_mapping;          /* no later file has the same mapping */
};

struct send {
	struct send_options options;
	struct mapping_list list;
	struct settings *settings; /* of --config; NULL = none */
	struct job *jobs;
	int job_count;
	struct progress progress;
	struct spans spans; /* of event files before the last of their mapping */
};

static int complain(const char *text)
{
	(void)fprintf(stderr, "streamgauge send: %s\n", text);
	return EXIT_USAGE;
}

static int complain_input(const struct source_file *file, const struct read_error *error)
{
	if (error->line > 0)
		(void)fprintf(stderr, "streamgauge send: %s:%" PRIu64 ": %s\n", file->name,
		              error->line, error->text);
	else
		(void)fprintf(stderr, "streamgauge send: %s: %s\n", file->name, error->text);
	return EXIT_USAGE;
}

/* ---- before anything is sent: every file is opened and recognised ---- */

/* Options for readings mean nothing to events, which bear their own time. */
static int check_report_options(const struct send_options *options, const struct job *job)
{
	const char *stray = options->as_of_text ? "--as-of" : options->replace ? "--replace" : NULL;
	if (!stray || mapping_has_slices(job->mapping))
		return EXIT_DONE;
	(void)fprintf(stderr,
	              "streamgauge send: %s: %s is for report files; the mapping %s reads events, "
	              "which count once and are not restated\n",
	              job->file.name, stray, job->mapping->name);
	return EXIT_USAGE;
}

static int choose_mapping(struct send *send, struct job *job)
{
	const char *wanted = send->options.mapping;
	const struct mapping *mapping = wanted ? mapping_list_find(&send->list, wanted) : NULL;
	struct recognition found;
	if (wanted && !mapping) {
		tell_no_mapping(wanted, &send->list);
		return EXIT_USAGE;
	}
	/* A connector that found nothing new says so in messages alone. */
	if (job->sight.silent)
		return EXIT_DONE;
	if (mapping) {
		(void)recognise_named(&job->sight, mapping, &found);
	} else {
		recognise(&job->sight, &send->list, &found);
	}
	job->mapping = found.mapping;
	if (job->mapping)
		return check_report_options(&send->options, job);
	(void)fprintf(stderr, "streamgauge send: %s: %s\n", job->file.name, found.text);
	return EXIT_USAGE;
}

static int prepare(struct send *send, struct job *job, const char *path)
{
	char text[512];
	struct read_error error = {0};
	if (source_file_open(&job->file, path, text, sizeof(text)) != 0)
		return complain(text);
	if (sight_take(source_file_input(&job->file), &send->list, &job->sight, &error) != 0)
		return complain_input(&job->file, &error);
	job->sighted = true;
	return choose_mapping(send, job);
}

static int prepare_all(struct send *send)
{
	int code = EXIT_DONE;
	send->jobs = calloc((size_t)send->options.file_count, sizeof(*send->jobs));
	if (!send->jobs)
		return complain(err_rule(ERR_NOMEM));
	for (int i = 0; i < send->options.file_count; i++) {
		send->jobs[i].file.fd = -1;
		send->job_count++;
		if (prepare(send, &send->jobs[i], send->options.files[i]) != EXIT_DONE)
			code = EXIT_USAGE;
	}
	for (int i = 0; i < send->job_count; i++) {
		send->jobs[i].last_of_mapping = true;
		for (int j = i + 1; j < send->job_count; j++)
			if (send->jobs[j].mapping == send->jobs[i].mapping)
				send->jobs[i].last_of_mapping = false;
	}
	return code;
}

/* ---- one file ---- */

static void on_reading(void *ctx, uint64_t records, uint64_t offset)
{
	progress_reading(ctx, records, offset);
}

static void on_sending(void *ctx, const struct delivery_counts *counts, uint64_t sent,
                       uint64_t total)
{
	progress_sending(ctx, sent, total, counts->rejected);
}

static void on_waiting(void *ctx, const char *reason)
{
	progress_clear(ctx);
	(void)fprintf(stderr, "waiting: %s\n", reason);
}

/* What makes this sending of this file the same one again: the file, the
 * mapping's text and the options that change what is sent. */
static int identify(struct send *send, struct job *job, const struct mapped *mapped,
                    uint8_t ret_identity[POSITION_ID])
{
	const struct send_options *options = &send->options;
	struct source_file mapping_file = {.fd = -1};
	uint8_t mapping_hash[16];
	char text[512];
	int err = source_file_open(&mapping_file, job->mapping->file, text, sizeof(text));
	if (!err)
		err = source_file_hash(&mapping_file, "", 0, mapping_hash);
	source_file_close(&mapping_file);
	if (err)
		return err;
	struct buf more = {0};
	int64_t as_of_us = options->as_of_text ? options->as_of_us : job->file.time_us;
	buf_put(&more, mapping_hash, sizeof(mapping_hash));
	buf_printf(&more, "|%s|%s|%s|%d|%" PRId64, job->mapping->name,
	           options->currency ? options->currency : "", options->zone ? options->zone : "",
	           options->replace, mapped->as_of_default ? as_of_us : 0);
	err = buf_failed(&more) ? ERR_NOMEM
	                        : source_file_hash(&job->file, more.bytes, more.len, ret_identity);
	buf_deinit(&more);
	return err;
}

/* `platform/account`, or what --source says. */
static int name_source(const struct send *send, const struct mapped *mapped, uint32_t feed,
                       char name[256])
{
	const char *given = send->options.source;
	const char *platform = mapped->items.mapping->platform;
	if (given && mapped->items.feed_count > 1) {
		(void)snprintf(name, 256, "the file holds %u accounts; --source names one",
		               mapped->items.feed_count);
		return ERR_INVALID;
	}
	const char *account = given ? given : mapped->items.feeds[feed].account;
	bool whole = given && strchr(given, '/');
	(void)snprintf(name, 256, "%s%s%s", whole ? "" : platform, whole ? "" : "/", account);
	return 0;
}

/* One file's way into the daemon. */
struct shipment {
	struct send *send;
	struct job *job;
	struct mapped *mapped;
	uint8_t identity[POSITION_ID];
	struct reject_places places;
	uint32_t told;
	uint64_t rejected;
};

/* What later files of the command must know of an event file: which days it holds
 * whole, or holds open. */
static int note_span(struct shipment *shipment, const struct delivery *delivery)
{
	struct send *send = shipment->send;
	const struct mapped *mapped = shipment->mapped;
	if (mapped->items.mapping->class != MAPPING_EVENT)
		return 0;
	/* Records that could not be read belong to no feed: told with the first one. */
	uint64_t refused =
	    delivery->counts.rejected + (delivery->feed == 0 ? mapped->reject_count : 0);
	if (refused > 0 && !send->options.no_heartbeat)
		tell_open_days(shipment->job->file.name, refused);
	if (shipment->job->last_of_mapping)
		return 0;
	return spans_add(&send->spans, delivery->options->source, delivery_span(delivery),
	                 delivery->counts.rejected > 0 || mapped->reject_count > 0);
}

static int ship_feed(struct shipment *shipment, uint32_t feed, uint64_t first)
{
	struct send *send = shipment->send;
	const struct mapped *mapped = shipment->mapped;
	char source[256];
	if (name_source(send, mapped, feed, source) != 0)
		return complain(source);
	uint64_t end = first;
	while (end < mapped->items.count && mapped->items.list[end].feed == feed)
		end++;
	struct delivery_options options = {
	    .address = send->options.to,
	    .tenant = send->options.tenant,
	    .source = source,
	    .force = send->options.force,
	    .accept_loss = send->options.accept_loss,
	    .again = send->options.again,
	    .heartbeat = shipment->job->last_of_mapping && !send->options.no_heartbeat,
	    .lacking = mapped->reject_count > 0,
	    .before = &send->spans,
	    .places = send->options.rejects ? &shipment->places : NULL,
	    .now_us = clock_wall_us(),
	    .waiting = on_waiting,
	    .progress = on_sending,
	    .progress_ctx = &send->progress,
	};
	struct delivery delivery = {
	    .options = &options,
	    .mapped = mapped,
	    .feed = feed,
	    .first = first,
	    .count = end - first,
	    .commit = mapped->items.mapping->slices_complete || send->options.replace,
	};
	memcpy(delivery.identity, shipment->identity, POSITION_ID);
	progress_restart(&send->progress);
	enum delivery_end how = delivery_run(&delivery);
	progress_clear(&send->progress);
	tell_remote(shipment->job->file.name, &delivery, &shipment->told);
	if (how == DELIVERY_DONE)
		tell_summary(&delivery, &send->options, &shipment->job->file);
	else
		(void)fprintf(stderr, "streamgauge send: %s: %s: %s\n", shipment->job->file.name,
		              source, delivery.error);
	shipment->rejected += delivery.counts.rejected;
	int code = delivery_exit(how);
	if (how == DELIVERY_DONE) {
		tell_unanswered(shipment->job->file.name, &delivery);
		tell_uncounted(shipment->job->file.name, &delivery);
	}
	if (how == DELIVERY_DONE && note_span(shipment, &delivery) != 0)
		code = complain(err_rule(ERR_NOMEM));
	delivery_deinit(&delivery);
	return code;
}

static int ship(struct shipment *shipment)
{
	const struct mapped *mapped = shipment->mapped;
	if (identify(shipment->send, shipment->job, mapped, shipment->identity) != 0)
		return complain("the file or its mapping cannot be read again");
	int code = EXIT_DONE;
	for (uint64_t at = 0; at < mapped->items.count && code == EXIT_DONE;) {
		uint32_t feed = mapped->items.list[at].feed;
		code = ship_feed(shipment, feed, at);
		while (at < mapped->items.count && mapped->items.list[at].feed == feed)
			at++;
	}
	return code;
}

/* Writes what was rejected to --rejects DIR. */
static int write_rejects(struct shipment *shipment)
{
	const struct mapped *mapped = shipment->mapped;
	const char *dir = shipment->send->options.rejects;
	char text[512];
	uint64_t count = 0;
	if (!dir)
		return EXIT_DONE;
	for (uint64_t i = 0; i < mapped->reject_count; i++)
		if (reject_places_add(&shipment->places, mapped->rejects[i].offset) != 0)
			return complain(err_rule(ERR_NOMEM));
	if (shipment->places.count == 0)
		return EXIT_DONE;
	if (reject_places_write(&shipment->places, &shipment->job->file, dir, &count, text,
	                        sizeof(text)) != 0)
		return complain(text);
	(void)fprintf(stderr, "%s: %" PRIu64 " rejected records are in %s\n",
	              shipment->job->file.name, count, dir);
	return EXIT_DONE;
}

static int show(struct send *send, const struct job *job, struct mapped *mapped)
{
	const char *noun = mapping_noun(mapped->items.mapping, true);
	uint64_t rejected = 0;
	(void)printf("%s: mapping %s, %" PRIu64 " records, %" PRIu64 " %s; nothing is sent\n",
	             job->file.name, job->mapping->name, mapped->records, mapped->items.count,
	             noun);
	if (preview_print(mapped, stdout) != 0)
		return complain(err_rule(ERR_NOMEM));
	(void)fflush(stdout);
	if (!send->settings) {
		(void)printf("\nThe daemon's own rules (which measures, dimensions and values are "
		             "configured)\nwere not checked; --config FILE does it.\n");
		return EXIT_DONE;
	}
	if (foresee(job->file.name, mapped, send->settings, &rejected) != 0)
		return complain(err_rule(ERR_NOMEM));
	return rejected > 0 ? EXIT_REJECTED : EXIT_DONE;
}

/* A file of which nothing is left: that is said, since it is seldom meant. */
static void tell_nothing(const struct job *job, const struct mapped *mapped)
{
	if (mapped->items.count > 0)
		return;
	if (mapped->records == 0)
		(void)fprintf(stderr, "%s: 0 rows: there is a heading and nothing below it\n",
		              job->file.name);
	else
		(void)fprintf(
		    stderr, "%s: nothing to send: none of its %" PRIu64 " records can be counted\n",
		    job->file.name, mapped->records);
}

static int send_mapped(struct send *send, struct job *job, struct mapped *mapped)
{
	struct shipment shipment = {.send = send, .job = job, .mapped = mapped};
	tell_notes(job->file.name, mapped);
	tell_local(job->file.name, mapped);
	tell_nothing(job, mapped);
	if (send->options.as_of_text)
		tell_as_of_column(job->file.name, mapped);
	int code = send->options.dry_run ? show(send, job, mapped) : ship(&shipment);
	bool foreseen = code == EXIT_REJECTED;
	code = foreseen ? EXIT_DONE : code;
	int wrote = write_rejects(&shipment);
	reject_places_deinit(&shipment.places);
	code = code == EXIT_DONE ? wrote : code;
	bool rejected = foreseen || mapped->reject_count > 0 || mapped->refusal_count > 0 ||
	                shipment.rejected > 0;
	return code == EXIT_DONE && rejected ? EXIT_REJECTED : code;
}

static int send_job(struct send *send, struct job *job)
{
	if (!job->mapping) {
		(void)fprintf(stderr, "%s: 0 rows: its messages hold no record\n", job->file.name);
		return EXIT_DONE;
	}
	const struct send_options *options = &send->options;
	struct read_error error = {0};
	progress_init(&send->progress, job->file.name, job->file.size);
	struct map_options map_options = {
	    .as_of_us = options->as_of_text ? options->as_of_us : job->file.time_us,
	    .currency = options->currency,
	    .zone = options->zone,
	    .progress = on_reading,
	    .progress_ctx = &send->progress,
	};
	struct mapped *mapped = malloc(sizeof(*mapped));
	if (!mapped)
		return complain(err_rule(ERR_NOMEM));
	int err = map_input(source_file_input(&job->file), job->mapping, &job->sight, &map_options,
	                    mapped, &error);
	progress_clear(&send->progress);
	bool changed = !err && source_file_changed(&job->file);
	/* Its last line may be half a number, its last day half a day. */
	if (changed)
		error = (struct read_error){
		    .text = "the file changed while it was read; send it once it is whole"};
	int code =
	    err || changed ? complain_input(&job->file, &error) : send_mapped(send, job, mapped);
	if (!err)
		mapped_deinit(mapped);
	free(mapped);
	return code;
}

static void send_deinit(struct send *send)
{
	for (int i = 0; i < send->job_count; i++) {
		source_file_close(&send->jobs[i].file);
		if (send->jobs[i].sighted)
			sight_deinit(&send->jobs[i].sight);
	}
	free(send->jobs);
	mapping_list_deinit(&send->list);
	spans_deinit(&send->spans);
	settings_free(send->settings);
}

static void on_finding(void *ctx, const struct mapping *mapping,
                       const struct mapping_finding *finding)
{
	bool *wrong = ctx;
	*wrong = *wrong || finding->wrong;
	if (finding->wrong)
		(void)fprintf(stderr, "%s:%d: %s\n", mapping->file, finding->line, finding->text);
}

/* The settings that a dry run checks against. A mapping that would count in
 * another unit is wrong whatever the rows are. */
static int load_settings(struct send *send)
{
	const struct send_options *options = &send->options;
	struct settings_error error = {{0}};
	bool wrong = false;
	if (!options->config)
		return EXIT_DONE;
	if (settings_load(options->config, &send->settings, &error) != 0)
		return complain(error.text);
	if (settings_tenant(send->settings, options->tenant, strlen(options->tenant)) < 0) {
		(void)fprintf(
		    stderr,
		    "streamgauge send: %s configures no tenant `%s`; name one that is with "
		    "--tenant\n",
		    options->config, options->tenant);
		return EXIT_USAGE;
	}
	for (int i = 0; i < send->job_count; i++)
		if (send->jobs[i].mapping)
			mapping_check(send->jobs[i].mapping, &send->settings->catalog, on_finding,
			              &wrong);
	return wrong ? EXIT_USAGE : EXIT_DONE;
}

int cli_send(int argc, char **argv)
{
	struct send send = {0};
	struct settings_error error = {{0}};
	int code = EXIT_DONE;
	if (!send_options_parse(argc, argv, &send.options, &code))
		return code;
	if (send.options.items)
		return send_items(&send.options);
	if (mapping_list_load(send.options.mappings, &send.list, &error) != 0)
		return complain(error.text);
	code = prepare_all(&send);
	if (code == EXIT_DONE)
		code = load_settings(&send);
	bool rejected = false;
	for (int i = 0; i < send.job_count && code == EXIT_DONE; i++) {
		code = send_job(&send, &send.jobs[i]);
		rejected = rejected || code == EXIT_REJECTED;
		code = code == EXIT_REJECTED ? EXIT_DONE : code;
		(void)fflush(stdout);
	}
	send_deinit(&send);
	return code == EXIT_DONE && rejected ? EXIT_REJECTED : code;
}
