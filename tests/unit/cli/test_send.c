/* SPDX-License-Identifier: Apache-2.0
 * The command as users run it: exit codes, what it says, what it sends. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fake_daemon.h"

static const char ads_head[] =
    "account_id,date,country,channel,campaign_id,campaign_name,impressions,clicks,spend,"
    "conversions,conversion_value,currency,time_zone,read_at\n";

/* A directory of files that goes with the test. */
struct room {
	char dir[64];
	char out[16384]; /* of the last command, both streams */
	struct fake_daemon *fake;
};

static void room_open(struct room *room)
{
	memset(room, 0, sizeof(*room));
	(void)snprintf(room->dir, sizeof(room->dir), "/tmp/sg_send.XXXXXX");
	cr_assert(mkdtemp(room->dir));
	room->fake = calloc(1, sizeof(*room->fake));
	fake_start(room->fake);
}

static void room_close(struct room *room)
{
	char command[128];
	fake_stop(room->fake);
	free(room->fake);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", room->dir);
	cr_assert_eq(system(command), 0);
}

static void put_file(const struct room *room, const char *name, const char *head, const char *text,
                     size_t len)
{
	char path[256];
	(void)snprintf(path, sizeof(path), "%s/%s", room->dir, name);
	FILE *file = fopen(path, "wb");
	cr_assert(file);
	(void)fputs(head, file);
	(void)fwrite(text, 1, len, file);
	(void)fclose(file);
}

/* Runs `streamgauge <arguments>` in the room; the exit code. */
static int run(struct room *room, const char *arguments)
{
	char command[4096];
	(void)snprintf(command, sizeof(command),
	               "cd '%s' && STREAMGAUGE_INGEST=%s STREAMGAUGE_MAPPINGS='%s' '%s' %s 2>&1",
	               room->dir, room->fake->address, SG_SOURCE_DIR "/config/mappings",
	               SG_BINARY_DIR "/daemon/streamgauge", arguments);
	FILE *pipe = popen(command, "r");
	cr_assert(pipe);
	size_t len = fread(room->out, 1, sizeof(room->out) - 1, pipe);
	room->out[len] = '\0';
	int status = pclose(pipe);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define ROW(day, campaign, clicks)                                                                 \
	"a1," day ",DE,video," campaign ",N,10," clicks                                            \
	",1.5,0.5,2,EUR,Europe/Berlin,2026-01-05T00:00:00Z\n"

static void check_says(const struct room *room, const char *text)
{
	cr_assert(strstr(room->out, text), "`%s` is not in: %s", text, room->out);
}

Test(send, a_report_file)
{
	static const char rows[] =
	    ROW("2026-01-01", "1", "1") ROW("2026-01-01", "2", "2") ROW("2026-01-02", "1", "3");
	struct room room;
	room_open(&room);
	put_file(&room, "ads.csv", ads_head, rows, strlen(rows));
	cr_assert_eq(run(&room, "send ads.csv"), 0, "%s", room.out);
	check_says(&room, "ads.csv: demo_ads/a1: 3 rows accepted, 2 periods complete (fsync)");
	check_says(&room, "currency EUR (column `currency`)");
	check_says(&room, "as_of column `read_at`");
	cr_assert_eq(room.fake->items, 3);
	cr_assert_eq(room.fake->commits, 2);
	cr_assert_str_eq(room.fake->source, "demo_ads/a1");
	cr_assert_str_eq(room.fake->zone, "Europe/Berlin");
	cr_assert_eq(run(&room, "send --source other/x --currency USD --zone UTC ads.csv"), 0);
	cr_assert_str_eq(room.fake->source, "other/x");
	cr_assert_str_eq(room.fake->currency, "USD");
	cr_assert_str_eq(room.fake->zone, "UTC");
	check_says(&room, "(--currency)");
	cr_assert_eq(run(&room, "send --source me - < ads.csv"), 0, "%s", room.out);
	cr_assert_str_eq(room.fake->source, "demo_ads/me");
	check_says(&room, "standard input: ");
	room_close(&room);
}

Test(send, rejects_are_listed_and_given_back)
{
	static const char rows[] = ROW("2026-01-01", "1", "1") ROW("2026-01-01", "2", "2.5")
	    ROW("2026-01-02", "1", "3") ROW("never", "1", "3");
	struct room room;
	room_open(&room);
	put_file(&room, "ads.csv", ads_head, rows, strlen(rows));
	cr_assert_eq(run(&room, "send --rejects . ./ads.csv"), 2, "an existing file is kept");
	char dir[128];
	(void)snprintf(dir, sizeof(dir), "%s/bad", room.dir);
	cr_assert_eq(mkdir(dir, 0755), 0);
	cr_assert_eq(run(&room, "send --rejects bad ads.csv"), 1, "%s", room.out);
	check_says(&room, "ads.csv:3: column `clicks`: not_an_integer: `2.5`");
	check_says(&room, "ads.csv:5: column `date`: bad_date: `never`");
	check_says(&room, "2 rejected records are in bad");
	cr_assert_eq(room.fake->commits, 0, "a period that may lack rows is not committed");
	cr_assert_eq(run(&room, "send bad/ads.csv"), 1);
	check_says(&room, "bad/ads.csv:2: column `clicks`: not_an_integer");
	check_says(&room, "bad/ads.csv:3: column `date`: bad_date");
	room_close(&room);
}

Test(send, two_rows_of_one_key)
{
	static const char rows[] =
	    ROW("2026-01-01", "1", "1") ROW("2026-01-02", "2", "2") ROW("2026-01-01", "1", "3");
	struct room room;
	room_open(&room);
	put_file(&room, "ads.csv", ads_head, rows, strlen(rows));
	cr_assert_eq(run(&room, "send ads.csv"), 1, "%s", room.out);
	check_says(&room,
	           "ads.csv:4: duplicate_key: line 2 has the same key and other values; they "
	           "differ in: clicks; the slice (demo_ads/a1, campaign_daily, 2026-01-01, 2 "
	           "rows) was not sent");
	cr_assert_eq(room.fake->items, 1);
	room_close(&room);
}

Test(send, a_dry_run_sends_nothing)
{
	static const char rows[] = ROW("2026-01-01", "1", "1") ROW("2026-01-02", "2", "2");
	struct room room;
	room_open(&room);
	put_file(&room, "ads.csv", ads_head, rows, strlen(rows));
	cr_assert_eq(run(&room, "send --dry-run ads.csv"), 0, "%s", room.out);
	check_says(&room, "mapping demo_ads, 2 records, 2 rows; nothing is sent");
	check_says(&room, "campaign=1 country=DE");
	check_says(&room, "clicks                                              3            2\n");
	check_says(&room, "spend                                               3            2\n");
	cr_assert_eq(room.fake->hellos, 0);
	room_close(&room);
}

Test(send, replace_commits_every_period)
{
	static const char text[] =
	    "geo,time,AwarenessVideo_impression,AwarenessVideo_spend\n"
	    "G1,2026-01-05,10,1.5\nG2,2026-01-05,20,2.5\nG1,2026-01-12,1,1\n";
	struct room room;
	room_open(&room);
	put_file(&room, "m.csv", "", text, strlen(text));
	cr_assert_eq(run(&room, "send m.csv"), 0, "%s", room.out);
	cr_assert_eq(room.fake->commits, 0);
	check_says(&room, "(the file's time)");
	cr_assert_eq(run(&room, "send --replace --as-of 2026-02-01T00:00:00Z m.csv"), 0);
	cr_assert_eq(room.fake->commits, 2);
	check_says(&room, "as_of 2026-02-01T00:00:00+00:00 (--as-of)");
	room_close(&room);
}

Test(send, mistakes)
{
	static const struct {
		const char *arguments;
		int code;
		const char *says;
	} rows[] = {
	    {"send", 2, "name at least one file"},
	    {"send nothing.csv", 2, "nothing.csv: there is no such file"},
	    {"send empty.csv", 2, "empty.csv: the file is empty"},
	    {"send binary.csv", 2, "binary.csv: a binary file; CSV or JSON lines"},
	    {"send short.csv", 2,
	     "no mapping fits its columns (--mapping M lists all that M lacks); nearest: demo_ads "
	     "(campaign_daily) lacks `conversion_value`; "},
	    {"send --mapping demo_ads short.csv", 2, "the mapping does not fit"},
	    {"send --mapping nix ads.csv", 2, "there is no mapping `nix`; there are: "},
	    {"send --mappings /nonexistent ads.csv", 2, "/nonexistent"},
	    {"send --colour red ads.csv", 2,
	     "streamgauge send: unknown option --colour; see streamgauge send --help"},
	    {"send --tenant", 2,
	     "streamgauge send: --tenant needs a value; see streamgauge send --help"},
	    {"send --as-of soon ads.csv", 2, "--as-of `soon`"},
	    {"send --currency euro ads.csv", 2, "--currency `euro`"},
	    {"send --zone Mars/Base ads.csv", 2, "--zone `Mars/Base`"},
	    {"send - - < ads.csv", 2, "can be read once"},
	    {"send .", 2, "a directory; name the files in it"},
	    {"send --to nowhere ads.csv", 2, "HOST:PORT, as 127.0.0.1:7311, or unix:PATH"},
	    {"send --to unix:/nonexistent/s ads.csv", 4,
	     "no daemon answers at unix:/nonexistent/s"},
	    {"send open.csv", 2, "open.csv:2: the record that starts here has a double quote"},
	    {"", 2, "usage: streamgauge COMMAND"},
	    {"sned", 2, "streamgauge: there is no command `sned` (did you mean send?); see "},
	    {"xyzzy", 2, "there is no command `xyzzy`; see streamgauge --help"},
	    {"--colour", 2, "unknown option `--colour`; see streamgauge --help"},
	    {"-h", 0, "send           "},
	    {"help send", 0, "usage: streamgauge send"},
	    {"help sned", 2, "there is no command `sned`"},
	    {"send -h", 0, "usage: streamgauge send"},
	    {"send -x ads.csv", 2, "streamgauge send: unknown option -x; see streamgauge send -"},
	    {"send --m x ads.csv", 2, "send: --m may be --mapping or --mappings; see "},
	    {"send --force=yes ads.csv", 2, "streamgauge send: --force takes no value; see "},
	    {"summary --colour=red", 2, "streamgauge summary: unknown option --colour; see "},
	    {"summary --from", 2, "--from needs a value; see streamgauge summary --help"},
	    {"summary all", 2, "`all` is one word too many; see streamgauge summary --help"},
	    {"summary --format xml", 2, "--format xml is not known; take table, csv or json"},
	    {"status --colour", 2, "streamgauge status: unknown option --colour; see "},
	    {"status all", 2, "`all` is one word too many; see streamgauge status --help"},
	    {"status --format xml", 2, "--format xml is not known; take table, csv or json"},
	    {"rejects --colour", 2, "streamgauge rejects: unknown option --colour; see "},
	    {"rejects --limit", 2, "--limit needs a value; see streamgauge rejects --help"},
	    {"check-config --colour", 2, "streamgauge check-config: unknown option --colour; "},
	    {"check-config a b", 2, "`b` is one word too many; see streamgauge check-config "},
	    {"check-config --keys a", 2, "`a` is one word too many"},
	    {"send --tenant \"\" ads.csv", 2, "streamgauge send: --tenant is empty; see "},
	    {"summary --kpi=", 2, "streamgauge summary: --kpi is empty; see "},
	    {"send --config s.yaml ads.csv", 2, "--config: it goes with --dry-run"},
	    {"send --new-source ads.csv", 2, "--new-source: it goes with --items"},
	    {"--help", 0, "send           "},
	    {"send --help", 0, "usage: streamgauge send"},
	    {"--version", 0, "streamgauge 0."},
	};
	static const char good[] = ROW("2026-01-01", "1", "1");
	struct room room;
	room_open(&room);
	put_file(&room, "ads.csv", ads_head, good, strlen(good));
	put_file(&room, "empty.csv", "", "", 0);
	put_file(&room, "binary.csv", "",
	         "\x7f"
	         "ELF\0\0\1",
	         7);
	put_file(
	    &room, "short.csv",
	    "account_id,date,country,channel,campaign_id,impressions,clicks,spend,conversions\n",
	    "", 0);
	put_file(&room, "open.csv", ads_head, "a,\"b\nc,d\n", 9);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int code = run(&room, rows[i].arguments);
		cr_assert_eq(code, rows[i].code, "%s: %d: %s", rows[i].arguments, code, room.out);
		cr_assert(strstr(room.out, rows[i].says), "%s: %s", rows[i].arguments, room.out);
	}
	cr_assert_eq(room.fake->items, 0);
	room_close(&room);
}

Test(send, a_file_that_is_not_understood_stops_the_others)
{
	static const char good[] = ROW("2026-01-01", "1", "1");
	struct room room;
	room_open(&room);
	put_file(&room, "ads.csv", ads_head, good, strlen(good));
	put_file(&room, "odd.csv", "x,y\n1,2\n", "", 0);
	cr_assert_eq(run(&room, "send ads.csv odd.csv"), 2);
	check_says(&room, "odd.csv: no mapping knows any of its columns, `x`, `y`");
	cr_assert_eq(room.fake->hellos, 0);
	room_close(&room);
}

static const char now_yaml[] = "platform: shop\nclass: event\nwhole_days: true\n"
                               "events:\n  - id: event_id\n"
                               "    time: {column: time, form: epoch_s}\n"
                               "    dims: {country: country, channel: channel}\n"
                               "    measures: {sessions: {column: sessions}}\n";

Test(send, events_say_how_far_they_are_complete)
{
	static const char text[] = "event_id,time,country,channel,sessions\n"
	                           "s1,2026-01-01T09:00:00Z,DE,direct,5\n"
	                           "s2,2026-01-02T09:00:00Z,DE,direct,6\n";
	static const char later[] = "event_id,time,country,channel,sessions\n"
	                            "s4,2026-03-02T09:00:00Z,DE,direct,5\n"
	                            "s3,2026-03-01T09:00:00Z,DE,direct,6\n";
	struct room room;
	room_open(&room);
	put_file(&room, "a.csv", "", text, strlen(text));
	put_file(&room, "b.csv", "", later, strlen(later));
	cr_assert_eq(run(&room, "send b.csv a.csv"), 0, "%s", room.out);
	cr_assert_eq(room.fake->heartbeats, 2, "the last file of a mapping says it for all");
	cr_assert_eq(room.fake->complete_from_us[0], INT64_C(1772355600000000), "b.csv");
	cr_assert_eq(room.fake->complete_from_us[1], INT64_C(1767258000000000), "a.csv");
	cr_assert_eq(room.fake->complete_through_us, INT64_C(1767398400000000),
	             "exports of whole days: to the end of 2026-01-02");
	check_says(&room, "a.csv: demo_sessions/default: 2 events accepted, 2 heartbeats (fsync)");
	cr_assert_eq(run(&room, "send --no-heartbeat a.csv"), 0);
	cr_assert_eq(room.fake->heartbeats, 2);
	cr_assert_eq(run(&room, "send --source ny --zone America/New_York a.csv"), 0);
	cr_assert_eq(room.fake->complete_through_us, INT64_C(1767416400000000),
	             "to the end of the day in the source's zone");
	room_close(&room);
}

Test(send, a_day_that_has_not_ended_is_complete_up_to_now)
{
	char text[256];
	struct room room;
	room_open(&room);
	time_t start = time(NULL);
	(void)snprintf(text, sizeof(text),
	               "event_id,time,country,channel,sessions\ns1,%lld,DE,direct,5\n",
	               (long long)start);
	put_file(&room, "a.csv", "", text, strlen(text));
	put_file(&room, "now.yaml", "", now_yaml, strlen(now_yaml));
	cr_assert_eq(run(&room, "send --mappings . a.csv"), 0, "%s", room.out);
	cr_assert_eq(room.fake->heartbeats, 1);
	cr_assert_geq(room.fake->complete_through_us, (int64_t)start * 1000000);
	cr_assert_leq(room.fake->complete_through_us, ((int64_t)time(NULL) + 1) * 1000000);
	room_close(&room);
}

/* A connection that ends between applying and answering. */
Test(send, items_over_a_broken_connection)
{
	static const char without[] = "{\"events\":[{\"amounts\":[{\"value\":7}]}]}\n"
	                              "{\"events\":[{\"amounts\":[{\"value\":8}]}]}\n";
	static const char with[] =
	    "{\"events\":[{\"eventId\":\"a\",\"amounts\":[{\"value\":9}]}]}\n";
	struct room room;
	room_open(&room);
	put_file(&room, "without", "", without, strlen(without));
	put_file(&room, "with", "", with, strlen(with));
	room.fake->drop_after = 1;
	room.fake->drops = 1;
	cr_assert_eq(run(&room, "send --items --source shop/a without"), 0, "%s", room.out);
	check_says(&room, "2 applied before a connection was lost");
	cr_assert_eq(room.fake->hellos, 2);
	cr_assert_eq(room.fake->applied[7], 1);
	cr_assert_eq(room.fake->applied[8], 1);
	cr_assert_eq(room.fake->sequence, 1);
	/* Unnumbered, since an id tells a repeat: sent until it is acknowledged. */
	room.fake->drop_after = 2;
	room.fake->drops = 1;
	cr_assert_eq(run(&room, "send --items --source shop/a with"), 0, "%s", room.out);
	check_says(&room, "1 item accepted");
	cr_assert_eq(room.fake->applied[9], 2);
	cr_assert_eq(room.fake->sequence, 1);
	/* What was sent before is known by the cursor. */
	cr_assert_eq(run(&room, "send --items --source shop/a without"), 5);
	cr_assert_eq(room.fake->applied[7], 1);
	room_close(&room);
}

Test(send, a_refusal_is_exit_5)
{
	static const char good[] = ROW("2026-01-01", "1", "1");
	struct room room;
	room_open(&room);
	room.fake->refuse = "source_busy";
	put_file(&room, "ads.csv", ads_head, good, strlen(good));
	cr_assert_eq(run(&room, "send ads.csv"), 5, "%s", room.out);
	check_says(&room, "source_busy: ");
	room_close(&room);
}
