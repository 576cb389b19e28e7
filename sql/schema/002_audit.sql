-- Who did what with the installation: one row for each entry of the audit stream. Names of persons are in no table.
CREATE TABLE IF NOT EXISTS audit
(
    stream          LowCardinality(String) COMMENT 'The audit stream'                             CODEC(ZSTD(1)),
    run             LowCardinality(String) COMMENT 'audit: it is no processing of the log'        CODEC(ZSTD(1)),
    sequence        UInt64                 COMMENT 'Number of the entry'                          CODEC(Delta, ZSTD(1)),
    appended        DateTime64(6, 'UTC')   COMMENT 'When the broker took it'                      CODEC(Delta, ZSTD(1)),
    created         LowCardinality(String) COMMENT 'When the stream was created, as its server says it' CODEC(ZSTD(1)),
    time            DateTime64(6, 'UTC')   COMMENT 'When it was written, by the clock of the writer' CODEC(Delta, ZSTD(1)),
    who             LowCardinality(String) COMMENT 'Opaque id of whoever acted'                   CODEC(ZSTD(1)),
    via             LowCardinality(String) COMMENT 'Role that attests it'                         CODEC(ZSTD(1)),
    act             LowCardinality(String) COMMENT 'What was done'                                CODEC(ZSTD(1)),
    step            LowCardinality(String) COMMENT 'intent, done or failed'                       CODEC(ZSTD(1)),
    of              UInt64                 COMMENT 'Entry of the intent that this is the end of; 0: none' CODEC(ZSTD(1)),
    what            String                 COMMENT 'What it was done to'                          CODEC(ZSTD(3)),
    place_stream    LowCardinality(String) COMMENT 'Stream of the message that it is about'       CODEC(ZSTD(1)),
    place_sequence  UInt64                 COMMENT 'That message; 0: none'                        CODEC(ZSTD(1)),
    before          String                 COMMENT 'sha256 of what was there'                     CODEC(ZSTD(1)),
    after           String                 COMMENT 'sha256 of what is there now'                  CODEC(ZSTD(1)),
    reason          String                 COMMENT 'Id of the text that was given as a reason'    CODEC(ZSTD(1)),
    sha256          FixedString(64)        COMMENT 'Of all bytes of the entry'                    CODEC(ZSTD(1)),
    entry           String                 COMMENT 'The entry, byte for byte'                     CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYear(appended)
ORDER BY (created, sequence, sha256)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Who did what with the installation';
