# SPDX-License-Identifier: Apache-2.0
"""An outside Redis: what is refused, what is said, and who may do what in it."""

import re
import signal

from outside_case import OutsideCase, Redis, free_port, harness, orders


class Reaching(OutsideCase):
    def feed(self, daemon, level="fsync"):
        client = self.client(daemon)
        client.hello("shop/eu")
        ack = client.batch(events=orders("a", "b", "c"))
        self.assertEqual((ack.level, ack.accepted), (level, 3))
        self.assert_orders(daemon, 3)

    def test_tcp_by_name_and_restart(self):
        """Another daemon on another machine would find the same state."""
        redis = self.redis()
        first = self.daemon(redis, "localhost:%d" % redis.port).start()
        self.feed(first)
        self.assertEqual(first.stop(), 0)
        second = self.daemon(redis).start()
        self.assert_orders(second, 3)
        self.assertTrue(redis.keys())
        for key in redis.keys():
            self.assertTrue(key.startswith("sg:{demo/0}:"), key)
        self.assertNotIn("redis_ready", second.log(), "it starts no Redis of its own")

    def test_unix_socket(self):
        redis = self.redis()
        self.feed(self.daemon(redis, redis.unix).start())

    def test_away_at_start(self):
        """It listens, says why it is not ready, and goes on once Redis is there."""
        redis = Redis()
        self.addCleanup(redis.close)
        daemon = self.listen(self.daemon(redis))
        self.until_reason(daemon, "Redis at %s cannot be reached" % redis.address)
        redis.start()
        self.until_ready(daemon)
        self.feed(daemon)
        redis.kill()
        self.until_reason(daemon, redis.address)
        redis.start()
        self.until_ready(daemon)
        self.assert_orders(daemon, 3)

    def test_unknown_name(self):
        redis = self.redis()
        daemon = self.listen(self.daemon(redis, "no-such-host.invalid:1"))
        self.until_reason(daemon, "no-such-host.invalid:1", "its name is not known")

    def test_written_and_everysec(self):
        """The weaker promise is told with every acknowledgement, and survives Redis'
        end; the acquisition itself is waited for until it is on disk."""
        redis = self.redis(appendfsync="everysec")
        daemon = self.daemon(redis, level="written").start()
        self.feed(daemon, level="written")
        redis.kill()
        redis.start()
        self.until_ready(daemon)
        self.assert_orders(daemon, 3)

    def test_replica_is_waited_for(self):
        """Nobody is told that the daemon holds the partition before the replica knows."""
        redis = self.redis()
        replica = self.redis()
        self.assertEqual(replica.cli("REPLICAOF", "127.0.0.1", str(redis.port)), "OK")
        harness.until(lambda: "state=online" in redis.cli("INFO", "replication"), "the replica")
        replica.process.send_signal(signal.SIGSTOP)
        self.addCleanup(replica.process.send_signal, signal.SIGCONT)
        daemon = self.listen(self.daemon(redis))
        self.until_reason(daemon, "not yet on the disk of Redis and of its replicas")
        self.assertIn("owner", redis.cli("HGETALL", "sg:{demo/0}:state"))
        replica.process.send_signal(signal.SIGCONT)
        self.until_ready(daemon)
        self.feed(daemon)
        refused = self.daemon(replica)
        self.assert_refused(refused, "Redis is a replica", "master")


    def test_released_only_when_settled(self):
        """Who finds a released partition takes it as it is: so it is released with all
        that was acknowledged on the replica, or not at all."""
        redis = self.redis()
        replica = self.redis()
        replica.cli("REPLICAOF", "127.0.0.1", str(redis.port))
        harness.until(lambda: "state=online" in redis.cli("INFO", "replication"), "the replica")
        for sleeps in (False, True):
            daemon = self.daemon(redis).start()
            if sleeps:
                replica.process.send_signal(signal.SIGSTOP)
                self.addCleanup(replica.process.send_signal, signal.SIGCONT)
            client = self.client(daemon)
            client.hello("shop/%d" % sleeps)
            client.batch(events=orders("a%d" % sleeps))
            self.assertEqual(daemon.stop(), 0)
            self.assertEqual(redis.cli("HGET", "sg:{demo/0}:state", "released"),
                             "" if sleeps else "1")

    def test_log_that_was_switched_on_only_now(self):
        """What is written before its first rewrite has ended would go with a kill."""
        redis = self.redis(appendonly="no", rdb_key_save_delay=20_000)
        redis.cli("EVAL", "for i = 1, 400 do redis.call('SET', 'other' .. i, 'x') end", "0")
        redis.set("appendonly", "yes")
        daemon = self.listen(self.daemon(redis))
        self.until_reason(daemon, "rewriting its append-only file")
        self.assertIn("aof_rewrite_in_progress:1", redis.cli("INFO", "persistence"))
        redis.set("rdb-key-save-delay", "0")
        self.until_ready(daemon)
        self.assertIn("aof_rewrite_in_progress:0", redis.cli("INFO", "persistence"))
        self.feed(daemon)
        redis.kill()
        redis.settings["appendonly"] = "yes"
        redis.start()
        self.until_ready(daemon)
        self.assert_orders(daemon, 3)


class Refused(OutsideCase):
    SETTINGS = (
        ("appendonly", "no", "fsync", "appendonly no", "set it to yes"),
        ("appendonly", "no", "written", "appendonly no", "promise written"),
        ("appendfsync", "everysec", "fsync", "appendfsync everysec", "redis.level to written"),
        ("appendfsync", "no", "written", "appendfsync no", "set it to everysec or always"),
        ("no-appendfsync-on-rewrite", "yes", "fsync", "no-appendfsync-on-rewrite yes",
         "set it to no"),
        ("maxmemory-policy", "allkeys-lru", "fsync", "maxmemory-policy allkeys-lru",
         "set it to noeviction"),
        ("aof-load-truncated", "yes", "written", "aof-load-truncated yes", "set it to no",
         "redis-check-aof --fix"),
    )

    def test_settings_that_make_the_level_untrue(self):
        for name, value, level, *parts in self.SETTINGS:
            with self.subTest(setting=name, value=value, level=level):
                redis = self.redis(**{name.replace("-", "_"): value})
                self.assert_refused(self.daemon(redis, level=level), *parts)
                self.assertEqual(redis.keys(), [])

    def test_cluster(self):
        # By default its bus takes the port 10,000 above, which may not exist.
        redis = self.redis(cluster_enabled="yes", cluster_port=free_port())
        self.assert_refused(self.daemon(redis), "cluster")

    def test_unknown_level(self):
        redis = self.redis()
        daemon = self.daemon(redis, level="replicated")
        daemon.spawn()
        self.assertEqual(daemon.process.wait(timeout=harness.PATIENCE), 2)
        self.assertIn("`level: replicated` is none of: fsync, written", daemon.log())
        daemon.process = None

    def test_change_while_running(self):
        """A setting that is changed stops the acknowledgements until it is back."""
        redis = self.redis()
        daemon = self.daemon(redis).start()
        client = self.client(daemon)
        client.hello("shop/eu")
        client.batch(events=orders("a"))
        redis.set("appendfsync", "everysec")
        self.until_reason(daemon, "appendfsync everysec", "set it to always")
        client.send_batch(2, events=orders("b"))
        client.socket.settimeout(2)
        with self.assertRaises(TimeoutError):
            client.receive()
        client.socket.settimeout(harness.PATIENCE)
        redis.set("appendfsync", "always")
        reply = client.receive()
        self.assertEqual(reply.ack.sequence, 2, reply)
        self.until_ready(daemon)
        self.assert_orders(daemon, 2)

    def test_replica_while_running(self):
        redis = self.redis()
        other = self.redis()
        daemon = self.daemon(redis).start()
        redis.cli("REPLICAOF", "127.0.0.1", str(other.port))
        self.until_reason(daemon, "Redis is a replica")


class Rights(OutsideCase):
    def guarded(self, rules):
        """A Redis whose default user is off, and `ada` has these rules."""
        redis = self.redis()
        redis.cli("ACL", "SETUSER", "root", "on", ">root", "allkeys", "allcommands",
                  "allchannels")
        redis.user = ["--user", "root", "--pass", "root", "--no-auth-warning"]
        redis.cli("ACL", "SETUSER", "default", "off")
        self.assertEqual(redis.cli("ACL", "SETUSER", "ada", "on", ">secret", *rules), "OK")
        return redis

    def test_the_printed_line_suffices(self):
        """The rights that the refusal names, and no other."""
        redis = self.guarded(["-@all", "+info", "+eval"])
        password = self.file(redis, "secret\n")
        refused = self.daemon(redis, user="ada", password_file=password)
        self.assert_refused(refused, "ACL SETUSER ada ")
        line = re.search(r"^streamgauged: .*(ACL SETUSER ada .*)$", refused.log(),
                         re.MULTILINE).group(1).split()
        self.assertEqual(redis.cli(*line), "OK")
        daemon = self.daemon(redis, user="ada", password_file=password).start()
        client = self.client(daemon)
        client.hello("shop/eu")
        for sequence in range(1, 41):
            self.assertEqual(client.batch(events=orders(*[
                "%d.%d" % (sequence, i) for i in range(10)])).accepted, 10)
        client.send_batch(41, events=orders("bad", revenue=-1))
        self.assertEqual(client.receive().ack.rejected, 1)
        self.assertEqual(len(daemon.get_json("/v1/rejects", tenant="demo")["rejects"]), 1)
        self.assert_orders(daemon, 400)
        self.assertEqual(daemon.stop(), 0)
        again = self.daemon(redis, user="ada", password_file=password).start()
        self.assert_orders(again, 400)
        self.assertNotIn("NOPERM", again.log())

    def test_each_command_is_needed(self):
        """Without one of them it is refused, and names that one."""
        redis = self.guarded(["~sg:*", "+@all"])
        password = self.file(redis, "secret")
        for command in ("hset", "rpush", "expireat", "config|get", "script|load", "evalsha",
                        "hgetall"):
            with self.subTest(command=command):
                redis.cli("ACL", "SETUSER", "ada", "+@all", "-" + command)
                self.assert_refused(self.daemon(redis, user="ada", password_file=password),
                                    command, "this suffices: ACL SETUSER ada resetkeys ~sg:*")
                self.assertEqual(redis.keys(), [])

    def test_right_that_is_taken_away(self):
        """A flush is whole or not at all: it asks for its rights before it writes."""
        redis = self.guarded(["~sg:*", "+@all"])
        daemon = self.daemon(redis, user="ada", password_file=self.file(redis, "secret")).start()
        client = self.client(daemon)
        client.hello("shop/eu")
        client.batch(events=orders("a"))
        before = redis.cli("HGET", "sg:{demo/0}:state", "generation")
        redis.cli("ACL", "SETUSER", "ada", "-rpush")
        client.send_batch(2, events=orders("b"))
        self.until_reason(daemon, "rpush", "ACL SETUSER ada")
        self.assertEqual(redis.cli("HGET", "sg:{demo/0}:state", "generation"), before)
        redis.cli("ACL", "SETUSER", "ada", "+rpush")
        self.assertEqual(client.receive().ack.sequence, 2)
        self.until_ready(daemon)
        self.assert_orders(daemon, 2)

    def test_passwords(self):
        redis = self.guarded(["~sg:*", "+@all"])
        right = self.file(redis, "secret\n")
        self.assert_refused(self.daemon(redis), "wants a password", "redis.password_file")
        self.file(redis, "other\n")
        self.assert_refused(self.daemon(redis, user="ada", password_file=right),
                            "does not take user ada", right)
        self.file(redis, "secret\n", mode=0o644)
        self.assert_refused(self.daemon(redis, user="ada", password_file=right),
                            "can be read or written by everybody", "chmod 600")
        self.file(redis, "secret\n")
        daemon = self.daemon(redis, user="ada", password_file=right).start()
        self.assertEqual(self.reason(daemon), "")
        self.assertNotIn("secret", daemon.log())


if __name__ == "__main__":
    harness.main()
