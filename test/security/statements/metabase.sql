-- Metabase
SELECT version()
SELECT 1
SELECT timezone() AS tz
SELECT name FROM system.databases
select name, engine from system.tables where database = 'andon' and name not like '.inner%'
SELECT `database` AS TABLE_SCHEM, name AS TABLE_NAME FROM system.tables WHERE database IN ('andon')
SELECT TRUE AS `_` FROM `andon`.`readings` WHERE 1 <> 1 LIMIT 0
-- Metabase:: userID: 1 queryType: MBQL queryHash: 8a2b0f
SELECT `andon`.`readings`.`plant` AS `plant`, `andon`.`readings`.`asset` AS `asset`, `andon`.`readings`.`value` AS `value` FROM `andon`.`readings` LIMIT 2000
-- Metabase:: userID: 1 queryType: MBQL queryHash: 8a2b10
SELECT COUNT(*) AS `count` FROM `andon`.`readings`
SELECT toStartOfMonth(`andon`.`readings`.`time`) AS `time`, AVG(`andon`.`readings`.`value`) AS `avg` FROM `andon`.`readings` GROUP BY toStartOfMonth(`andon`.`readings`.`time`) ORDER BY toStartOfMonth(`andon`.`readings`.`time`) ASC
SELECT toStartOfHour(toTimeZone(`andon`.`readings`.`time`, 'Europe/Berlin')) AS `time`, SUM(`andon`.`readings`.`value`) AS `sum` FROM `andon`.`readings` GROUP BY `time` ORDER BY `time` ASC
SELECT CAST(`andon`.`anomalies`.`severity` AS Nullable(String)) AS `severity`, count(DISTINCT `andon`.`anomalies`.`id`) AS `count` FROM `andon`.`anomalies` GROUP BY `andon`.`anomalies`.`severity` ORDER BY `count` DESC
SELECT `source`.`asset` AS `asset`, `source`.`sum` AS `sum` FROM (SELECT `andon`.`downtime`.`asset` AS `asset`, SUM(`andon`.`downtime`.`seconds`) AS `sum` FROM `andon`.`downtime` GROUP BY `andon`.`downtime`.`asset`) AS `source` WHERE `source`.`sum` > 60 LIMIT 2000
SELECT (CASE WHEN SUM(`andon`.`oee_by_day`.`known_seconds`) = 0 THEN NULL ELSE SUM(`andon`.`oee_by_day`.`running_seconds`) / SUM(`andon`.`oee_by_day`.`known_seconds`) END) AS `Availability %` FROM `andon`.`oee_by_day`
SELECT `andon`.`requests`.`id` AS `id`, `Anomalies → Reason`.`reason` AS `Anomalies → Reason` FROM `andon`.`requests` LEFT JOIN `andon`.`anomalies` AS `Anomalies → Reason` ON `andon`.`requests`.`asset` = `Anomalies → Reason`.`asset` LIMIT 1048575
SELECT floor((`andon`.`readings`.`value` / 10.0)) * 10.0 AS `value`, COUNT(*) AS `count` FROM `andon`.`readings` GROUP BY floor((`andon`.`readings`.`value` / 10.0)) * 10.0 ORDER BY 1 ASC
SELECT substring(`andon`.`anomalies`.`reason`, 1, 1234) AS `reason` FROM `andon`.`anomalies` LIMIT 10000
SELECT MAX(`andon`.`readings`.`time`) AS `max`, MIN(`andon`.`readings`.`time`) AS `min` FROM `andon`.`readings`
SELECT `andon`.`readings`.`asset` AS `asset` FROM `andon`.`readings` WHERE lower(`andon`.`readings`.`asset`) LIKE '%press%' GROUP BY `andon`.`readings`.`asset` ORDER BY `asset` ASC LIMIT 1001
SELECT * FROM `andon`.`open_requests` WHERE `andon`.`open_requests`.`priority` = 'urgent' LIMIT 2000
SELECT toDayOfWeek(`andon`.`readings`.`time`) AS `time`, count() AS `count` FROM `andon`.`readings` GROUP BY `time` ORDER BY `time`
SELECT toHour(`andon`.`readings`.`time`) AS `time`, count() AS `count` FROM `andon`.`readings` GROUP BY `time` ORDER BY `time`
SELECT toStartOfWeek(plus(`andon`.`readings`.`time`, toIntervalDay(1))) AS `w`, quantile(0.9)(`andon`.`readings`.`value`) AS `p90` FROM `andon`.`readings` GROUP BY `w`
SELECT stddevPop(`value`) AS `stddev`, varPop(`value`) AS `var` FROM `andon`.`readings` WHERE isFinite(`value`)
SELECT `asset`, SUM(`n`) OVER (ORDER BY `asset` ASC ROWS UNBOUNDED PRECEDING) AS `sum` FROM (SELECT `asset`, count() AS `n` FROM `andon`.`readings` GROUP BY `asset`)
SELECT countIf(`severity` = 'critical') AS `c`, sumIf(`score`, `phase` = 'raised') AS `s` FROM `andon`.`anomalies`
SELECT concat(`plant`, ' / ', `line`, ' / ', `asset`) AS `where` FROM `andon`.`assets` GROUP BY `where`
SELECT coalesce(`due`, `slot_end`) AS `due` FROM `andon`.`requests` WHERE `due` IS NOT NULL AND notEmpty(`title`)
SELECT dateDiff('day', `opened`, `time`) AS `days` FROM `andon`.`requests` WHERE `opened` >= toStartOfDay(now() - INTERVAL 30 DAY) AND `opened` < toStartOfDay(now() + INTERVAL 1 DAY)
SELECT `id` FROM `andon`.`anomalies` WHERE positionCaseInsensitiveUTF8(`reason`, 'lager') > 0
SELECT replaceRegexpAll(`asset`, '^press', 'P') AS `short`, `asset` FROM `andon`.`readings` LIMIT 5
SELECT toFloat64OrNull(`text`) AS `t` FROM `andon`.`readings` LIMIT 5
SELECT `plant`, `line` FROM `andon`.`assets` UNION ALL SELECT `plant`, `line` FROM `andon`.`schedule`
