-- Every table: `stream, sequence, appended, run` say which message a row came from and which processing wrote it.
-- A deduplication window, because a plain MergeTree has none by default and the token of an insert would not count.
-- TTLs count from the insert: on a replay the append times are those of the recording, and rows that are beyond
-- their TTL vanish at once.

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
    opened         DateTime64(6, 'UTC')   COMMENT 'When the episode began'                         CODEC(Delta, ZSTD(1)),
    time           DateTime64(6, 'UTC')   COMMENT 'Event time of the revision'                     CODEC(Delta, ZSTD(1)),
    incidents      Array(String)          COMMENT 'Incidents it rests on'                          CODEC(ZSTD(1)),
    anomalies      Array(String)          COMMENT 'Anomalies it rests on'                          CODEC(ZSTD(1)),
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
    opened         DateTime64(6, 'UTC')   COMMENT 'When the episode began'                         CODEC(Delta, ZSTD(1)),
    time           DateTime64(6, 'UTC')   COMMENT 'Event time of the revision'                     CODEC(Delta, ZSTD(1)),
    incidents      Array(String)          COMMENT 'Incidents it rests on'                          CODEC(ZSTD(1)),
    anomalies      Array(String)          COMMENT 'Anomalies it rests on'                          CODEC(ZSTD(1)),
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
    stage           LowCardinality(String) COMMENT 'Stage that set it aside'                     CODEC(ZSTD(1)),
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
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
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
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Epochs that landed';
