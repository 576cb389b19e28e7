-- How did each signal run, {grain} by {grain}? Numbers that are not suspect. From the rollup, but for runs of which a part was processed again.
-- each grain, rollup, start_of: minute, readings_1m, toStartOfMinute; hour, readings_1h, toStartOfHour; day, readings_1d, toStartOfDay
CREATE OR REPLACE VIEW readings_by_{grain}
(
    plant       LowCardinality(String)                             COMMENT 'Plant',
    line        LowCardinality(String)                             COMMENT 'Line of the plant',
    asset       LowCardinality(String)                             COMMENT 'Asset of the line',
    signal      LowCardinality(String)                             COMMENT 'Signal of the asset',
    {grain}     DateTime('UTC')                                    COMMENT 'Start of the {grain}, UTC',
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
    plant, line, asset, signal, {grain},
    sum(part.count)                       AS readings,
    min(part.min)                         AS least,
    sum(part.sum) / sum(part.count)       AS mean,
    max(part.max)                         AS greatest,
    sqrt(greatest(0, sum(part.sum_squares) - sum(part.sum) * sum(part.sum) / sum(part.count)) / greatest(1, sum(part.count) - 1)) AS deviation,
    argMaxMerge(part.last)                AS latest,
    max(part.last_time)                   AS latest_time
FROM
(
    SELECT plant, line, asset, signal, {grain}, count, min, max, sum, sum_squares, last, last_time
    FROM {rollup}
    WHERE (stream, run) NOT IN (SELECT stream, run FROM counted_runs WHERE notEmpty(superseded))
    UNION ALL
    SELECT
        plant, line, asset, signal, {start_of}(time) AS {grain},
        count(), min(value), max(value), sum(value), sum(value * value), argMaxState(value, time), max(time)
    FROM reprocessed_readings
    GROUP BY plant, line, asset, signal, {grain}
) AS part
GROUP BY plant, line, asset, signal, {grain}
COMMENT 'Signals by {grain}: count, least, mean, greatest, deviation, last';
