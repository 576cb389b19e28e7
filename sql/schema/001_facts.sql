-- Every table: `stream, sequence, appended, run` say which message a row came from and which processing wrote it.
-- A deduplication window, because a plain MergeTree has none by default and the token of an insert would not count.
-- TTLs count from the insert: on a replay the append times are those of the recording, and rows that are beyond
-- their TTL vanish at once.
-- Bulk tables are partitioned by append day, not event day: the rows of one epoch are one part (two if it spans
-- midnight), so an insert is there as a whole or not at all. Nor the day of the insert: a retry after midnight would
-- not be recognised, because deduplication is per partition.

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
    landed     DateTime MATERIALIZED now() COMMENT 'When it was inserted; only the TTL looks at it' CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(appended)
ORDER BY (plant, line, asset, signal, time)
TTL landed + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
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
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
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
    data       String                 COMMENT 'JSON of the event'                           CODEC(ZSTD(3))
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
    kind        LowCardinality(String)         COMMENT 'order, changeover, planned-stop or maintenance' CODEC(ZSTD(1)),
    start       DateTime64(6, 'UTC')           COMMENT 'Planned start'                                  CODEC(Delta, ZSTD(1)),
    `end`       DateTime64(6, 'UTC')           COMMENT 'Planned end'                                    CODEC(Delta, ZSTD(1)),
    `order`     String                         COMMENT 'Production order'                               CODEC(ZSTD(3)),
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
