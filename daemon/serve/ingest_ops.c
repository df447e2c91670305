/* SPDX-License-Identifier: Apache-2.0
 * What sessions ask for, answered by partitions and drivers. */
#include "base/log.h"
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

static int64_t op_now_us(void *arg)
{
	(void)arg;
	return clock_wall_us();
}

const struct session_ops ingest_ops = {
    .partition = op_partition,
    .find = partition_source_find,
    .get = partition_source_get,
    .touch = partition_source_touch,
    .apply = batch_apply,
    .work_bytes = partition_work_bytes,
    .kick = op_kick,
    .pending = op_pending,
    .level = op_level,
    .reason = op_reason,
    .confirm = op_confirm,
    .fetch = op_fetch,
    .now_us = op_now_us,
    .send = ingest_conn_send,
    .wake = ingest_conn_wake,
    .end = ingest_conn_end,
};
