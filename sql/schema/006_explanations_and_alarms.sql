-- What explains an anomaly, how far a baseline is in running time, and what people were told and answered.

ALTER TABLE anomalies
    ADD COLUMN IF NOT EXISTS sensor LowCardinality(String)
        COMMENT 'What measured it: direction, quantity, mounting' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS contributions Map(LowCardinality(String), Float64)
        COMMENT 'What each signal adds to a score of several, as shares of 1' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS part LowCardinality(String)
        COMMENT 'Bearing part whose lines stand out in the same waveform' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS advice LowCardinality(String)
        COMMENT 'What to look at' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS alarm LowCardinality(String)
        COMMENT 'Alarm state after this phase (ISA-18.2)' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS withheld LowCardinality(String)
        COMMENT 'Why patterns and people were not told; empty when they were' CODEC(ZSTD(1));

ALTER TABLE baselines
    ADD COLUMN IF NOT EXISTS hours Float64 COMMENT 'Running hours learnt so far' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS needed_hours Float64 COMMENT 'Running hours needed' CODEC(ZSTD(1));

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
