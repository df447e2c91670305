/* SPDX-License-Identifier: Apache-2.0
 * Hello: who speaks and what the source says of itself, checked. */
#ifndef SG_INGEST_HELLO_H
#define SG_INGEST_HELLO_H

#include "model/settings.h"
#include "rollup/source.h"
#include "streamgauge/v1/ingest.pb-c.h"

#define HELLO_INSTANCE   16
#define HELLO_CLIENT_MAX 64
#define HELLO_DETAIL_MAX 256

enum take_over { TAKE_OVER_NO, TAKE_OVER_IF_IDLE, TAKE_OVER_FORCE };

/* What was not stated is 0 or "". */
struct declaration {
	enum source_class class;
	char currency[4];
	bool zone_stated;
	struct zone *zone;                            /* owned: the one stated, else the tenant's */
	struct source_report reports[SOURCE_REPORTS]; /* rollup: the one in force */
	uint32_t report_count;
	uint32_t final_after_days;
	uint32_t cadence_hours;
};

struct hello {
	const struct tenant *tenant;
	uint32_t tenant_index; /* in settings.tenants */
	char source[SOURCE_NAME_MAX + 1];
	uint8_t instance[HELLO_INSTANCE];
	uint64_t acked;
	enum take_over take_over;
	bool accept_loss;
	bool declared;
	struct declaration declaration;
	char client[HELLO_CLIENT_MAX + 1];
};

/* True for `<platform>/<account>`, each of A-Z a-z 0-9 . _ -, at most SOURCE_NAME_MAX bytes. */
bool hello_source_valid(const char *name);

/* Checks the message against the settings. `detail` gets one sentence on an
 * error: ERR_UNKNOWN_TENANT, ERR_BAD_SOURCE, ERR_BAD_DECLARATION, ERR_MALFORMED. */
int hello_read(const struct settings *settings, const Streamgauge__V1__Hello *message,
               struct hello *ret_hello, char detail[HELLO_DETAIL_MAX]) SG_MUST_CHECK;

/* The answer to a tenant that is not configured, or is not to be known of:
 * ERR_UNKNOWN_TENANT with its sentence. */
int hello_unknown_tenant(const Streamgauge__V1__Hello *message, char detail[HELLO_DETAIL_MAX]);

/* Lets go of the zone. */
void hello_deinit(struct hello *hello);

/* Compares with a source that is known: what the Hello states must be what the
 * source was created with, and the report that is counted must stay the same,
 * since rows of two levels are the same money. NULL or an unknown source needs
 * a declaration. ERR_ACCOUNT_MISMATCH or ERR_BAD_DECLARATION with `detail`. */
int hello_match(const struct hello *hello, const struct source *source,
                char detail[HELLO_DETAIL_MAX]) SG_MUST_CHECK;

/* Writes the declaration into the source, after hello_match. An unknown source
 * gets everything; a known one gets reports it did not have, finality and
 * cadence. The zone moves into the source. True when the source changed. */
bool hello_declare(struct hello *hello, struct source *source);

#endif
