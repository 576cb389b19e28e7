SELECT 1
SELECT version()
SELECT timezone()
SHOW DATABASES
SHOW TABLES FROM andon
SELECT name FROM system.databases ORDER BY name
SELECT name FROM system.tables WHERE database = 'andon' ORDER BY name
SELECT name, type FROM system.columns WHERE database = 'andon' AND table = 'readings'
DESC TABLE "andon"."readings"
SELECT DISTINCT asset FROM readings ORDER BY asset
SELECT "time", "value" FROM "andon"."readings" WHERE ( "time" >= toDateTime(1795305600) AND "time" <= toDateTime(1795392000) ) LIMIT 1000
SELECT toStartOfInterval(time, INTERVAL 60 second) as time, avg(value) FROM readings WHERE time >= toDateTime(1795305600) AND time <= toDateTime(1795392000) GROUP BY time ORDER BY time
SELECT toStartOfInterval(toDateTime64(time, 3), INTERVAL 1000 millisecond) AS time, asset, max(value) AS v FROM readings WHERE toDateTime(time) BETWEEN 1795305600 AND 1795392000 GROUP BY time, asset ORDER BY time ASC, asset
SELECT toUnixTimestamp64Milli(time) AS t, value FROM readings WHERE signal IN ('temperature', 'pressure') ORDER BY t LIMIT 5000
SELECT (intDiv(toUInt32(time), 30) * 30) * 1000 AS t, count() AS c FROM readings WHERE time >= toDateTime(1795305600) AND time <= toDateTime(1795392000) GROUP BY t ORDER BY t
SELECT t, groupArray((asset, v)) AS groupArr FROM (SELECT (intDiv(toUInt32(time), 60) * 60) * 1000 AS t, asset, avg(value) AS v FROM readings GROUP BY t, asset ORDER BY t, asset) GROUP BY t ORDER BY t
SELECT t, arrayMap(a -> (a.1, a.2 / runningDifference(t / 1000)), groupArr) FROM (SELECT t, groupArray((asset, c)) AS groupArr FROM (SELECT toUnixTimestamp(toStartOfMinute(time)) * 1000 AS t, asset, count() AS c FROM readings GROUP BY t, asset ORDER BY t) GROUP BY t ORDER BY t) SETTINGS allow_deprecated_error_prone_window_functions = 1
SELECT quantile(0.95)(value) as "p95", quantile(0.5)(value) as "p50", toStartOfHour(time) as "hour" FROM readings GROUP BY "hour" ORDER BY "hour" WITH FILL STEP toIntervalHour(1)
SELECT severity, count(*) AS "Alarms" FROM raised_alarms GROUP BY severity ORDER BY "Alarms" DESC LIMIT 10
SELECT plant, line, asset, day, oee, availability FROM oee_by_day WHERE day >= toDate(toDateTime(1795305600)) AND day <= toDate(toDateTime(1795392000)) ORDER BY day
SELECT day as time, avg(oee) as oee, avg(availability) as availability, avg(performance) as performance, avg(quality) as quality FROM oee_by_day GROUP BY day ORDER BY day
SELECT now() - INTERVAL 1 HOUR AS "from", now() AS "to"
SELECT asset AS __text, asset AS __value FROM readings GROUP BY asset ORDER BY asset
SELECT histogram(10)(value) AS h FROM readings WHERE isFinite(value)
SELECT bar(count(), 0, 1000, 20) AS "bar", asset FROM readings GROUP BY asset
SELECT time as "time", reason as "body", severity as "level" FROM anomalies WHERE ( time >= fromUnixTimestamp64Milli(1795305600000) AND time <= fromUnixTimestamp64Milli(1795392000000) ) AND ( reason ILIKE '%bearing%' ) ORDER BY time DESC LIMIT 1000
SELECT count() as count, toStartOfInterval(time, INTERVAL 5 minute) as time, multiIf(severity = 'critical', 'critical', severity IN ('high', 'alert'), 'error', 'info') as level FROM anomalies GROUP BY time, level ORDER BY time
SELECT mapKeys(contributions) AS keys, contributions['vibration'] AS v FROM anomalies WHERE mapContains(contributions, 'vibration') LIMIT 100
SELECT JSONExtractString(request, 'title') AS title, JSONExtractFloat(request, 'confidence') AS c FROM requests LIMIT 50
WITH (SELECT max(time) FROM newest) AS last SELECT last, toUnixTimestamp(last)
SELECT asset, argMax(state, time) AS state, max(time) AS since FROM machine_states GROUP BY asset
SELECT `from` AS time, `to` AS timeEnd, kind AS text, asset AS tags FROM machine_timeline WHERE `from` >= toDateTime(1795305600)
SELECT name, value FROM system.metrics WHERE metric LIKE 'Query%' OR name ILIKE 'x'
SELECT metric, value FROM system.metrics WHERE metric = 'Query'
SELECT event, value FROM system.events WHERE event = 'SelectQuery'
