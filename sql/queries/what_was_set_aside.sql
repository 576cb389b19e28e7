-- What left the main way in the last day of the log, why, and from where?
SELECT
    reason,
    stage,
    source,
    sum(count)      AS readings,
    max(appended)   AS latest,
    any(detail)     AS example
FROM asides
WHERE appended > (SELECT max(appended) - INTERVAL 1 DAY FROM asides)
GROUP BY reason, stage, source
ORDER BY readings DESC;
