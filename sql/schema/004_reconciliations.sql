-- Where what was decided and what systems hold differ: a row for each difference of each comparison, and one for each comparison.
CREATE TABLE IF NOT EXISTS reconciliations
(
    id         String                 COMMENT 'Of the comparison'                               CODEC(ZSTD(1)),
    system     LowCardinality(String) COMMENT 'System that was compared'                        CODEC(ZSTD(1)),
    lane       LowCardinality(String) COMMENT 'requests or commands'                            CODEC(ZSTD(1)),
    time       DateTime64(6, 'UTC')   COMMENT 'When the comparison ended'                       CODEC(Delta, ZSTD(1)),
    full       Bool                   COMMENT 'Everything was compared, and not only what changed' CODEC(ZSTD(1)),
    kind       LowCardinality(String) COMMENT 'missing, doubled, drifted, orphaned, forged, late; or compared: a side of the comparison' CODEC(ZSTD(1)),
    verb       LowCardinality(String) COMMENT 'request, or the verb of the command'             CODEC(ZSTD(1)),
    key        String                 COMMENT 'What the object carries'                         CODEC(ZSTD(3)),
    of         String                 COMMENT 'Request or command that it is about'             CODEC(ZSTD(3)),
    request    String                 COMMENT 'Request of it; empty where nobody knows'         CODEC(ZSTD(3)),
    plant      LowCardinality(String) COMMENT 'Plant; empty where nobody knows'                 CODEC(ZSTD(1)),
    line       LowCardinality(String) COMMENT 'Line of the plant'                               CODEC(ZSTD(1)),
    asset      LowCardinality(String) COMMENT 'Asset of the line'                               CODEC(ZSTD(1)),
    remotes    Array(String)          COMMENT 'Objects of the system'                           CODEC(ZSTD(3)),
    field      String                 COMMENT 'What drifted: a place in the object, state, or object' CODEC(ZSTD(1)),
    ours       String                 COMMENT 'What it should be; of compared: how many works were decided' CODEC(ZSTD(3)),
    theirs     String                 COMMENT 'What it is over there; of compared: how many objects there are' CODEC(ZSTD(3)),
    since      DateTime64(6, 'UTC')   COMMENT 'Since when, as far as anybody knows'             CODEC(Delta, ZSTD(1)),
    text       String                 COMMENT 'The difference as a sentence; of compared: what could not be seen' CODEC(ZSTD(3)),
    mend       String                 COMMENT 'The way to mend it'                              CODEC(ZSTD(3)),
    safe       Bool                   COMMENT 'andon reconcile --mend may do it'                CODEC(ZSTD(1)),
    mended     Bool                   COMMENT 'It did'                                          CODEC(ZSTD(1)),
    landed     DateTime MATERIALIZED now() COMMENT 'When it was inserted; only the TTL looks at it' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (system, lane, time, id, kind, verb, key, field)
TTL landed + INTERVAL 1100 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'What systems hold otherwise than it was decided, each with the way to mend it';
