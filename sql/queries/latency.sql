-- How long does it take from a machine to the log, from a breach to an alarm, from a problem to a request, and into this database? In a replay the last one has no meaning.
-- group: data
-- days = 1 : so many days up to the newest in the data
SELECT what, count() AS of, round(quantile(0.5)(seconds), 3) AS median, round(quantile(0.99)(seconds), 3) AS p99, round(max(seconds), 3) AS greatest
FROM
(
    SELECT 'event at the machine to the log' AS what, dateDiff('microsecond', time, appended) / 1e6 AS seconds
    FROM machine_events FINAL
    WHERE appended > (SELECT max(last_appended) - INTERVAL {days:UInt32} DAY FROM epochs)
    UNION ALL
    SELECT 'first breach to alarm', dateDiff('microsecond', since, time) / 1e6
    FROM raised_alarms
    WHERE appended > (SELECT max(last_appended) - INTERVAL {days:UInt32} DAY FROM epochs)
    UNION ALL
    SELECT 'problem to its first request', dateDiff('microsecond', problem_since, min(requested) AS first) / 1e6
    FROM request_times
    GROUP BY plant, line, asset, problem_since
    HAVING first > (SELECT max(time) - INTERVAL {days:UInt32} DAY FROM newest)
    UNION ALL
    SELECT 'log to this database', dateDiff('microsecond', last_appended, toDateTime64(landed, 6, 'UTC')) / 1e6
    FROM epochs FINAL
    WHERE last_appended > (SELECT max(last_appended) - INTERVAL {days:UInt32} DAY FROM epochs)
)
GROUP BY what
ORDER BY what;
