-- What did stops that nobody had planned cost in time and pieces? One row per stop with unplanned time. Disruptive: an operation was
-- planned for the machine when it stopped. A line stands once, however many of its machines do: of stops that overlap, the one that
-- began first bears the time, and one behind it what it adds (as its share of the stop, wherever in it the unplanned time lies).
-- Pieces: that time by the pace of the line, which is the longest ideal cycle that its machines counted with last.
CREATE OR REPLACE VIEW lost_production
(
    plant             LowCardinality(String) COMMENT 'Plant',
    line              LowCardinality(String) COMMENT 'Line of the plant',
    asset             LowCardinality(String) COMMENT 'Asset of the line',
    `from`            DateTime64(6, 'UTC')   COMMENT 'When it stopped',
    cause             String                 COMMENT 'Cause, as of view downtime',
    unplanned_seconds Float64                COMMENT 'Seconds outside of planned standstills',
    line_seconds      Float64                COMMENT 'Those of them in which no other stop had the line standing already',
    operation         String                 COMMENT 'Operation that was planned then; empty for none',
    pieces            Nullable(Float64)      COMMENT 'Pieces that the line did not make; null where no machine of it counts'
)
AS
WITH
    entries AS
    (
        SELECT
            plant, line, id, start, `end` AS finish, assets,
            arrayJoin(range(toUInt32(toDate(start)), toUInt32(toDate(`end`)) + 1)) AS day
        FROM planned_now
        WHERE kind IN ('order', 'operation') AND `end` > start
    ),
    stops AS
    (
        SELECT
            plant, line, asset, `from`, `to`, cause, unplanned_seconds, toUInt32(toDate(`from`)) AS day,
            max(`to`) OVER (
                PARTITION BY plant, line ORDER BY `from`, `to`, asset ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS reach
        FROM downtime
        WHERE unplanned_seconds > 0
    ),
    paces AS
    (
        SELECT plant, line, max(cycle) AS pace
        FROM
        (
            SELECT counts.plant AS plant, counts.line AS line, argMax(counts.ideal_cycle, counts.time) AS cycle
            FROM production_counts AS counts WHERE counts.ideal_cycle IS NOT NULL GROUP BY plant, line, counts.asset
        )
        GROUP BY plant, line
    )
SELECT
    stop.plant AS plant, stop.line AS line, stop.asset AS asset, stop.`from` AS `from`, any(stop.cause) AS cause,
    any(stop.unplanned_seconds) AS unplanned_seconds,
    any(stop.unplanned_seconds * greatest(0, dateDiff('microsecond', greatest(stop.`from`, stop.reach), stop.`to`))
        / dateDiff('microsecond', stop.`from`, stop.`to`)) AS line_seconds,
    anyIf(
        entry.id, stop.`from` >= entry.start AND stop.`from` < entry.finish
            AND (empty(entry.assets) OR has(entry.assets, stop.asset))
    ) AS operation,
    line_seconds / nullIf(any(paces.pace), 0) AS pieces
FROM stops AS stop
LEFT JOIN entries AS entry ON stop.plant = entry.plant AND stop.line = entry.line AND stop.day = entry.day
LEFT JOIN paces ON stop.plant = paces.plant AND stop.line = paces.line
GROUP BY stop.plant, stop.line, stop.asset, stop.`from`
COMMENT 'Stops that nobody had planned, with the operation that they disturbed and the pieces that were not made';
