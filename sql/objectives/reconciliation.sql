-- When was a system not compared in time, or did a difference stand for longer than it may? A difference is over with the comparison that
-- mended it, or the next full one, which tells it again if it still stands.
WITH compared AS
(
    SELECT
        system, lane, id, time,
        leadInFrame(time, 1, {to:DateTime64(6, 'UTC')}) OVER (
            PARTITION BY system, lane ORDER BY time ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        ) AS next
    FROM
    (
        SELECT DISTINCT system, lane, id, time FROM reconciliations
        WHERE kind = 'compared' AND full AND time < {to:DateTime64(6, 'UTC')}
    )
)
SELECT plant, subject, begun, ended, text, requests
FROM
(
    SELECT
        '' AS plant, concat(system, ' ', lane) AS subject, time + toIntervalSecond({within:UInt32}) AS begun, next AS ended,
        'not compared in time' AS text, [] :: Array(String) AS requests
    FROM compared
    UNION ALL
    SELECT
        toString(found.plant), concat(found.system, ' ', found.lane), found.since + toIntervalSecond({within:UInt32}),
        if(found.mended, found.time, compared.next), found.text, if(found.request = '', [], [found.request])
    FROM (SELECT * FROM reconciliations FINAL WHERE kind != 'compared') AS found
    INNER JOIN compared ON found.system = compared.system AND found.lane = compared.lane AND found.id = compared.id
)
WHERE ended > begun AND ended > {from:DateTime64(6, 'UTC')} AND begun < {to:DateTime64(6, 'UTC')}
ORDER BY plant, subject, begun, text;
