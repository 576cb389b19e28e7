-- Every table: `stream, sequence, appended, run` say which message a row came from and which processing wrote it.
-- A deduplication window, because a plain MergeTree has none by default and the token of an insert would not count.
-- TTLs count from the insert: on a replay the append times are those of the recording, and rows that are beyond
-- their TTL vanish at once.
-- Whatever has an id or a version is a ReplacingMergeTree keyed by it: a double beyond the deduplication window heals
-- by itself. Read such tables through the views, or with FINAL.

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
    `end`          DateTime64(6, 'UTC')                 COMMENT 'First moment behind'                                    CODEC(Delta, ZSTD(1)),
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
ORDER BY (plant, line, asset, signal, `window`, start, run)
TTL landed + INTERVAL 1100 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
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
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
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
    status     LowCardinality(String) COMMENT 'learning, ready or frozen'                   CODEC(ZSTD(1)),
    samples    UInt64                 COMMENT 'Learnt so far'                               CODEC(ZSTD(1)),
    needed     UInt64                 COMMENT 'Needed to be ready'                          CODEC(ZSTD(1)),
    median     Float64                COMMENT 'Median'                                      CODEC(ZSTD(1)),
    mad        Float64                COMMENT 'Median absolute deviation'                   CODEC(ZSTD(1)),
    time       DateTime64(6, 'UTC')   COMMENT 'Event time of this state'                    CODEC(Delta, ZSTD(1)),
    landed     DateTime MATERIALIZED now() COMMENT 'When it was inserted; only the TTL looks at it' CODEC(Delta, ZSTD(1))
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
    product        LowCardinality(String) COMMENT 'Product at the time'                         CODEC(ZSTD(1))
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
