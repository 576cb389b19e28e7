-- When did nothing get into the log, or was something lost on the way? A worker publishes a tick for each second in which nobody else
-- does: a stretch without any message is the broker's or the worker's.
WITH
    taken AS
    (
        SELECT
            stream, first_appended, last_appended,
            max(last_appended) OVER (
                PARTITION BY stream ORDER BY first_appended, last_appended ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS latest
        FROM epochs FINAL
        WHERE last_appended > {from:DateTime64(6, 'UTC')} - INTERVAL 31 DAY AND first_appended < {to:DateTime64(6, 'UTC')}
    ),
    degraded AS
    (
        SELECT stream, latest AS begun, first_appended AS ended, 'nothing came into the log' AS text
        FROM taken
        WHERE latest > toDateTime64(0, 6, 'UTC') AND first_appended > latest + toIntervalSecond({within:UInt32})
        UNION ALL
        SELECT stream, max(last_appended) AS latest, {to:DateTime64(6, 'UTC')}, 'nothing has landed since'
        FROM taken GROUP BY stream
        HAVING latest + toIntervalSecond({within:UInt32}) < {to:DateTime64(6, 'UTC')}
        UNION ALL
        SELECT
            stream, toDateTime64(toStartOfMinute(appended) AS minute, 6, 'UTC'), toDateTime64(minute + INTERVAL 1 MINUTE, 6, 'UTC'),
            concat(toString(sum(count)), ' lost (', arrayStringConcat(arraySort(groupUniqArray(toString(reason))), ', '), ')')
        FROM dead_letters
        WHERE reason IN ('gap', 'trimmed', 'defect', 'refused', 'overflow')
          AND (stream, run) NOT IN (SELECT stream, run FROM counted_runs WHERE whole)
        GROUP BY stream, minute
    )
SELECT
    plants.plant AS plant, degraded.stream AS subject, begun, ended, text, [] :: Array(String) AS requests
FROM degraded
INNER JOIN (SELECT DISTINCT plant, stream FROM assets) AS plants ON degraded.stream = plants.stream
WHERE ended > {from:DateTime64(6, 'UTC')} AND begun < {to:DateTime64(6, 'UTC')}
ORDER BY plant, subject, begun;
