-- Changes of mappings, as people proposed and answered them in the log. They are history: nothing of it expires.
CREATE TABLE IF NOT EXISTS mapping_changes
(
    stream     LowCardinality(String) COMMENT 'Partition of the log that the row came from' CODEC(ZSTD(1)),
    run        LowCardinality(String) COMMENT 'Processing of the log that wrote the row'    CODEC(ZSTD(1)),
    sequence   UInt64                 COMMENT 'Message of the stream that caused the row'   CODEC(Delta, ZSTD(1)),
    appended   DateTime64(6, 'UTC')   COMMENT 'When the broker took that message'           CODEC(Delta, ZSTD(1)),
    plant      LowCardinality(String) COMMENT 'Plant whose engineers said it'               CODEC(ZSTD(1)),
    via        LowCardinality(String) COMMENT 'Way by which a person acted'                 CODEC(ZSTD(1)),
    user       String                 COMMENT 'Opaque id of the person who acted'           CODEC(ZSTD(3)),
    change     String                 COMMENT 'Id of the change'                            CODEC(ZSTD(3)),
    verb       LowCardinality(String) COMMENT 'propose, approve or refuse'                  CODEC(ZSTD(1)),
    reason     String                 COMMENT 'Why, for people'                             CODEC(ZSTD(3)),
    entity     LowCardinality(String) COMMENT 'Of a proposal: what it is'                   CODEC(ZSTD(1)),
    id         String                 COMMENT 'Of a proposal: canonical id, or word of a status' CODEC(ZSTD(3)),
    system     LowCardinality(String) COMMENT 'Of a proposal: system that calls it otherwise' CODEC(ZSTD(1)),
    remote     String                 COMMENT 'Of a proposal: its id in that system'        CODEC(ZSTD(3)),
    owner      String                 COMMENT 'Of a proposal: who answers for it'           CODEC(ZSTD(3)),
    valid_from Date                   COMMENT 'Of a proposal: first day'                    CODEC(ZSTD(1)),
    valid_to   Nullable(Date)         COMMENT 'Of a proposal: last day; null: until further notice' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(appended)
ORDER BY (change, sequence, stream, run)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Changes of mappings: proposals and answers, in the order of the log';
