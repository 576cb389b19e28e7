-- How did each signal run, hour by hour? Numbers that are not suspect. From the rollup; where a part of a run was processed again, from
-- the readings themselves, because the rollup does not know which messages its rows are of.
CREATE OR REPLACE VIEW readings_by_hour
(
    plant       LowCardinality(String)                             COMMENT 'Plant',
    line        LowCardinality(String)                             COMMENT 'Line of the plant',
    asset       LowCardinality(String)                             COMMENT 'Asset of the line',
    signal      LowCardinality(String)                             COMMENT 'Signal of the asset',
    hour        DateTime('UTC')                                    COMMENT 'Start of the hour, UTC',
    readings    UInt64                                             COMMENT 'Readings in it',
    least       SimpleAggregateFunction(min, Float64)              COMMENT 'Least value',
    mean        Float64                                            COMMENT 'Mean',
    greatest    SimpleAggregateFunction(max, Float64)              COMMENT 'Greatest value',
    deviation   Float64                                            COMMENT 'Sample standard deviation; 0 for one reading',
    latest      Float64                                            COMMENT 'Value of the latest reading',
    latest_time SimpleAggregateFunction(max, DateTime64(6, 'UTC')) COMMENT 'Event time of the latest reading'
)
AS
SELECT
    plant, line, asset, signal, hour,
    sum(part.count)                       AS readings,
    min(part.min)                         AS least,
    sum(part.sum) / sum(part.count)       AS mean,
    max(part.max)                         AS greatest,
    sqrt(greatest(0, sum(part.sum_squares) - sum(part.sum) * sum(part.sum) / sum(part.count)) / greatest(1, sum(part.count) - 1)) AS deviation,
    argMaxMerge(part.last)                AS latest,
    max(part.last_time)                   AS latest_time
FROM
(
    SELECT plant, line, asset, signal, hour, count, min, max, sum, sum_squares, last, last_time
    FROM readings_1h
    WHERE (stream, run) NOT IN (SELECT stream, run FROM counted_runs WHERE notEmpty(superseded))
    UNION ALL
    SELECT
        reading.plant, reading.line, reading.asset, reading.signal, toStartOfHour(reading.time) AS hour,
        count(), min(reading.value), max(reading.value), sum(reading.value), sum(reading.value * reading.value),
        argMaxState(reading.value, reading.time), max(reading.time)
    FROM readings AS reading
    INNER JOIN counted_runs AS counted ON reading.stream = counted.stream AND reading.run = counted.run
    WHERE (SELECT count() FROM counted_runs WHERE notEmpty(superseded) AND NOT whole) > 0
      AND notEmpty(counted.superseded) AND NOT counted.whole
      AND NOT arrayExists(range -> reading.sequence BETWEEN range.1 AND range.2, counted.superseded)
      AND isFinite(reading.value) AND reading.quality != 'suspect'
    GROUP BY reading.plant, reading.line, reading.asset, reading.signal, hour
) AS part
GROUP BY plant, line, asset, signal, hour
COMMENT 'Signals by hour: count, least, mean, greatest, deviation, last';
