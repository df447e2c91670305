/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_hub.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "ingest/hello.h"

#define NOW_US 1795000000000000

/* struct partition stays opaque: the fake passes itself. */
static struct fake_hub *fake_of(const struct partition *partition)
{
	return (struct fake_hub *)(uintptr_t)partition;
}

static struct partition *op_partition(void *arg, uint32_t tenant)
{
	struct fake_hub *fake = arg;
	return fake->ready && (tenant == 0 || fake->both) ? (struct partition *)fake : NULL;
}

static struct source *op_find(struct partition *partition, const char *name, size_t len)
{
	struct fake_hub *fake = fake_of(partition);
	for (uint32_t i = 0; i < fake->source_count; i++)
		if (strlen(fake->names[i]) == len && memcmp(fake->names[i], name, len) == 0)
			return &fake->sources[i];
	return NULL;
}

static int op_get(struct partition *partition, const char *name, size_t len,
                  struct source **ret_source)
{
	struct fake_hub *fake = fake_of(partition);
	struct source *source = op_find(partition, name, len);
	if (!source) {
		if (fake->source_count == FAKE_SOURCES)
			return ERR_TOO_MANY;
		uint32_t number = fake->source_count++;
		snprintf(fake->names[number], sizeof(fake->names[number]), "%s", name);
		source = &fake->sources[number];
		*source = (struct source){.number = number, .name = fake->names[number]};
	}
	*ret_source = source;
	return 0;
}

static void op_touch(struct partition *partition, struct source *source)
{
	cr_assert_lt(source->number, fake_of(partition)->source_count);
	fake_of(partition)->pending++;
	fake_of(partition)->touches++;
}

static int op_apply(struct partition *partition, struct source *source,
                    const struct ingest_request *request, struct arena *arena, int64_t now_us,
                    struct fetch_list *missing, struct apply_outcome *ret_outcome)
{
	const Streamgauge__V1__Batch *batch = request->batch;
	struct fake_hub *fake = fake_of(partition);
	cr_assert_eq(now_us, NOW_US);
	cr_assert_not_null(source->zone, "a source has its zone before its first batch");
	if (fake->apply_again) {
		fake->apply_again--;
		cr_assert_eq(fetch_add(missing, (struct store_key){.kind = KEY_ROWS}, "f", 1), 0);
		return ERR_AGAIN;
	}
	if (fake->apply_err)
		return fake->apply_err;
	fake->applied++;
	fake->pending++;
	if (batch->sequence) {
		source->applied = batch->sequence;
		source->current.last_sequence = batch->sequence;
		memcpy(source->hashes[batch->sequence % SOURCE_HASHES], request->hash, 16);
		if (batch->cursor.len)
			memcpy(source->cursor, batch->cursor.data, batch->cursor.len);
		source->cursor_len = (uint32_t)batch->cursor.len;
	}
	uint64_t items = request->events.count;
	uint64_t rejected = items < fake->reject ? items : fake->reject;
	*ret_outcome = (struct apply_outcome){.rejected = rejected};
	*(uint64_t *)((char *)ret_outcome + fake->outcome) += items - rejected;
	if (rejected) {
		ret_outcome->rejects = arena_zalloc(arena, sizeof(struct apply_reject));
		ret_outcome->rejects[0] =
		    (struct apply_reject){STREAMGAUGE__V1__REJECT__ITEM__EVENT, 0, ERR_UNKNOWN_TYPE,
		                          "type", "no such type"};
		ret_outcome->reject_count = 1;
	}
	return 0;
}

static size_t op_work_bytes(const struct partition *partition)
{
	return fake_of(partition)->work;
}

static void op_kick(void *arg, uint32_t tenant)
{
	cr_assert_eq(tenant, 0);
	((struct fake_hub *)arg)->kicks++;
}

static uint64_t op_pending(void *arg, uint32_t tenant)
{
	cr_assert_eq(tenant, 0);
	return ((struct fake_hub *)arg)->pending;
}

static const char *op_level(void *arg, uint32_t tenant)
{
	(void)arg;
	(void)tenant;
	return "fsync";
}

static const char *op_reason(void *arg, uint32_t tenant)
{
	(void)arg;
	return tenant == 0 ? "The fake is not ready." : "There is no other tenant.";
}

static void op_confirm(void *arg, uint32_t tenant, session_done_cb done, void *done_arg)
{
	struct fake_hub *fake = arg;
	(void)tenant;
	cr_assert_lt(fake->confirm_count, FAKE_WAITS);
	fake->confirms[fake->confirm_count++] = (struct fake_wait){done, done_arg};
}

static void op_fetch(void *arg, uint32_t tenant, struct fetch_list *list, session_done_cb done,
                     void *done_arg)
{
	struct fake_hub *fake = arg;
	(void)tenant;
	cr_assert_eq(list->count, 1);
	fetch_list_deinit(list);
	cr_assert_lt(fake->fetch_count, FAKE_WAITS);
	fake->fetches[fake->fetch_count++] = (struct fake_wait){done, done_arg};
}

static int64_t op_now(void *arg)
{
	const struct fake_hub *fake = arg;
	return NOW_US + fake->later_us;
}

static int op_authorize(void *peer, const char *secret, const char *tenant, const char *source,
                        char *detail)
{
	struct fake_peer *from = peer;
	cr_assert(tenant && source);
	snprintf(from->tenant, sizeof(from->tenant), "%s", tenant);
	if (secret)
		snprintf(from->shown, sizeof(from->shown), "%s", secret);
	if (from->unauthorized)
		snprintf(detail, HELLO_DETAIL_MAX, "The fake refuses %s.", from->shown);
	return from->unauthorized;
}

static void op_send(void *peer, const uint8_t *bytes, size_t len)
{
	struct fake_peer *to = peer;
	cr_assert_eq(to->ended, 0, "a reply after the end");
	buf_put(&to->sent, bytes, len);
}

static void op_wake(void *peer)
{
	((struct fake_peer *)peer)->woken++;
}

static void op_end(void *peer, int err, const char *detail)
{
	struct fake_peer *from = peer;
	cr_assert_not_null(detail);
	from->ended++;
	from->end_err = err;
}

static const struct session_ops fake_ops = {
    .partition = op_partition,
    .find = op_find,
    .get = op_get,
    .touch = op_touch,
    .apply = op_apply,
    .work_bytes = op_work_bytes,
    .kick = op_kick,
    .pending = op_pending,
    .level = op_level,
    .reason = op_reason,
    .confirm = op_confirm,
    .fetch = op_fetch,
    .now_us = op_now,
    .authorize = op_authorize,
    .send = op_send,
    .wake = op_wake,
    .end = op_end,
};

void fake_init(struct fake_hub *fake)
{
	*fake = (struct fake_hub){.ready = true, .pending = 1};
	for (int i = 0; i < 2; i++) {
		fake->tenants[i] = (struct tenant){.name = i ? "other" : "demo", .currency = "EUR"};
		cr_assert_eq(zone_open("Europe/Berlin", &fake->tenants[i].zone), 0);
	}
	fake->settings.tenants = fake->tenants;
	fake->settings.tenant_count = 2;
	fake->settings.limits.frame_bytes = 100000;
	fake->settings.limits.batch_items = 100;
	fake->settings.limits.ingest_memory = 1000;
	fake->hub = session_hub_new(&fake->settings, &fake_ops, fake);
	cr_assert_not_null(fake->hub);
}

void fake_deinit(struct fake_hub *fake)
{
	while (fake->confirm_count)
		fake_confirm(fake, ERR_NOT_READY);
	while (fake->fetch_count)
		fake_fetched(fake, ERR_NOT_READY);
	session_hub_free(fake->hub);
	for (uint32_t i = 0; i < fake->source_count; i++)
		if (fake->sources[i].zone)
			zone_close(fake->sources[i].zone);
	for (int i = 0; i < 2; i++)
		zone_close(fake->tenants[i].zone);
}

void fake_connect(struct fake_hub *fake, struct fake_peer *peer, const char *name)
{
	char address[64];
	snprintf(address, sizeof(address), "peer-%s", name);
	*peer = (struct fake_peer){0};
	peer->session = session_new(fake->hub, peer, address);
	cr_assert_not_null(peer->session);
}

void fake_disconnect(struct fake_peer *peer)
{
	session_free(peer->session);
	buf_deinit(&peer->sent);
	peer->session = NULL;
}

static void answer(struct fake_wait *waits, int *count, int err)
{
	cr_assert_gt(*count, 0, "nothing waits");
	struct fake_wait wait = waits[0];
	memmove(waits, waits + 1, sizeof(*waits) * (size_t)-- * count);
	wait.done(wait.arg, err);
}

void fake_confirm(struct fake_hub *fake, int err)
{
	answer(fake->confirms, &fake->confirm_count, err);
}

void fake_fetched(struct fake_hub *fake, int err)
{
	answer(fake->fetches, &fake->fetch_count, err);
}

void fake_flush(struct fake_hub *fake)
{
	uint64_t generation = fake->pending++;
	for (uint32_t i = 0; i < fake->source_count; i++)
		fake->sources[i].published.last_sequence = fake->sources[i].applied;
	session_hub_answered(fake->hub, 0, generation);
}

Streamgauge__V1__Hello fake_hello(uint8_t *instance_bytes, uint8_t instance,
                                  Streamgauge__V1__Declaration *declaration)
{
	streamgauge__v1__declaration__init(declaration);
	declaration->class_ = STREAMGAUGE__V1__DECLARATION__CLASS__EVENT;
	Streamgauge__V1__Hello hello = STREAMGAUGE__V1__HELLO__INIT;
	hello.tenant = "demo";
	hello.source = "shop/eu";
	memset(instance_bytes, instance, 16);
	hello.instance.data = instance_bytes;
	hello.instance.len = 16;
	hello.declaration = declaration;
	hello.client = "test 1.0";
	return hello;
}

static int send_request(struct fake_peer *peer, const Streamgauge__V1__Request *request)
{
	size_t len = streamgauge__v1__request__get_packed_size(request);
	uint8_t bytes[65536];
	cr_assert_leq(len, sizeof(bytes));
	streamgauge__v1__request__pack(request, bytes);
	return session_frame(peer->session, bytes, len);
}

int fake_send_hello(struct fake_peer *peer, const Streamgauge__V1__Hello *hello)
{
	Streamgauge__V1__Request request = STREAMGAUGE__V1__REQUEST__INIT;
	request.request_case = STREAMGAUGE__V1__REQUEST__REQUEST_HELLO;
	request.hello = (Streamgauge__V1__Hello *)hello;
	return send_request(peer, &request);
}

int fake_send(struct fake_peer *peer, const Streamgauge__V1__Batch *batch)
{
	Streamgauge__V1__Request request = STREAMGAUGE__V1__REQUEST__INIT;
	request.request_case = STREAMGAUGE__V1__REQUEST__REQUEST_BATCH;
	request.batch = (Streamgauge__V1__Batch *)batch;
	return send_request(peer, &request);
}

int fake_send_batch(struct fake_peer *peer, uint64_t sequence, uint32_t events, const char *cursor)
{
	Streamgauge__V1__Event items[256];
	Streamgauge__V1__Event *list[256];
	cr_assert_leq(events, 256);
	for (uint32_t i = 0; i < events; i++) {
		streamgauge__v1__event__init(&items[i]);
		items[i].type = "order";
		list[i] = &items[i];
	}
	Streamgauge__V1__Batch batch = STREAMGAUGE__V1__BATCH__INIT;
	batch.sequence = sequence;
	batch.events = list;
	batch.n_events = events;
	batch.cursor.data = (uint8_t *)(uintptr_t)cursor;
	batch.cursor.len = strlen(cursor);
	return fake_send(peer, &batch);
}

Streamgauge__V1__Reply *fake_reply(struct fake_peer *peer)
{
	struct frame frame;
	size_t need = 0;
	int err = frame_next(peer->sent.bytes + peer->read, peer->sent.len - peer->read, 1u << 20,
	                     &frame, &need);
	if (err) {
		cr_assert_eq(peer->read, peer->sent.len, "half a reply");
		return NULL;
	}
	peer->read += frame.whole;
	Streamgauge__V1__Reply *reply =
	    streamgauge__v1__reply__unpack(NULL, frame.len, frame.bytes);
	cr_assert_not_null(reply);
	return reply;
}

void fake_reply_free(Streamgauge__V1__Reply *reply)
{
	streamgauge__v1__reply__free_unpacked(reply, NULL);
}
