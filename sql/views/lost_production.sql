-- What did stops that nobody had planned cost in time and pieces? One row per stop with unplanned time. Disruptive: an operation was
-- planned for the machine when it stopped. Pieces: unplanned seconds by the ideal cycle that the machine last counted with.
CREATE OR REPLACE VIEW lost_production
(
    plant             LowCardinality(String) COMMENT 'Plant',
    line              LowCardinality(String) COMMENT 'Line of the plant',
    asset             LowCardinality(String) COMMENT 'Asset of the line',
    `from`            DateTime64(6, 'UTC')   COMMENT 'When it stopped',
    cause             String                 COMMENT 'Cause, as of view downtime',
    unplanned_seconds Float64                COMMENT 'Seconds outside of planned standstills',
    operation         String                 COMMENT 'Operation that was planned then; empty for none',
    pieces            Nullable(Float64)      COMMENT 'Pieces that were not made; null where the machine counts none'
)
AS
WITH entries AS
(
    SELECT
        plant, line, id, start, `end` AS finish, assets,
        arrayJoin(range(toUInt32(toDate(start)), toUInt32(toDate(`end`)) + 1)) AS day
    FROM planned_now
    WHERE kind IN ('order', 'operation') AND `end` > start
)
SELECT
    stop.plant AS plant, stop.line AS line, stop.asset AS asset, stop.`from` AS `from`, any(stop.cause) AS cause,
    any(stop.unplanned_seconds) AS unplanned_seconds,
    anyIf(
        entry.id, stop.`from` >= entry.start AND stop.`from` < entry.finish
            AND (empty(entry.assets) OR has(entry.assets, stop.asset))
    ) AS operation,
    any(stop.unplanned_seconds / nullIf(made.ideal_cycle, 0)) AS pieces
FROM (SELECT *, toUInt32(toDate(`from`)) AS day FROM downtime) AS stop
LEFT JOIN entries AS entry ON stop.plant = entry.plant AND stop.line = entry.line AND stop.day = entry.day
LEFT JOIN
(
    SELECT counts.plant AS plant, counts.line AS line, counts.asset AS asset, argMax(counts.ideal_cycle, counts.time) AS ideal_cycle
    FROM production_counts AS counts WHERE counts.ideal_cycle IS NOT NULL GROUP BY plant, line, asset
) AS made ON stop.plant = made.plant AND stop.line = made.line AND stop.asset = made.asset
WHERE stop.unplanned_seconds > 0
GROUP BY stop.plant, stop.line, stop.asset, stop.`from`
COMMENT 'Stops that nobody had planned, with the operation that they disturbed and the pieces that were not made';
