-- Rollups of the readings that are numbers, for charts over days and years. Each is made from the finer one while an
-- insert goes on, so the coarse ones cost next to nothing. Their deduplication windows count: a block that comes again
-- with its token is pushed on to the views, and each target drops what it has. `stream` and `run` stay, so that what was
-- processed again can be left out (views readings_by_minute, readings_by_hour, readings_by_day).
-- Partitioned by event time: the parts of one insert need not come in together, a retry brings what is missing.

CREATE TABLE IF NOT EXISTS readings_1m
(
    stream      LowCardinality(String)                                   COMMENT 'Partition of the log that the readings came from' CODEC(ZSTD(1)),
    run         LowCardinality(String)                                   COMMENT 'Processing of the log that wrote them'            CODEC(ZSTD(1)),
    plant       LowCardinality(String)                                   COMMENT 'Plant'                                            CODEC(ZSTD(1)),
    line        LowCardinality(String)                                   COMMENT 'Line of the plant'                                CODEC(ZSTD(1)),
    asset       LowCardinality(String)                                   COMMENT 'Asset of the line'                                CODEC(ZSTD(1)),
    signal      LowCardinality(String)                                   COMMENT 'Signal of the asset'                              CODEC(ZSTD(1)),
    minute      DateTime('UTC')                                          COMMENT 'Start of the minute'                              CODEC(Delta, ZSTD(1)),
    count       SimpleAggregateFunction(sum, UInt64)                     COMMENT 'Readings in it'                                   CODEC(T64, ZSTD(1)),
    min         SimpleAggregateFunction(min, Float64)                    COMMENT 'Least value'                                      CODEC(ZSTD(1)),
    max         SimpleAggregateFunction(max, Float64)                    COMMENT 'Greatest value'                                   CODEC(ZSTD(1)),
    sum         SimpleAggregateFunction(sum, Float64)                    COMMENT 'Sum of the values'                                CODEC(ZSTD(1)),
    sum_squares SimpleAggregateFunction(sum, Float64)                    COMMENT 'Sum of their squares'                             CODEC(ZSTD(1)),
    last        AggregateFunction(argMax, Float64, DateTime64(6, 'UTC')) COMMENT 'Value of the latest reading: argMaxMerge(last)'   CODEC(ZSTD(1)),
    last_time   SimpleAggregateFunction(max, DateTime64(6, 'UTC'))       COMMENT 'Event time of the latest reading'                 CODEC(Delta, ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(minute)
ORDER BY (plant, line, asset, signal, minute, stream, run)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Readings by minute, added up; several rows of one minute until parts are merged (view readings_by_minute)';

CREATE MATERIALIZED VIEW IF NOT EXISTS readings_1m_fill TO readings_1m AS
SELECT
    stream, run, plant, line, asset, signal,
    toStartOfMinute(time) AS minute,
    count()                   AS count,
    min(value)                AS min,
    max(value)                AS max,
    sum(value)                AS sum,
    sum(value * value)        AS sum_squares,
    argMaxState(value, time)  AS last,
    max(time)                 AS last_time
FROM readings
WHERE isFinite(value)
GROUP BY stream, run, plant, line, asset, signal, minute;

CREATE TABLE IF NOT EXISTS readings_1h
(
    stream      LowCardinality(String)                                   COMMENT 'Partition of the log that the readings came from' CODEC(ZSTD(1)),
    run         LowCardinality(String)                                   COMMENT 'Processing of the log that wrote them'            CODEC(ZSTD(1)),
    plant       LowCardinality(String)                                   COMMENT 'Plant'                                            CODEC(ZSTD(1)),
    line        LowCardinality(String)                                   COMMENT 'Line of the plant'                                CODEC(ZSTD(1)),
    asset       LowCardinality(String)                                   COMMENT 'Asset of the line'                                CODEC(ZSTD(1)),
    signal      LowCardinality(String)                                   COMMENT 'Signal of the asset'                              CODEC(ZSTD(1)),
    hour        DateTime('UTC')                                          COMMENT 'Start of the hour'                                CODEC(Delta, ZSTD(1)),
    count       SimpleAggregateFunction(sum, UInt64)                     COMMENT 'Readings in it'                                   CODEC(T64, ZSTD(1)),
    min         SimpleAggregateFunction(min, Float64)                    COMMENT 'Least value'                                      CODEC(ZSTD(1)),
    max         SimpleAggregateFunction(max, Float64)                    COMMENT 'Greatest value'                                   CODEC(ZSTD(1)),
    sum         SimpleAggregateFunction(sum, Float64)                    COMMENT 'Sum of the values'                                CODEC(ZSTD(1)),
    sum_squares SimpleAggregateFunction(sum, Float64)                    COMMENT 'Sum of their squares'                             CODEC(ZSTD(1)),
    last        AggregateFunction(argMax, Float64, DateTime64(6, 'UTC')) COMMENT 'Value of the latest reading: argMaxMerge(last)'   CODEC(ZSTD(1)),
    last_time   SimpleAggregateFunction(max, DateTime64(6, 'UTC'))       COMMENT 'Event time of the latest reading'                 CODEC(Delta, ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYear(hour)
ORDER BY (plant, line, asset, signal, hour, stream, run)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Readings by hour, added up; several rows of one hour until parts are merged (view readings_by_hour)';

CREATE MATERIALIZED VIEW IF NOT EXISTS readings_1h_fill TO readings_1h AS
SELECT
    stream, run, plant, line, asset, signal,
    toStartOfHour(part.minute) AS hour,
    sum(part.count)             AS count,
    min(part.min)               AS min,
    max(part.max)               AS max,
    sum(part.sum)               AS sum,
    sum(part.sum_squares)       AS sum_squares,
    argMaxMergeState(part.last) AS last,
    max(part.last_time)         AS last_time
FROM readings_1m AS part
GROUP BY stream, run, plant, line, asset, signal, hour;

CREATE TABLE IF NOT EXISTS readings_1d
(
    stream      LowCardinality(String)                                   COMMENT 'Partition of the log that the readings came from' CODEC(ZSTD(1)),
    run         LowCardinality(String)                                   COMMENT 'Processing of the log that wrote them'            CODEC(ZSTD(1)),
    plant       LowCardinality(String)                                   COMMENT 'Plant'                                            CODEC(ZSTD(1)),
    line        LowCardinality(String)                                   COMMENT 'Line of the plant'                                CODEC(ZSTD(1)),
    asset       LowCardinality(String)                                   COMMENT 'Asset of the line'                                CODEC(ZSTD(1)),
    signal      LowCardinality(String)                                   COMMENT 'Signal of the asset'                              CODEC(ZSTD(1)),
    day         DateTime('UTC')                                          COMMENT 'Start of the day'                                 CODEC(Delta, ZSTD(1)),
    count       SimpleAggregateFunction(sum, UInt64)                     COMMENT 'Readings in it'                                   CODEC(T64, ZSTD(1)),
    min         SimpleAggregateFunction(min, Float64)                    COMMENT 'Least value'                                      CODEC(ZSTD(1)),
    max         SimpleAggregateFunction(max, Float64)                    COMMENT 'Greatest value'                                   CODEC(ZSTD(1)),
    sum         SimpleAggregateFunction(sum, Float64)                    COMMENT 'Sum of the values'                                CODEC(ZSTD(1)),
    sum_squares SimpleAggregateFunction(sum, Float64)                    COMMENT 'Sum of their squares'                             CODEC(ZSTD(1)),
    last        AggregateFunction(argMax, Float64, DateTime64(6, 'UTC')) COMMENT 'Value of the latest reading: argMaxMerge(last)'   CODEC(ZSTD(1)),
    last_time   SimpleAggregateFunction(max, DateTime64(6, 'UTC'))       COMMENT 'Event time of the latest reading'                 CODEC(Delta, ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYear(day)
ORDER BY (plant, line, asset, signal, day, stream, run)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Readings by day, added up; several rows of one day until parts are merged (view readings_by_day)';

CREATE MATERIALIZED VIEW IF NOT EXISTS readings_1d_fill TO readings_1d AS
SELECT
    stream, run, plant, line, asset, signal,
    toStartOfDay(part.hour) AS day,
    sum(part.count)             AS count,
    min(part.min)               AS min,
    max(part.max)               AS max,
    sum(part.sum)               AS sum,
    sum(part.sum_squares)       AS sum_squares,
    argMaxMergeState(part.last) AS last,
    max(part.last_time)         AS last_time
FROM readings_1h AS part
GROUP BY stream, run, plant, line, asset, signal, day;
