-- How well was each machine used, day by day (UTC)? OEE = availability × performance × quality. Availability = running / (known
-- time − planned standstills). Performance = pieces × ideal cycle / running, quality = good / all pieces: both need `counts` events
-- (view production_counts). Without them they are NULL, and so is OEE.
CREATE OR REPLACE VIEW oee_by_day
(
    plant           LowCardinality(String) COMMENT 'Plant',
    line            LowCardinality(String) COMMENT 'Line of the plant',
    asset           LowCardinality(String) COMMENT 'Asset of the line',
    day             Date                   COMMENT 'Day, UTC',
    known_seconds   Float64                COMMENT 'Time of which the state is known',
    planned_seconds Float64                COMMENT 'Of it planned standstills in which the machine did not run',
    running_seconds Float64                COMMENT 'Of it running',
    pieces          Nullable(Float64)      COMMENT 'Pieces; null without counts',
    good            Nullable(Float64)      COMMENT 'Good ones; null without counts',
    availability    Nullable(Float64)      COMMENT 'Share of the time that was not planned otherwise',
    performance     Nullable(Float64)      COMMENT 'Share of the ideal speed; null without counts',
    quality         Nullable(Float64)      COMMENT 'Share of good pieces; null without counts',
    oee             Nullable(Float64)      COMMENT 'Product of the three; null if one is'
)
AS
WITH
    days AS
    (
        SELECT
            plant, line, asset, toDate(day) AS day,
            sum(share)                                   AS known,
            sumIf(share, kind = 'running')               AS running,
            sumIf(planned_seconds * share / seconds, kind != 'running') AS planned
        FROM
        (
            SELECT
                plant, line, asset, kind, seconds, planned_seconds,
                arrayJoin(range(toUInt32(toDate(`from`)), toUInt32(toDate(`to`)) + 1)) AS day,
                dateDiff('microsecond',
                    greatest(`from`, toDateTime64(toDate(day), 6, 'UTC')),
                    least(`to`, toDateTime64(toDate(day + 1), 6, 'UTC'))) / 1e6 AS share
            FROM machine_timeline
            WHERE seconds > 0 AND kind != 'unknown'
        )
        WHERE share > 0
        GROUP BY plant, line, asset, day
    ),
    counts AS
    (
        SELECT
            plant, line, asset, toDate(time) AS day,
            sum(made.good) AS good, sum(made.good + made.scrap) AS pieces,
            sum((made.good + made.scrap) * made.ideal_cycle) AS ideal, countIf(made.ideal_cycle IS NULL) AS without
        FROM production_counts AS made
        GROUP BY plant, line, asset, day
    )
SELECT
    days.plant AS plant, days.line AS line, days.asset AS asset, days.day AS day,
    days.known AS known_seconds,
    days.planned AS planned_seconds,
    days.running AS running_seconds,
    if(counts.pieces > 0, counts.pieces, NULL) AS pieces,
    if(counts.pieces > 0, counts.good, NULL) AS good,
    if(days.known > days.planned, days.running / (days.known - days.planned), NULL) AS availability,
    if(counts.pieces > 0 AND counts.without = 0 AND days.running > 0, counts.ideal / days.running, NULL) AS performance,
    if(counts.pieces > 0, counts.good / counts.pieces, NULL) AS quality,
    availability * performance * quality AS oee
FROM days
LEFT JOIN counts
    ON days.plant = counts.plant AND days.line = counts.line AND days.asset = counts.asset AND days.day = counts.day
COMMENT 'Availability, performance, quality and OEE by machine and day';
