-- How far requests and commands are on their way, as far as whoever carries them out has met with trouble or an end; and what
-- of the log and its broker stands still. Of each work the newest row counts.
CREATE TABLE IF NOT EXISTS deliveries
(
    lane     LowCardinality(String) COMMENT 'requests, commands; or log: a stream, or its broker'      CODEC(ZSTD(1)),
    system   LowCardinality(String) COMMENT 'System that it is brought to; empty for the log'          CODEC(ZSTD(1)),
    id       String                 COMMENT 'Request or command; of the log: the stream, or NATS'      CODEC(ZSTD(3)),
    revision UInt32                 COMMENT 'Of the request; 0 for all else'                           CODEC(ZSTD(1)),
    state    LowCardinality(String) COMMENT 'delayed: it is tried again; rejected; settled; of the log stalled or moving' CODEC(ZSTD(1)),
    place    LowCardinality(String) COMMENT 'Where it is stuck: worker, broker, gateway or target; empty where it is not' CODEC(ZSTD(1)),
    since    DateTime64(6, 'UTC')   COMMENT 'Since when it is in this state'                           CODEC(Delta, ZSTD(1)),
    time     DateTime64(6, 'UTC')   COMMENT 'When this was last seen'                                  CODEC(Delta, ZSTD(1)),
    attempts UInt32                 COMMENT 'How often it was seen in this state'                      CODEC(ZSTD(1)),
    note     String                 COMMENT 'What was found, for people'                               CODEC(ZSTD(3)),
    landed   DateTime MATERIALIZED now() COMMENT 'When it was inserted; only the TTL looks at it' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(time)
PARTITION BY tuple()
ORDER BY (lane, system, id, revision)
TTL landed + INTERVAL 1100 DAY
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'How far requests and commands are on their way to their systems';
