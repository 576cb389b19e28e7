-- When was something in the log for longer than it may take to be in this database? The first processing of a message counts, and no later one.
WITH landings AS
(
    SELECT
        stream, first_appended, last_sequence, toDateTime64(landed, 6, 'UTC') AS arrived,
        max(last_sequence) OVER (
            PARTITION BY stream, created ORDER BY landed, last_sequence ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS known
    FROM epochs FINAL
    WHERE last_appended > {from:DateTime64(6, 'UTC')} - INTERVAL 31 DAY AND first_appended < {to:DateTime64(6, 'UTC')}
)
SELECT
    plants.plant AS plant, landings.stream AS subject, first_appended + toIntervalSecond({within:UInt32}) AS begun, arrived AS ended,
    'messages waited for this database' AS text, [] :: Array(String) AS requests
FROM landings
INNER JOIN (SELECT DISTINCT plant, stream FROM assets) AS plants ON landings.stream = plants.stream
WHERE last_sequence > known AND ended > begun
  AND ended > {from:DateTime64(6, 'UTC')} AND begun < {to:DateTime64(6, 'UTC')}
ORDER BY plant, subject, begun;
