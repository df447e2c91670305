/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/hello.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FINAL_DAYS_MAX    3660
#define CADENCE_HOURS_MAX (366 * 24)
#define CADENCE_DEFAULT   24

static const char *const levels[] = {"account", "campaign", "adgroup", "ad", "geo"};

SG_PRINTF(3, 4)
static int refuse(char detail[HELLO_DETAIL_MAX], int err, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(detail, HELLO_DETAIL_MAX, format, args);
	va_end(args);
	return err;
}

static bool lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t name_span(const char *text)
{
	size_t len = 0;
	for (; text[len]; len++) {
		char c = text[len];
		if (!lower(c) && !digit(c) && !(c >= 'A' && c <= 'Z') && c != '.' && c != '_' &&
		    c != '-')
			break;
	}
	return len;
}

bool hello_source_valid(const char *name)
{
	size_t platform = name_span(name);
	if (!platform || name[platform] != '/')
		return false;
	size_t account = name_span(name + platform + 1);
	size_t len = platform + 1 + account;
	return account && !name[len] && len <= SOURCE_NAME_MAX;
}

static bool id_valid(const char *id, size_t size)
{
	size_t len = 0;
	for (; id[len]; len++)
		if (!lower(id[len]) && !(len && (digit(id[len]) || id[len] == '_')))
			return false;
	return len && len < size;
}

static bool level_valid(const char *level)
{
	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++)
		if (strcmp(levels[i], level) == 0)
			return true;
	return false;
}

static bool currency_valid(const char *text)
{
	for (int i = 0; i < 3; i++)
		if (text[i] < 'A' || text[i] > 'Z')
			return false;
	return !text[3];
}

static bool printable(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

/* The report of the platform that the tenant wants counted; NULL = as declared. */
static const char *override_of(const struct tenant *tenant, const char *source)
{
	size_t platform = strcspn(source, "/");
	for (uint32_t i = 0; i < tenant->rollup_count; i++) {
		const char *name = tenant->rollups[i].platform;
		if (strlen(name) == platform && strncmp(name, source, platform) == 0)
			return tenant->rollups[i].report;
	}
	return NULL;
}

static int read_reports(const struct hello *hello, const Streamgauge__V1__Declaration *message,
                        struct declaration *declaration, char detail[HELLO_DETAIL_MAX])
{
	if (message->n_reports > SOURCE_REPORTS)
		return refuse(detail, ERR_BAD_DECLARATION,
		              "reports: %zu are declared, at most %d are taken", message->n_reports,
		              SOURCE_REPORTS);
	const char *wanted = override_of(hello->tenant, hello->source);
	const char *counted = NULL;
	for (uint32_t i = 0; i < message->n_reports; i++) {
		const Streamgauge__V1__Report *report = message->reports[i];
		struct source_report *to = &declaration->reports[i];
		if (!id_valid(report->id, sizeof(to->id)))
			return refuse(detail, ERR_BAD_DECLARATION,
			              "reports[%u].id: an id is [a-z][a-z0-9_]*, at most 63 bytes",
			              i);
		/* All studies of a survey source are counted, and none needs a level. */
		bool study = declaration->class == SOURCE_SURVEY;
		if (!level_valid(report->level) && (!study || report->level[0]))
			return refuse(
			    detail, ERR_BAD_DECLARATION,
			    "reports[%u].level: one of account, campaign, adgroup, ad, geo", i);
		for (uint32_t j = 0; j < i; j++)
			if (strcmp(declaration->reports[j].id, report->id) == 0)
				return refuse(detail, ERR_BAD_DECLARATION,
				              "reports[%u].id: %s is declared twice", i,
				              report->id);
		if (!study && report->rollup && counted)
			return refuse(
			    detail, ERR_BAD_DECLARATION,
			    "reports[%u].rollup: %s is rolled up already; only one report is", i,
			    counted);
		if (report->rollup)
			counted = report->id;
		snprintf(to->id, sizeof(to->id), "%s", report->id);
		snprintf(to->level, sizeof(to->level), "%s", report->level);
		to->rollup = study || (wanted ? strcmp(wanted, report->id) == 0 : report->rollup);
	}
	declaration->report_count = (uint32_t)message->n_reports;
	return 0;
}

static int read_class(const Streamgauge__V1__Declaration *message, struct declaration *declaration,
                      char detail[HELLO_DETAIL_MAX])
{
	switch ((int)message->class_) {
	case STREAMGAUGE__V1__DECLARATION__CLASS__CLASS_UNSPECIFIED:
		break;
	case STREAMGAUGE__V1__DECLARATION__CLASS__EVENT:
		declaration->class = SOURCE_EVENT;
		if (message->n_reports)
			return refuse(detail, ERR_BAD_DECLARATION,
			              "reports: an event source sends no reports");
		break;
	case STREAMGAUGE__V1__DECLARATION__CLASS__REPORT:
		declaration->class = SOURCE_REPORT;
		if (!message->n_reports)
			return refuse(detail, ERR_BAD_DECLARATION,
			              "reports: a report source declares at least one");
		break;
	case STREAMGAUGE__V1__DECLARATION__CLASS__SURVEY:
		declaration->class = SOURCE_SURVEY;
		break;
	case STREAMGAUGE__V1__DECLARATION__CLASS__MARKET:
		declaration->class = SOURCE_MARKET;
		break;
	default:
		return refuse(detail, ERR_BAD_DECLARATION,
		              "class: EVENT, REPORT, SURVEY or MARKET");
	}
	return 0;
}

static int read_declaration(struct hello *hello, const Streamgauge__V1__Declaration *message,
                            char detail[HELLO_DETAIL_MAX])
{
	struct declaration *declaration = &hello->declaration;
	int err = read_class(message, declaration, detail);
	if (err)
		return err;
	if (message->currency[0] && !currency_valid(message->currency))
		return refuse(detail, ERR_BAD_DECLARATION,
		              "currency: three capital letters (ISO 4217)");
	snprintf(declaration->currency, sizeof(declaration->currency), "%s", message->currency);
	if (message->final_after_days > FINAL_DAYS_MAX)
		return refuse(detail, ERR_BAD_DECLARATION, "final_after_days: at most %d",
		              FINAL_DAYS_MAX);
	declaration->final_after_days = message->final_after_days;
	if (message->cadence_hours > CADENCE_HOURS_MAX)
		return refuse(detail, ERR_BAD_DECLARATION, "cadence_hours: at most %d",
		              CADENCE_HOURS_MAX);
	declaration->cadence_hours =
	    message->cadence_hours ? message->cadence_hours : CADENCE_DEFAULT;
	err = read_reports(hello, message, declaration, detail);
	if (err)
		return err;
	const char *zone = message->time_zone;
	declaration->zone_stated = zone[0] != '\0';
	if (!declaration->zone_stated)
		zone = zone_name(hello->tenant->zone);
	if (strlen(zone) >= sizeof(((struct source *)NULL)->zone_name) ||
	    zone_open(zone, &declaration->zone) != 0)
		return refuse(detail, ERR_BAD_DECLARATION,
		              "time_zone: %.80s is not in the tz database",
		              printable(zone) ? zone : "this");
	return 0;
}

static bool instance_valid(const ProtobufCBinaryData *instance)
{
	static const uint8_t none[HELLO_INSTANCE];
	return instance->len == HELLO_INSTANCE && memcmp(instance->data, none, HELLO_INSTANCE) != 0;
}

static enum take_over read_take_over(Streamgauge__V1__Hello__TakeOver value)
{
	switch ((int)value) {
	case STREAMGAUGE__V1__HELLO__TAKE_OVER__IF_IDLE:
		return TAKE_OVER_IF_IDLE;
	case STREAMGAUGE__V1__HELLO__TAKE_OVER__FORCE:
		return TAKE_OVER_FORCE;
	default:
		return TAKE_OVER_NO;
	}
}

int hello_unknown_tenant(const Streamgauge__V1__Hello *message, char detail[HELLO_DETAIL_MAX])
{
	return refuse(detail, ERR_UNKNOWN_TENANT, "the tenant %.63s is not configured",
	              printable(message->tenant) ? message->tenant : "of this name");
}

int hello_read(const struct settings *settings, const Streamgauge__V1__Hello *message,
               struct hello *ret_hello, char detail[HELLO_DETAIL_MAX])
{
	struct hello hello = {0};
	int tenant = settings_tenant(settings, message->tenant, strlen(message->tenant));
	if (tenant < 0)
		return hello_unknown_tenant(message, detail);
	hello.tenant_index = (uint32_t)tenant;
	hello.tenant = &settings->tenants[tenant];
	if (!hello_source_valid(message->source))
		return refuse(detail, ERR_BAD_SOURCE, "%s, at most %d bytes in all",
		              err_rule(ERR_BAD_SOURCE), SOURCE_NAME_MAX);
	snprintf(hello.source, sizeof(hello.source), "%s", message->source);
	if (!instance_valid(&message->instance))
		return refuse(detail, ERR_MALFORMED, "instance: %d random bytes", HELLO_INSTANCE);
	memcpy(hello.instance, message->instance.data, HELLO_INSTANCE);
	if (strlen(message->client) > HELLO_CLIENT_MAX || !printable(message->client))
		return refuse(detail, ERR_MALFORMED,
		              "client: at most %d printable ASCII characters", HELLO_CLIENT_MAX);
	snprintf(hello.client, sizeof(hello.client), "%s", message->client);
	hello.acked = message->acked;
	hello.take_over = read_take_over(message->take_over);
	hello.accept_loss = message->accept_loss;
	hello.declared = message->declaration != NULL;
	int err = hello.declared ? read_declaration(&hello, message->declaration, detail) : 0;
	if (err) {
		hello_deinit(&hello);
		return err;
	}
	*ret_hello = hello;
	return 0;
}

void hello_deinit(struct hello *hello)
{
	if (hello->declaration.zone)
		zone_close(hello->declaration.zone);
	hello->declaration.zone = NULL;
}

static const struct source_report *report_of(const struct source *source, const char *id)
{
	for (uint32_t i = 0; i < source->report_count; i++)
		if (strcmp(source->reports[i].id, id) == 0)
			return &source->reports[i];
	return NULL;
}

static int match_reports(const struct declaration *declaration, const struct source *source,
                         char detail[HELLO_DETAIL_MAX])
{
	const char *counted = NULL;
	for (uint32_t i = 0; i < source->report_count; i++)
		if (source->reports[i].rollup)
			counted = source->reports[i].id;
	uint32_t count = source->report_count;
	for (uint32_t i = 0; i < declaration->report_count; i++) {
		const struct source_report *report = &declaration->reports[i];
		const struct source_report *known = report_of(source, report->id);
		if (known && strcmp(known->level, report->level) != 0)
			return refuse(detail, ERR_ACCOUNT_MISMATCH,
			              "report %s: its level is %s, not %s", report->id,
			              known->level, report->level);
		if (source->class != SOURCE_SURVEY && report->rollup && counted &&
		    strcmp(counted, report->id) != 0)
			return refuse(detail, ERR_ACCOUNT_MISMATCH,
			              "report %s: the source rolls up %s, and only one", report->id,
			              counted);
		if (known && known->rollup != report->rollup)
			return refuse(detail, ERR_ACCOUNT_MISMATCH,
			              "report %s: the source was created with its rows %s",
			              report->id, known->rollup ? "rolled up" : "not rolled up");
		count += !known;
	}
	if (count > SOURCE_REPORTS)
		return refuse(detail, ERR_BAD_DECLARATION, "reports: at most %d per source",
		              SOURCE_REPORTS);
	return 0;
}

int hello_match(const struct hello *hello, const struct source *source,
                char detail[HELLO_DETAIL_MAX])
{
	const struct declaration *declaration = &hello->declaration;
	if (!source || !source->known) {
		if (!hello->declared || !declaration->class)
			return refuse(
			    detail, ERR_BAD_DECLARATION,
			    "class: a new source declares EVENT, REPORT, SURVEY or MARKET");
		return 0;
	}
	if (declaration->class && declaration->class != source->class)
		return refuse(detail, ERR_ACCOUNT_MISMATCH, "class: the source is of class %s",
		              source_class_name(source->class));
	if (declaration->currency[0] && strcmp(declaration->currency, source->currency) != 0)
		return refuse(detail, ERR_ACCOUNT_MISMATCH,
		              "currency: the source was created with %s, not %s", source->currency,
		              declaration->currency);
	if (declaration->zone_stated && declaration->zone &&
	    strcmp(zone_name(declaration->zone), source->zone_name) != 0)
		return refuse(detail, ERR_ACCOUNT_MISMATCH,
		              "time_zone: the source was created with %s, not %s",
		              source->zone_name, zone_name(declaration->zone));
	return match_reports(declaration, source, detail);
}

static void create(struct hello *hello, struct source *source)
{
	struct declaration *declaration = &hello->declaration;
	const char *stated = declaration->currency;
	snprintf(source->currency, sizeof(source->currency), "%s",
	         stated[0] ? stated : hello->tenant->currency);
	if (declaration->zone) {
		if (source->zone)
			zone_close(source->zone);
		source->zone = declaration->zone;
		declaration->zone = NULL;
		snprintf(source->zone_name, sizeof(source->zone_name), "%s",
		         zone_name(source->zone));
	}
	source->class = declaration->class;
	memcpy(source->reports, declaration->reports, sizeof(source->reports));
	source->report_count = declaration->report_count;
}

bool hello_declare(struct hello *hello, struct source *source)
{
	const struct declaration *declaration = &hello->declaration;
	if (!hello->declared)
		return false;
	bool changed = !source->known ||
	               source->final_after_days != declaration->final_after_days ||
	               source->cadence_hours != declaration->cadence_hours;
	source->final_after_days = declaration->final_after_days;
	source->cadence_hours = declaration->cadence_hours;
	if (!source->known) {
		create(hello, source);
		return true;
	}
	for (uint32_t i = 0; i < declaration->report_count; i++) {
		if (report_of(source, declaration->reports[i].id))
			continue;
		source->reports[source->report_count++] = declaration->reports[i];
		changed = true;
	}
	return changed;
}
