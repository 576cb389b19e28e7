-- Which sources send late, doubled, skewed or damaged data, and how much of it?
-- group: data
-- days = 7 : so many days up to the newest in the log
SELECT
    source,
    sumIf(count, reason IN ('too-late', 'late'))  AS late,
    sumIf(count, reason = 'duplicate')          AS doubled,
    sumIf(count, reason = 'skew')               AS wrong_clock,
    sumIf(count, reason IN ('malformed', 'schema', 'not-finite', 'text',
                            'precision', 'bad-quality', 'suspect', 'out-of-range')) AS damaged,
    sumIf(count, reason = 'unknown')            AS unknown,
    sumIf(count, reason IN ('gap', 'trimmed', 'defect', 'refused', 'overflow')) AS lost,
    min(appended)                               AS first_seen,
    max(appended)                               AS last_seen
FROM dead_letters
WHERE reason NOT IN ('missing', 'suppressed', 'mixed', 'rule-changed')
  AND (stream, run) NOT IN (SELECT stream, run FROM counted_runs WHERE whole)
  AND appended > (SELECT max(appended) - INTERVAL {days:UInt32} DAY FROM dead_letters)
GROUP BY source
ORDER BY lost DESC, damaged DESC, late + doubled + wrong_clock + unknown DESC, source;
