/* SPDX-License-Identifier: Apache-2.0
 * What sessions ask for, answered by partitions and drivers. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "ingest/hello.h"
#include "serve/ingest_private.h"

static struct driver *driver_of(void *arg, uint32_t tenant)
{
	const struct ingest_server *server = arg;
	require(tenant < server->settings->tenant_count);
	return server->drivers[tenant];
}

static struct partition *op_partition(void *arg, uint32_t tenant)
{
	return driver_partition(driver_of(arg, tenant));
}

static void op_kick(void *arg, uint32_t tenant)
{
	driver_kick(driver_of(arg, tenant));
}

static uint64_t op_pending(void *arg, uint32_t tenant)
{
	return driver_pending_generation(driver_of(arg, tenant));
}

static const char *op_level(void *arg, uint32_t tenant)
{
	return driver_level(driver_of(arg, tenant));
}

static const char *op_reason(void *arg, uint32_t tenant)
{
	return driver_reason(driver_of(arg, tenant));
}

static void op_confirm(void *arg, uint32_t tenant, session_done_cb done, void *done_arg)
{
	driver_confirm(driver_of(arg, tenant), done, done_arg);
}

static void op_fetch(void *arg, uint32_t tenant, struct fetch_list *list, session_done_cb done,
                     void *done_arg)
{
	driver_fetch(driver_of(arg, tenant), list, done, done_arg);
}

/* What is withdrawn is the one thing that somebody did by hand: it is logged. */
static int op_apply(struct partition *partition, struct source *source,
                    const struct ingest_request *request, struct arena *arena, int64_t now_us,
                    struct fetch_list *missing, struct apply_outcome *ret_outcome)
{
	partition_clock(partition, now_us, clock_mono_us());
	int err = batch_apply(partition, source, request, arena, now_us, missing, ret_outcome);
	if (err || !ret_outcome->forgotten.periods)
		return err;
	char first[CIVIL_DAY_TEXT];
	char last[CIVIL_DAY_TEXT];
	civil_format_day(first, ret_outcome->forgotten.first_day);
	civil_format_day(last, ret_outcome->forgotten.last_day);
	const char *reports = ret_outcome->forgotten.reports;
	log_info("forget", "tenant=%s source=%s reports=%s periods=%llu rows=%llu first=%s last=%s",
	         partition_tenant(partition)->name, source->name, reports ? reports : "",
	         (unsigned long long)ret_outcome->forgotten.periods,
	         (unsigned long long)ret_outcome->forgotten.rows, first, last);
	return 0;
}

static int64_t op_now_us(void *arg)
{
	(void)arg;
	return clock_wall_us();
}

static int op_authorize(void *peer, const char *secret, const char *tenant, const char *source,
                        char *detail)
{
	struct ingest_conn *conn = peer;
	const struct tokens *tokens = conn->server->tokens;
	struct token_wish wish = {TOKEN_SEND, tenant, source};
	char text[TOKEN_DETAIL_MAX];
	if (secret)
		conn->token = token_show(secret, strlen(secret));
	if (!tokens || conn->local)
		return 0;
	int err = tokens_check(tokens, &conn->token, &wish, clock_wall_us() / 1000000, text);
	if (err)
		snprintf(detail, HELLO_DETAIL_MAX, "%s", text);
	return err;
}

const struct session_ops ingest_ops = {
    .partition = op_partition,
    .find = partition_source_find,
    .get = partition_source_get,
    .touch = partition_source_touch,
    .apply = op_apply,
    .work_bytes = partition_work_bytes,
    .kick = op_kick,
    .pending = op_pending,
    .level = op_level,
    .reason = op_reason,
    .confirm = op_confirm,
    .fetch = op_fetch,
    .now_us = op_now_us,
    .authorize = op_authorize,
    .send = ingest_conn_send,
    .wake = ingest_conn_wake,
    .end = ingest_conn_end,
};
