-- Every table: `stream, sequence, appended, run` say which message a row came from and which processing wrote it.
-- A deduplication window, because a plain MergeTree has none by default and the token of an insert would not count.
-- TTLs count from the insert: on a replay the append times are those of the recording, and rows that are beyond
-- their TTL vanish at once.
-- Bulk tables are partitioned by append day, not event day: the rows of one epoch are one part (two if it spans
-- midnight), so an insert is there as a whole or not at all. Nor the day of the insert: a retry after midnight would
-- not be recognised, because deduplication is per partition.
-- Whatever has an id or a version is a ReplacingMergeTree keyed by it: a double beyond the deduplication window heals
-- by itself. Read such tables through the views, or with FINAL.
-- Every epoch makes a part of each bulk table, and a merge leaves the old ones behind. ClickHouse looks for them every
-- 30 s, but waits longer each time that it found few, up to five minutes: a thousand old parts, whose columns and
-- primary keys stay in memory until then. Hence `max_cleanup_delay_period = 30`.

-- Every number and text that came in. Ordered by signal: a chart of one signal reads little.
CREATE TABLE IF NOT EXISTS readings
(
    stream     LowCardinality(String) COMMENT 'Partition of the log that the row came from'                       CODEC(ZSTD(1)),
    run        LowCardinality(String) COMMENT 'Processing of the log that wrote the row'                          CODEC(ZSTD(1)),
    sequence   UInt64                 COMMENT 'Message of the stream that caused the row'                         CODEC(Delta, ZSTD(1)),
    appended   DateTime64(6, 'UTC')   COMMENT 'When the broker took that message'                                 CODEC(Delta, ZSTD(1)),
    plant      LowCardinality(String) COMMENT 'Plant'                                                             CODEC(ZSTD(1)),
    line       LowCardinality(String) COMMENT 'Line of the plant'                                                 CODEC(ZSTD(1)),
    asset      LowCardinality(String) COMMENT 'Asset of the line'                                                 CODEC(ZSTD(1)),
    signal     LowCardinality(String) COMMENT 'Signal of the asset'                                               CODEC(ZSTD(1)),
    time       DateTime64(6, 'UTC')   COMMENT 'Event time, as the source said it'                                 CODEC(Delta, ZSTD(1)),
    value      Float64                COMMENT 'The number; booleans are 0 and 1; nan where the reading is a text' CODEC(ZSTD(1)),
    text       LowCardinality(String) COMMENT 'The text; empty where the reading is a number'                     CODEC(ZSTD(1)),
    quality    LowCardinality(String) DEFAULT 'good' COMMENT 'good, uncertain, or suspect: not evaluated'         CODEC(ZSTD(1)),
    landed     DateTime MATERIALIZED now() COMMENT 'When it was inserted; only the TTL looks at it' CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(appended)
ORDER BY (plant, line, asset, signal, time)
TTL landed + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1, max_cleanup_delay_period = 30
COMMENT 'Readings as they came: one row per sample and signal';

-- Bursts with their samples: spectra can be computed again with better methods, while they last.
CREATE TABLE IF NOT EXISTS waveforms
(
    stream     LowCardinality(String) COMMENT 'Partition of the log that the row came from' CODEC(ZSTD(1)),
    run        LowCardinality(String) COMMENT 'Processing of the log that wrote the row'    CODEC(ZSTD(1)),
    sequence   UInt64                 COMMENT 'Message of the stream that caused the row'   CODEC(Delta, ZSTD(1)),
    appended   DateTime64(6, 'UTC')   COMMENT 'When the broker took that message'           CODEC(Delta, ZSTD(1)),
    plant      LowCardinality(String) COMMENT 'Plant'                                       CODEC(ZSTD(1)),
    line       LowCardinality(String) COMMENT 'Line of the plant'                           CODEC(ZSTD(1)),
    asset      LowCardinality(String) COMMENT 'Asset of the line'                           CODEC(ZSTD(1)),
    point      LowCardinality(String) COMMENT 'Measuring point of the asset'                CODEC(ZSTD(1)),
    time       DateTime64(6, 'UTC')   COMMENT 'Start of the burst'                          CODEC(Delta, ZSTD(1)),
    rate       Float64                COMMENT 'Samples per second'                          CODEC(ZSTD(1)),
    unit       LowCardinality(String) COMMENT 'Unit of the samples'                         CODEC(ZSTD(1)),
    rpm        Nullable(Float64)      COMMENT 'Shaft speed, where the sender knew it'       CODEC(ZSTD(1)),
    part       UInt16                 COMMENT 'Index of this part of the burst, from 0'     CODEC(ZSTD(1)),
    parts      UInt16                 COMMENT 'Parts of the burst'                          CODEC(ZSTD(1)),
    samples    Array(Float32)         COMMENT 'The samples'                                 CODEC(ZSTD(1)),
    landed     DateTime MATERIALIZED now() COMMENT 'When it was inserted; only the TTL looks at it' CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(appended)
ORDER BY (plant, line, asset, point, time)
TTL landed + INTERVAL 90 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1, max_cleanup_delay_period = 30
COMMENT 'Waveforms as they came, with samples';

-- What the machines were doing. A double (same message) is one row.
CREATE TABLE IF NOT EXISTS machine_states
(
    stream     LowCardinality(String) COMMENT 'Partition of the log that the row came from' CODEC(ZSTD(1)),
    run        LowCardinality(String) COMMENT 'Processing of the log that wrote the row'    CODEC(ZSTD(1)),
    sequence   UInt64                 COMMENT 'Message of the stream that caused the row'   CODEC(Delta, ZSTD(1)),
    appended   DateTime64(6, 'UTC')   COMMENT 'When the broker took that message'           CODEC(Delta, ZSTD(1)),
    plant      LowCardinality(String) COMMENT 'Plant'                                       CODEC(ZSTD(1)),
    line       LowCardinality(String) COMMENT 'Line of the plant'                           CODEC(ZSTD(1)),
    asset      LowCardinality(String) COMMENT 'Asset of the line'                           CODEC(ZSTD(1)),
    time       DateTime64(6, 'UTC')   COMMENT 'When it began'                               CODEC(Delta, ZSTD(1)),
    state      LowCardinality(String) COMMENT 'PackML state'                                CODEC(ZSTD(1)),
    mode       LowCardinality(String) COMMENT 'Mode'                                        CODEC(ZSTD(1)),
    product    LowCardinality(String) COMMENT 'Product'                                     CODEC(ZSTD(1)),
    `order`    LowCardinality(String) COMMENT 'Production order'                            CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(appended)
ORDER BY (plant, line, asset, time, sequence, run)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Machine states by their beginning';

-- All other events of machines and of requests.
CREATE TABLE IF NOT EXISTS machine_events
(
    stream     LowCardinality(String) COMMENT 'Partition of the log that the row came from' CODEC(ZSTD(1)),
    run        LowCardinality(String) COMMENT 'Processing of the log that wrote the row'    CODEC(ZSTD(1)),
    sequence   UInt64                 COMMENT 'Message of the stream that caused the row'   CODEC(Delta, ZSTD(1)),
    appended   DateTime64(6, 'UTC')   COMMENT 'When the broker took that message'           CODEC(Delta, ZSTD(1)),
    plant      LowCardinality(String) COMMENT 'Plant'                                       CODEC(ZSTD(1)),
    line       LowCardinality(String) COMMENT 'Line of the plant'                           CODEC(ZSTD(1)),
    asset      LowCardinality(String) COMMENT 'Asset of the line'                           CODEC(ZSTD(1)),
    time       DateTime64(6, 'UTC')   COMMENT 'When it happened'                            CODEC(Delta, ZSTD(1)),
    type       LowCardinality(String) COMMENT 'Type of the event'                           CODEC(ZSTD(1)),
    data       String                 COMMENT 'JSON of the event'                           CODEC(ZSTD(3)),
    kind       LowCardinality(String) DEFAULT 'event' COMMENT 'event, act, status or finding' CODEC(ZSTD(1)),
    via        LowCardinality(String) COMMENT 'Way by which a person acted'                 CODEC(ZSTD(1)),
    user       String                 COMMENT 'Opaque id of the person who acted'           CODEC(ZSTD(3)),
    system     LowCardinality(String) COMMENT 'System whose status it is'                   CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(appended)
ORDER BY (plant, line, asset, type, time, sequence, run)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Events as they came';

-- Every version of every entry: what was planned can be told from what was known when.
CREATE TABLE IF NOT EXISTS schedule
(
    stream      LowCardinality(String)         COMMENT 'Partition of the log that the row came from'    CODEC(ZSTD(1)),
    run         LowCardinality(String)         COMMENT 'Processing of the log that wrote the row'       CODEC(ZSTD(1)),
    sequence    UInt64                         COMMENT 'Message of the stream that caused the row'      CODEC(Delta, ZSTD(1)),
    appended    DateTime64(6, 'UTC')           COMMENT 'When the broker took that message'              CODEC(Delta, ZSTD(1)),
    plant       LowCardinality(String)         COMMENT 'Plant'                                          CODEC(ZSTD(1)),
    line        LowCardinality(String)         COMMENT 'Line of the plant'                              CODEC(ZSTD(1)),
    id          String                         COMMENT 'Entry'                                          CODEC(ZSTD(3)),
    kind        LowCardinality(String)         COMMENT 'order, operation, changeover, planned-stop or maintenance' CODEC(ZSTD(1)),
    start       DateTime64(6, 'UTC')           COMMENT 'Planned start'                                  CODEC(Delta, ZSTD(1)),
    `end`       DateTime64(6, 'UTC')           COMMENT 'Planned end'                                    CODEC(Delta, ZSTD(1)),
    `order`     String                         COMMENT 'Production order'                               CODEC(ZSTD(3)),
    segment     LowCardinality(String)         COMMENT 'Process segment of an operation'                CODEC(ZSTD(1)),
    product     LowCardinality(String)         COMMENT 'Product'                                        CODEC(ZSTD(1)),
    due         Nullable(DateTime64(6, 'UTC')) COMMENT 'When the order is due'                          CODEC(ZSTD(1)),
    quantity    Nullable(Float64)              COMMENT 'How many'                                       CODEC(ZSTD(1)),
    assets      Array(String)                  COMMENT 'Only these assets; all of the line if empty'    CODEC(ZSTD(1)),
    cancelled   Bool                           COMMENT 'The entry no longer counts'                     CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(appended)
ORDER BY (plant, line, id, sequence, run)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Schedule entries, one row per message that named them';

-- The plant model by asset, one row for each time it was applied.
CREATE TABLE IF NOT EXISTS assets
(
    stream        LowCardinality(String) COMMENT 'Partition of the log that the row came from' CODEC(ZSTD(1)),
    run           LowCardinality(String) COMMENT 'Processing of the log that wrote the row'    CODEC(ZSTD(1)),
    sequence      UInt64                 COMMENT 'Message of the stream that caused the row'   CODEC(Delta, ZSTD(1)),
    appended      DateTime64(6, 'UTC')   COMMENT 'When the broker took that message'           CODEC(Delta, ZSTD(1)),
    plant         LowCardinality(String) COMMENT 'Plant'                                       CODEC(ZSTD(1)),
    line          LowCardinality(String) COMMENT 'Line of the plant'                           CODEC(ZSTD(1)),
    asset         LowCardinality(String) COMMENT 'Asset of the line'                           CODEC(ZSTD(1)),
    name          String                 COMMENT 'Name for people'                             CODEC(ZSTD(3)),
    class         LowCardinality(String) COMMENT 'Class of the asset'                          CODEC(ZSTD(1)),
    criticality   LowCardinality(String) COMMENT 'A, B or C'                                   CODEC(ZSTD(1)),
    stop_cost     Nullable(Float64)      COMMENT 'Cost of an hour of standstill'               CODEC(ZSTD(1)),
    components    Array(String)          COMMENT 'Components'                                  CODEC(ZSTD(1)),
    signals       Array(String)          COMMENT 'Signals'                                     CODEC(ZSTD(1)),
    points        Array(String)          COMMENT 'Measuring points'                            CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(appended)
ORDER BY (plant, line, asset, sequence, run)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Assets of the plant model, by change';

-- The rules as they were applied: what was in force at a sequence can be told.
CREATE TABLE IF NOT EXISTS rules
(
    stream     LowCardinality(String) COMMENT 'Partition of the log that the row came from' CODEC(ZSTD(1)),
    run        LowCardinality(String) COMMENT 'Processing of the log that wrote the row'    CODEC(ZSTD(1)),
    sequence   UInt64                 COMMENT 'Message of the stream that caused the row'   CODEC(Delta, ZSTD(1)),
    appended   DateTime64(6, 'UTC')   COMMENT 'When the broker took that message'           CODEC(Delta, ZSTD(1)),
    plant      LowCardinality(String) COMMENT 'Plant'                                       CODEC(ZSTD(1)),
    change     String                 COMMENT 'Id of the change'                            CODEC(ZSTD(3)),
    rules      String                 COMMENT 'JSON of the rules'                           CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(appended)
ORDER BY (plant, sequence, run)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Rules, by change';

-- Rollups of the readings that are numbers and not suspect, for charts over days and years. Each is made from the finer one while an
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
SETTINGS non_replicated_deduplication_window = 10000, max_cleanup_delay_period = 30
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
WHERE isFinite(value) AND quality != 'suspect'
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
SETTINGS non_replicated_deduplication_window = 10000, max_cleanup_delay_period = 30
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
SETTINGS non_replicated_deduplication_window = 10000, max_cleanup_delay_period = 30
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

-- Statistics of one signal over one stretch. A correction lands as a higher version of the same window.
CREATE TABLE IF NOT EXISTS windows
(
    stream         LowCardinality(String)               COMMENT 'Partition of the log that the row came from'            CODEC(ZSTD(1)),
    run            LowCardinality(String)               COMMENT 'Processing of the log that wrote the row'               CODEC(ZSTD(1)),
    sequence       UInt64                               COMMENT 'Message of the stream that caused the row'              CODEC(Delta, ZSTD(1)),
    appended       DateTime64(6, 'UTC')                 COMMENT 'When the broker took that message'                      CODEC(Delta, ZSTD(1)),
    plant          LowCardinality(String)               COMMENT 'Plant'                                                  CODEC(ZSTD(1)),
    line           LowCardinality(String)               COMMENT 'Line of the plant'                                      CODEC(ZSTD(1)),
    asset          LowCardinality(String)               COMMENT 'Asset of the line'                                      CODEC(ZSTD(1)),
    signal         LowCardinality(String)               COMMENT 'Signal'                                                 CODEC(ZSTD(1)),
    `window`       LowCardinality(String)               COMMENT 'Id of the window rule'                                  CODEC(ZSTD(1)),
    start          DateTime64(6, 'UTC')                 COMMENT 'First moment inside'                                    CODEC(Delta, ZSTD(1)),
    `end`          DateTime64(6, 'UTC')                 COMMENT 'First moment after it'                                    CODEC(Delta, ZSTD(1)),
    backfill       Bool                                 COMMENT 'Of stored values that were sent later'                  CODEC(ZSTD(1)),
    version        UInt32                               COMMENT '0 early, 1 when it fired, then one more per correction' CODEC(ZSTD(1)),
    count          UInt64                               COMMENT 'Readings in it'                                         CODEC(T64, ZSTD(1)),
    `first`        Float64                              COMMENT 'First value by time'                                    CODEC(ZSTD(1)),
    `last`         Float64                              COMMENT 'Last value by time'                                     CODEC(ZSTD(1)),
    min            Float64                              COMMENT 'Least value'                                            CODEC(ZSTD(1)),
    max            Float64                              COMMENT 'Greatest value'                                         CODEC(ZSTD(1)),
    sum            Float64                              COMMENT 'Sum'                                                    CODEC(ZSTD(1)),
    mean           Float64                              COMMENT 'Mean'                                                   CODEC(ZSTD(1)),
    deviation      Float64                              COMMENT 'Sample standard deviation; 0 for one value'             CODEC(ZSTD(1)),
    rms            Float64                              COMMENT 'Root of the mean square'                                CODEC(ZSTD(1)),
    peak_to_peak   Float64                              COMMENT 'max - min'                                              CODEC(ZSTD(1)),
    crest          Float64                              COMMENT 'Largest magnitude over rms'                             CODEC(ZSTD(1)),
    slope          Float64                              COMMENT 'Least squares, per second'                              CODEC(ZSTD(1)),
    quantiles      Map(LowCardinality(String), Float64) COMMENT 'Estimated quantiles: p50, p99 …'                        CODEC(ZSTD(1)),
    landed         DateTime MATERIALIZED now()          COMMENT 'When it was inserted; only the TTL looks at it' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(appended)
ORDER BY (plant, line, asset, signal, `window`, start, backfill, run)
TTL landed + INTERVAL 1100 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1, max_cleanup_delay_period = 30
COMMENT 'Windows; the highest version counts (view windows_final)';

-- What waveforms said, in numbers, and what could not be said.
CREATE TABLE IF NOT EXISTS features
(
    stream      LowCardinality(String)               COMMENT 'Partition of the log that the row came from'  CODEC(ZSTD(1)),
    run         LowCardinality(String)               COMMENT 'Processing of the log that wrote the row'     CODEC(ZSTD(1)),
    sequence    UInt64                               COMMENT 'Message of the stream that caused the row'    CODEC(Delta, ZSTD(1)),
    appended    DateTime64(6, 'UTC')                 COMMENT 'When the broker took that message'            CODEC(Delta, ZSTD(1)),
    plant       LowCardinality(String)               COMMENT 'Plant'                                        CODEC(ZSTD(1)),
    line        LowCardinality(String)               COMMENT 'Line of the plant'                            CODEC(ZSTD(1)),
    asset       LowCardinality(String)               COMMENT 'Asset of the line'                            CODEC(ZSTD(1)),
    point       LowCardinality(String)               COMMENT 'Measuring point'                              CODEC(ZSTD(1)),
    component   LowCardinality(String)               COMMENT 'Component'                                    CODEC(ZSTD(1)),
    time        DateTime64(6, 'UTC')                 COMMENT 'Start of the waveform'                        CODEC(Delta, ZSTD(1)),
    rate        Float64                              COMMENT 'Samples per second'                           CODEC(ZSTD(1)),
    samples     UInt64                               COMMENT 'Samples'                                      CODEC(ZSTD(1)),
    rpm         Nullable(Float64)                    COMMENT 'Shaft speed'                                  CODEC(ZSTD(1)),
    `values`    Map(LowCardinality(String), Float64) COMMENT 'Features by name'                             CODEC(ZSTD(1)),
    absent      Map(LowCardinality(String), String)  COMMENT 'Features that could not be computed, and why' CODEC(ZSTD(1)),
    landed      DateTime MATERIALIZED now()          COMMENT 'When it was inserted; only the TTL looks at it' CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(appended)
ORDER BY (plant, line, asset, point, time)
TTL landed + INTERVAL 1100 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1, max_cleanup_delay_period = 30
COMMENT 'Vibration features per waveform';

-- How far each baseline has learnt.
CREATE TABLE IF NOT EXISTS baselines
(
    stream     LowCardinality(String) COMMENT 'Partition of the log that the row came from' CODEC(ZSTD(1)),
    run        LowCardinality(String) COMMENT 'Processing of the log that wrote the row'    CODEC(ZSTD(1)),
    sequence   UInt64                 COMMENT 'Message of the stream that caused the row'   CODEC(Delta, ZSTD(1)),
    appended   DateTime64(6, 'UTC')   COMMENT 'When the broker took that message'           CODEC(Delta, ZSTD(1)),
    plant      LowCardinality(String) COMMENT 'Plant'                                       CODEC(ZSTD(1)),
    line       LowCardinality(String) COMMENT 'Line of the plant'                           CODEC(ZSTD(1)),
    asset      LowCardinality(String) COMMENT 'Asset of the line'                           CODEC(ZSTD(1)),
    rule       LowCardinality(String) COMMENT 'Detector'                                    CODEC(ZSTD(1)),
    signal     LowCardinality(String) COMMENT 'Signal'                                      CODEC(ZSTD(1)),
    point      LowCardinality(String) COMMENT 'Measuring point'                             CODEC(ZSTD(1)),
    mode       LowCardinality(String) COMMENT 'Mode it learns for'                          CODEC(ZSTD(1)),
    status     LowCardinality(String) COMMENT 'learning, ready, frozen or waiting'          CODEC(ZSTD(1)),
    samples    UInt64                 COMMENT 'Learnt so far'                               CODEC(ZSTD(1)),
    needed     UInt64                 COMMENT 'Needed to be ready'                          CODEC(ZSTD(1)),
    median     Float64                COMMENT 'Median'                                      CODEC(ZSTD(1)),
    mad        Float64                COMMENT 'Median absolute deviation'                   CODEC(ZSTD(1)),
    time       DateTime64(6, 'UTC')   COMMENT 'Event time of this state'                    CODEC(Delta, ZSTD(1)),
    landed     DateTime MATERIALIZED now() COMMENT 'When it was inserted; only the TTL looks at it' CODEC(Delta, ZSTD(1)),
    hours      Float64                COMMENT 'Running hours learnt so far'                 CODEC(ZSTD(1)),
    needed_hours Float64                COMMENT 'Running hours needed'                        CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(appended)
ORDER BY (plant, line, asset, rule, signal, point, mode, time, sequence, run)
TTL landed + INTERVAL 1100 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'States of baselines over time';

-- Every phase of every anomaly. The latest of each is the view anomalies_now.
CREATE TABLE IF NOT EXISTS anomalies
(
    stream         LowCardinality(String) COMMENT 'Partition of the log that the row came from' CODEC(ZSTD(1)),
    run            LowCardinality(String) COMMENT 'Processing of the log that wrote the row'    CODEC(ZSTD(1)),
    sequence       UInt64                 COMMENT 'Message of the stream that caused the row'   CODEC(Delta, ZSTD(1)),
    appended       DateTime64(6, 'UTC')   COMMENT 'When the broker took that message'           CODEC(Delta, ZSTD(1)),
    plant          LowCardinality(String) COMMENT 'Plant'                                       CODEC(ZSTD(1)),
    line           LowCardinality(String) COMMENT 'Line of the plant'                           CODEC(ZSTD(1)),
    asset          LowCardinality(String) COMMENT 'Asset of the line'                           CODEC(ZSTD(1)),
    id             String                 COMMENT 'The same for all phases of one anomaly'      CODEC(ZSTD(3)),
    phase          LowCardinality(String) COMMENT 'raised, updated or cleared'                  CODEC(ZSTD(1)),
    revision       UInt32                 COMMENT 'Counts the phases from 1'                    CODEC(ZSTD(1)),
    rule           LowCardinality(String) COMMENT 'Detector'                                    CODEC(ZSTD(1)),
    detector       LowCardinality(String) COMMENT 'Kind of the detector'                        CODEC(ZSTD(1)),
    signal         LowCardinality(String) COMMENT 'Signal'                                      CODEC(ZSTD(1)),
    point          LowCardinality(String) COMMENT 'Measuring point'                             CODEC(ZSTD(1)),
    component      LowCardinality(String) COMMENT 'Component'                                   CODEC(ZSTD(1)),
    failure_mode   LowCardinality(String) COMMENT 'Failure mode'                                CODEC(ZSTD(1)),
    severity       LowCardinality(String) COMMENT 'Severity'                                    CODEC(ZSTD(1)),
    since          DateTime64(6, 'UTC')   COMMENT 'First breach of the unbroken run'            CODEC(Delta, ZSTD(1)),
    time           DateTime64(6, 'UTC')   COMMENT 'When this was said'                          CODEC(Delta, ZSTD(1)),
    value          Float64                COMMENT 'The value'                                   CODEC(ZSTD(1)),
    `limit`        Float64                COMMENT 'What it was held against'                    CODEC(ZSTD(1)),
    score          Float64                COMMENT 'How far beyond'                              CODEC(ZSTD(1)),
    unit           LowCardinality(String) COMMENT 'Unit of value and limit'                     CODEC(ZSTD(1)),
    reason         String                 COMMENT 'One sentence for people'                     CODEC(ZSTD(3)),
    evidence       String                 COMMENT 'JSON of the facts behind it'                 CODEC(ZSTD(3)),
    state          LowCardinality(String) COMMENT 'PackML state at the time'                    CODEC(ZSTD(1)),
    mode           LowCardinality(String) COMMENT 'Mode at the time'                            CODEC(ZSTD(1)),
    `order`        LowCardinality(String) COMMENT 'Production order at the time'                CODEC(ZSTD(1)),
    product        LowCardinality(String) COMMENT 'Product at the time'                         CODEC(ZSTD(1)),
    sensor         LowCardinality(String) COMMENT 'What measured it: direction, quantity, mounting' CODEC(ZSTD(1)),
    contributions  Map(LowCardinality(String), Float64) COMMENT 'What each signal adds to a score of several, as shares of 1' CODEC(ZSTD(1)),
    part           LowCardinality(String) COMMENT 'Bearing part whose lines stand out in the same waveform' CODEC(ZSTD(1)),
    advice         LowCardinality(String) COMMENT 'What to look at'                             CODEC(ZSTD(1)),
    alarm          LowCardinality(String) COMMENT 'Alarm state after this phase (ISA-18.2)'     CODEC(ZSTD(1)),
    withheld       LowCardinality(String) COMMENT 'Why patterns and people were not told; empty when they were' CODEC(ZSTD(1)),
    cause          LowCardinality(String) COMMENT 'Why it cleared: well, rule changed, asset removed …; empty in other phases' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYear(appended)
ORDER BY (plant, line, asset, id, revision, run)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Anomalies, one row per phase';

-- Matches of patterns, and anomalies that a trigger names.
CREATE TABLE IF NOT EXISTS incidents
(
    stream         LowCardinality(String) COMMENT 'Partition of the log that the row came from' CODEC(ZSTD(1)),
    run            LowCardinality(String) COMMENT 'Processing of the log that wrote the row'    CODEC(ZSTD(1)),
    sequence       UInt64                 COMMENT 'Message of the stream that caused the row'   CODEC(Delta, ZSTD(1)),
    appended       DateTime64(6, 'UTC')   COMMENT 'When the broker took that message'           CODEC(Delta, ZSTD(1)),
    plant          LowCardinality(String) COMMENT 'Plant'                                       CODEC(ZSTD(1)),
    line           LowCardinality(String) COMMENT 'Line of the plant'                           CODEC(ZSTD(1)),
    asset          LowCardinality(String) COMMENT 'Asset of the line'                           CODEC(ZSTD(1)),
    id             String                 COMMENT 'Incident'                                    CODEC(ZSTD(3)),
    rule           LowCardinality(String) COMMENT 'Pattern or detector'                         CODEC(ZSTD(1)),
    component      LowCardinality(String) COMMENT 'Component'                                   CODEC(ZSTD(1)),
    failure_mode   LowCardinality(String) COMMENT 'Failure mode'                                CODEC(ZSTD(1)),
    severity       LowCardinality(String) COMMENT 'Severity'                                    CODEC(ZSTD(1)),
    start          DateTime64(6, 'UTC')   COMMENT 'First event of the match'                    CODEC(Delta, ZSTD(1)),
    `end`          DateTime64(6, 'UTC')   COMMENT 'Last event of the match'                     CODEC(Delta, ZSTD(1)),
    time           DateTime64(6, 'UTC')   COMMENT 'When this was said'                          CODEC(Delta, ZSTD(1)),
    anomalies      Array(String)          COMMENT 'Anomalies it rests on'                       CODEC(ZSTD(1)),
    evidence       String                 COMMENT 'JSON of the events of the match'             CODEC(ZSTD(3)),
    state          LowCardinality(String) COMMENT 'PackML state at the time'                    CODEC(ZSTD(1)),
    mode           LowCardinality(String) COMMENT 'Mode at the time'                            CODEC(ZSTD(1)),
    `order`        LowCardinality(String) COMMENT 'Production order at the time'                CODEC(ZSTD(1)),
    product        LowCardinality(String) COMMENT 'Product at the time'                         CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYear(appended)
ORDER BY (plant, line, asset, id, run)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Incidents';

-- Every change of an alarm's state, and every answer of people to one.
CREATE TABLE IF NOT EXISTS alarms
(
    stream     LowCardinality(String) COMMENT 'Partition of the log that the row came from' CODEC(ZSTD(1)),
    run        LowCardinality(String) COMMENT 'Processing of the log that wrote the row'    CODEC(ZSTD(1)),
    sequence   UInt64                 COMMENT 'Message of the stream that caused the row'   CODEC(Delta, ZSTD(1)),
    appended   DateTime64(6, 'UTC')   COMMENT 'When the broker took that message'           CODEC(Delta, ZSTD(1)),
    plant      LowCardinality(String) COMMENT 'Plant'                                       CODEC(ZSTD(1)),
    line       LowCardinality(String) COMMENT 'Line of the plant'                           CODEC(ZSTD(1)),
    asset      LowCardinality(String) COMMENT 'Asset of the line'                           CODEC(ZSTD(1)),
    rule       LowCardinality(String) COMMENT 'Detector'                                    CODEC(ZSTD(1)),
    signal     LowCardinality(String) COMMENT 'Signal'                                      CODEC(ZSTD(1)),
    point      LowCardinality(String) COMMENT 'Measuring point'                             CODEC(ZSTD(1)),
    anomaly    String                 COMMENT 'Anomaly that it is about; empty for none'    CODEC(ZSTD(3)),
    time       DateTime64(6, 'UTC')   COMMENT 'When it changed'                             CODEC(Delta, ZSTD(1)),
    cause      LowCardinality(String) COMMENT 'raised, cleared, acknowledged, shelved …, confirmed, false' CODEC(ZSTD(1)),
    before     LowCardinality(String) COMMENT 'Alarm state before (ISA-18.2)'               CODEC(ZSTD(1)),
    after      LowCardinality(String) COMMENT 'Alarm state after'                           CODEC(ZSTD(1)),
    who        LowCardinality(String) COMMENT 'Who did it, as far as the event says'        CODEC(ZSTD(1)),
    reason     String                 COMMENT 'Why, in words'                               CODEC(ZSTD(3)),
    landed     DateTime MATERIALIZED now() COMMENT 'When it was inserted; only the TTL looks at it' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYear(appended)
ORDER BY (plant, line, asset, rule, signal, point, time, cause, anomaly, sequence, run)
TTL landed + INTERVAL 1100 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'States of alarms over time, acknowledgements and feedback';

-- One row per request. One partition: a revision must replace those of years before when parts are merged.
CREATE TABLE IF NOT EXISTS requests
(
    stream         LowCardinality(String) COMMENT 'Partition of the log that the row came from'    CODEC(ZSTD(1)),
    run            LowCardinality(String) COMMENT 'Processing of the log that wrote the row'       CODEC(ZSTD(1)),
    sequence       UInt64                 COMMENT 'Message of the stream that caused the row'      CODEC(Delta, ZSTD(1)),
    appended       DateTime64(6, 'UTC')   COMMENT 'When the broker took that message'              CODEC(Delta, ZSTD(1)),
    plant          LowCardinality(String) COMMENT 'Plant'                                          CODEC(ZSTD(1)),
    line           LowCardinality(String) COMMENT 'Line of the plant'                              CODEC(ZSTD(1)),
    asset          LowCardinality(String) COMMENT 'Asset of the line'                              CODEC(ZSTD(1)),
    id             String                 COMMENT 'One problem, one request'                       CODEC(ZSTD(3)),
    revision       UInt32                 COMMENT 'Dense, from 1'                                  CODEC(ZSTD(1)),
    action         LowCardinality(String) COMMENT 'open, update, withdraw or close'                CODEC(ZSTD(1)),
    component      LowCardinality(String) COMMENT 'Component'                                      CODEC(ZSTD(1)),
    failure_mode   LowCardinality(String) COMMENT 'Failure mode'                                   CODEC(ZSTD(1)),
    priority       LowCardinality(String) COMMENT 'Priority'                                       CODEC(ZSTD(1)),
    title          String                 COMMENT 'Title for people'                               CODEC(ZSTD(3)),
    since          DateTime64(6, 'UTC')   COMMENT 'When the problem began to show'                 CODEC(Delta, ZSTD(1)),
    opened         DateTime64(6, 'UTC')   COMMENT 'When the request of this round was opened'      CODEC(Delta, ZSTD(1)),
    time           DateTime64(6, 'UTC')   COMMENT 'Event time of the revision'                     CODEC(Delta, ZSTD(1)),
    incidents      Array(String)          COMMENT 'Incidents it rests on'                          CODEC(ZSTD(1)),
    anomalies      Array(String)          COMMENT 'Anomalies it rests on'                          CODEC(ZSTD(1)),
    `order`        LowCardinality(String) COMMENT 'Order that the machine worked on when the revision was made' CODEC(ZSTD(1)),
    operation      LowCardinality(String) COMMENT 'Segment of that order at the machine'           CODEC(ZSTD(1)),
    product        LowCardinality(String) COMMENT 'Product of that order'                          CODEC(ZSTD(1)),
    due            Nullable(DateTime64(6, 'UTC')) COMMENT 'When that order is due'                         CODEC(ZSTD(1)),
    slot_start     Nullable(DateTime64(6, 'UTC')) COMMENT 'Start of the proposed slot'                     CODEC(ZSTD(1)),
    slot_end       Nullable(DateTime64(6, 'UTC')) COMMENT 'End of the proposed slot'                       CODEC(ZSTD(1)),
    slot_entry     String                 COMMENT 'Entry of the schedule that is the slot, or that it follows' CODEC(ZSTD(1)),
    slot_kind      LowCardinality(String) COMMENT 'changeover, planned-stop, maintenance or gap'   CODEC(ZSTD(1)),
    stop_cost      Nullable(Float64)      COMMENT 'Cost of a stop for the work while the machine produces' CODEC(ZSTD(1)),
    order_late     Nullable(Bool)         COMMENT 'By such a stop the order would miss its due time' CODEC(ZSTD(1)),
    request        String                 COMMENT 'JSON of the whole revision, as it is published' CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY tuple()
ORDER BY (id, run)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Requests; the highest revision counts (view current_requests)';

-- Every revision. Inserted as a block of its own with a token of its own, not by a materialized view: how
-- deduplication and views work together differs between versions of ClickHouse.
CREATE TABLE IF NOT EXISTS request_history
(
    stream         LowCardinality(String) COMMENT 'Partition of the log that the row came from'    CODEC(ZSTD(1)),
    run            LowCardinality(String) COMMENT 'Processing of the log that wrote the row'       CODEC(ZSTD(1)),
    sequence       UInt64                 COMMENT 'Message of the stream that caused the row'      CODEC(Delta, ZSTD(1)),
    appended       DateTime64(6, 'UTC')   COMMENT 'When the broker took that message'              CODEC(Delta, ZSTD(1)),
    plant          LowCardinality(String) COMMENT 'Plant'                                          CODEC(ZSTD(1)),
    line           LowCardinality(String) COMMENT 'Line of the plant'                              CODEC(ZSTD(1)),
    asset          LowCardinality(String) COMMENT 'Asset of the line'                              CODEC(ZSTD(1)),
    id             String                 COMMENT 'One problem, one request'                       CODEC(ZSTD(3)),
    revision       UInt32                 COMMENT 'Dense, from 1'                                  CODEC(ZSTD(1)),
    action         LowCardinality(String) COMMENT 'open, update, withdraw or close'                CODEC(ZSTD(1)),
    component      LowCardinality(String) COMMENT 'Component'                                      CODEC(ZSTD(1)),
    failure_mode   LowCardinality(String) COMMENT 'Failure mode'                                   CODEC(ZSTD(1)),
    priority       LowCardinality(String) COMMENT 'Priority'                                       CODEC(ZSTD(1)),
    title          String                 COMMENT 'Title for people'                               CODEC(ZSTD(3)),
    since          DateTime64(6, 'UTC')   COMMENT 'When the problem began to show'                 CODEC(Delta, ZSTD(1)),
    opened         DateTime64(6, 'UTC')   COMMENT 'When the request of this round was opened'      CODEC(Delta, ZSTD(1)),
    time           DateTime64(6, 'UTC')   COMMENT 'Event time of the revision'                     CODEC(Delta, ZSTD(1)),
    incidents      Array(String)          COMMENT 'Incidents it rests on'                          CODEC(ZSTD(1)),
    anomalies      Array(String)          COMMENT 'Anomalies it rests on'                          CODEC(ZSTD(1)),
    `order`        LowCardinality(String) COMMENT 'Order that the machine worked on when the revision was made' CODEC(ZSTD(1)),
    operation      LowCardinality(String) COMMENT 'Segment of that order at the machine'           CODEC(ZSTD(1)),
    product        LowCardinality(String) COMMENT 'Product of that order'                          CODEC(ZSTD(1)),
    due            Nullable(DateTime64(6, 'UTC')) COMMENT 'When that order is due'                         CODEC(ZSTD(1)),
    slot_start     Nullable(DateTime64(6, 'UTC')) COMMENT 'Start of the proposed slot'                     CODEC(ZSTD(1)),
    slot_end       Nullable(DateTime64(6, 'UTC')) COMMENT 'End of the proposed slot'                       CODEC(ZSTD(1)),
    slot_entry     String                 COMMENT 'Entry of the schedule that is the slot, or that it follows' CODEC(ZSTD(1)),
    slot_kind      LowCardinality(String) COMMENT 'changeover, planned-stop, maintenance or gap'   CODEC(ZSTD(1)),
    stop_cost      Nullable(Float64)      COMMENT 'Cost of a stop for the work while the machine produces' CODEC(ZSTD(1)),
    order_late     Nullable(Bool)         COMMENT 'By such a stop the order would miss its due time' CODEC(ZSTD(1)),
    request        String                 COMMENT 'JSON of the whole revision, as it is published' CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYear(appended)
ORDER BY (id, revision, run)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Requests, one row per revision';

-- What left the main way: one row per epoch, reason, stage and source.
CREATE TABLE IF NOT EXISTS dead_letters
(
    stream          LowCardinality(String) COMMENT 'Partition of the log that the row came from' CODEC(ZSTD(1)),
    run             LowCardinality(String) COMMENT 'Processing of the log that wrote the row'    CODEC(ZSTD(1)),
    sequence        UInt64                 COMMENT 'Message of the stream that caused the row'   CODEC(Delta, ZSTD(1)),
    appended        DateTime64(6, 'UTC')   COMMENT 'When the broker took that message'           CODEC(Delta, ZSTD(1)),
    last_sequence   UInt64                 COMMENT 'Message of the last'                         CODEC(Delta, ZSTD(1)),
    reason          LowCardinality(String) COMMENT 'Why'                                         CODEC(ZSTD(1)),
    stage           LowCardinality(String) COMMENT 'Stage that refused it'                     CODEC(ZSTD(1)),
    source          LowCardinality(String) COMMENT 'Subject, asset or rule it came from'         CODEC(ZSTD(1)),
    count           UInt64                 COMMENT 'How many readings or messages'               CODEC(ZSTD(1)),
    detail          String                 COMMENT 'Of the first, for people'                    CODEC(ZSTD(3)),
    originals       Array(String)          COMMENT 'The first three, shortened'                  CODEC(ZSTD(3)),
    landed          DateTime MATERIALIZED now() COMMENT 'When it was inserted; only the TTL looks at it' CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(appended)
ORDER BY (reason, appended)
TTL landed + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1, max_cleanup_delay_period = 30
COMMENT 'What left the main way, counted';

-- What was processed. Ranges of one run and stream are dense and do not overlap (sql/checks).
CREATE TABLE IF NOT EXISTS epochs
(
    stream           LowCardinality(String) COMMENT 'Partition of the log that the row came from'        CODEC(ZSTD(1)),
    run              LowCardinality(String) COMMENT 'Processing of the log that wrote the row'           CODEC(ZSTD(1)),
    pipeline         LowCardinality(String) COMMENT 'Pipeline'                                           CODEC(ZSTD(1)),
    created          LowCardinality(String) COMMENT 'When the stream was created, as its server says it' CODEC(ZSTD(1)),
    epoch            UInt64                 COMMENT 'Counts the epochs from 1'                           CODEC(Delta, ZSTD(1)),
    first_sequence   UInt64                 COMMENT 'First message'                                      CODEC(Delta, ZSTD(1)),
    last_sequence    UInt64                 COMMENT 'Last message'                                       CODEC(Delta, ZSTD(1)),
    first_appended   DateTime64(6, 'UTC')   COMMENT 'When the broker took the first message'             CODEC(Delta, ZSTD(1)),
    last_appended    DateTime64(6, 'UTC')   COMMENT 'When the broker took the last message'              CODEC(Delta, ZSTD(1)),
    messages         UInt64                 COMMENT 'Messages'                                           CODEC(T64, ZSTD(1)),
    rows             UInt64                 COMMENT 'Rows of all tables'                                 CODEC(T64, ZSTD(1)),
    landed           DateTime MATERIALIZED now() COMMENT 'When it was inserted' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(last_appended)
ORDER BY (pipeline, run, stream, created, first_sequence)
SETTINGS non_replicated_deduplication_window = 10000, max_cleanup_delay_period = 30
COMMENT 'Epochs that landed';
