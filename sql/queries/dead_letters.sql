-- What left the main way in the last days of the log, why, and from where?
-- group: data
-- days = 1 : so many days up to the newest in the log
SELECT
    reason,
    stage,
    source,
    sum(count)      AS readings,
    max(appended)   AS latest,
    any(detail)     AS example
FROM dead_letters
WHERE appended > (SELECT max(appended) - INTERVAL {days:UInt32} DAY FROM dead_letters)
  AND (stream, run) NOT IN (SELECT stream, run FROM counted_runs WHERE whole)
GROUP BY reason, stage, source
ORDER BY readings DESC, reason, stage, source;
