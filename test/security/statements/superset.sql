SELECT 1
SELECT version()
SELECT currentDatabase()
SHOW DATABASES
SELECT name FROM system.tables WHERE database = 'andon' AND engine NOT LIKE '%View'
SELECT name FROM system.tables WHERE engine LIKE '%View' AND database = 'andon'
DESCRIBE TABLE `andon`.`readings`
EXISTS TABLE `andon`.`readings`
SHOW CREATE TABLE `andon`.`oee_by_day`
EXPLAIN SYNTAX SELECT * FROM readings LIMIT 1
EXPLAIN PLAN SELECT count() FROM readings
SELECT name FROM system.functions ORDER BY name
SELECT * FROM readings LIMIT 101
SELECT toStartOfDay(toDateTime(`time`)) AS `__timestamp`, AVG(`value`) AS `AVG(value)` FROM `andon`.`readings` WHERE `time` >= toDateTime('2026-11-20 00:00:00') AND `time` < toDateTime('2026-11-27 00:00:00') GROUP BY toStartOfDay(toDateTime(`time`)) LIMIT 10000
SELECT toMonday(toDateTime(`time`)) AS `__timestamp`, `asset` AS `asset`, SUM(`value`)/COUNT(*) AS `SUM(value)/COUNT(*)` FROM `andon`.`readings` JOIN (SELECT `asset` AS `asset__`, SUM(`value`) AS `mme_inner__` FROM `andon`.`readings` GROUP BY `asset` ORDER BY `mme_inner__` DESC LIMIT 25) AS `series_limit` ON `asset` = `asset__` GROUP BY `asset`, toMonday(toDateTime(`time`)) ORDER BY `SUM(value)/COUNT(*)` DESC LIMIT 50000
SELECT toStartOfMinute(toDateTime(`time`)) AS `__timestamp`, max(`value`) AS `MAX(value)` FROM `andon`.`readings` GROUP BY `__timestamp` ORDER BY `MAX(value)` DESC LIMIT 50000
SELECT toStartOfFiveMinutes(toDateTime(time)) AS __timestamp, count(*) AS count FROM andon.readings GROUP BY __timestamp
SELECT toStartOfTenMinutes(toDateTime(time)) AS __timestamp, count(*) AS count FROM andon.readings GROUP BY __timestamp
SELECT toStartOfQuarter(toDateTime(`time`)) AS `q`, COUNT(DISTINCT `asset`) AS `COUNT_DISTINCT(asset)` FROM `andon`.`readings` GROUP BY `q`
SELECT toStartOfYear(toDateTime(`time`)) AS `y`, uniq(`signal`) AS `signals` FROM `andon`.`readings` GROUP BY `y`
SELECT `severity` AS `severity`, count(*) AS `count` FROM (SELECT * FROM anomalies FINAL WHERE phase = 'raised') AS `virtual_table` WHERE `severity` IN ('critical', 'high') GROUP BY `severity` ORDER BY `count` DESC LIMIT 100
SELECT DISTINCT `plant` AS `plant` FROM `andon`.`oee_by_day` LIMIT 1000
SELECT COUNT(*) AS rowcount FROM (SELECT `asset` FROM `andon`.`downtime` LIMIT 1000) AS rowcount_qry
SELECT sum(if(`oee` > 0.6, 1, 0)) AS `SUM(good days)`, avg(`oee`) * 100 AS "OEE (%)" FROM `andon`.`oee_by_day`
SELECT `day` AS `day`, `asset` AS `asset`, avg(`quality`) AS `AVG(quality)` FROM `andon`.`oee_by_day` GROUP BY `day`, `asset` WITH TOTALS ORDER BY `day`
SELECT `plant`, `line`, count() AS c FROM andon.assets GROUP BY ROLLUP(`plant`, `line`)
SELECT `plant`, `line`, count() AS c FROM andon.assets GROUP BY GROUPING SETS ((`plant`), (`plant`, `line`))
SELECT quantileTDigest(0.99)(value) AS p99, quantilesExact(0.25, 0.5, 0.75)(value) AS box FROM andon.readings WHERE isFinite(value)
SELECT corr(a.value, b.value) AS corr FROM andon.readings AS a ASOF JOIN andon.readings AS b ON a.asset = b.asset AND a.time >= b.time WHERE a.signal = 'x' AND b.signal = 'y'
SELECT arrayJoin(anomalies) AS anomaly, id FROM requests LIMIT 100
SELECT id, anomaly FROM requests ARRAY JOIN anomalies AS anomaly LIMIT 100
SELECT asset, row_number() OVER (PARTITION BY plant ORDER BY count() DESC) AS rank FROM anomalies GROUP BY plant, asset
SELECT asset, value, lagInFrame(value) OVER w AS before FROM readings WINDOW w AS (PARTITION BY asset, signal ORDER BY time ASC) LIMIT 10
SELECT time, value, avg(value) OVER (ORDER BY time ASC ROWS BETWEEN 5 PRECEDING AND CURRENT ROW) AS rolling FROM readings LIMIT 10
WITH a AS (SELECT asset, max(time) AS t FROM anomalies GROUP BY asset), b AS (SELECT asset, count() AS n FROM readings GROUP BY asset) SELECT a.asset, t, n FROM a LEFT JOIN b USING (asset) ORDER BY n DESC
