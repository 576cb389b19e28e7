-- Copies of what systems of record hold: plants, locations, assets, parts and so on, as each system says it.
CREATE TABLE IF NOT EXISTS master_data
(
    system  LowCardinality(String)          COMMENT 'System that holds it; governance: the file of that name' CODEC(ZSTD(1)),
    entity  LowCardinality(String)          COMMENT 'What it is: plant, location, asset, part …'  CODEC(ZSTD(1)),
    remote  String                          COMMENT 'Its id in that system'                     CODEC(ZSTD(3)),
    fields  Map(String, String)             COMMENT 'What that system says of it, by canonical names' CODEC(ZSTD(3)),
    times   UInt32                          COMMENT 'How often that system has this id: more than once is a mistake' CODEC(ZSTD(1)),
    changed Nullable(DateTime64(6, 'UTC'))  COMMENT 'When it last changed over there; null where nobody says' CODEC(ZSTD(1)),
    as_of   DateTime64(6, 'UTC')            COMMENT 'So old the copy is: when the list was asked for, or the file was written' CODEC(Delta, ZSTD(1)),
    copied  DateTime64(6, 'UTC')            COMMENT 'When the copying that brought it began'    CODEC(Delta, ZSTD(1)),
    landed  DateTime MATERIALIZED now()     COMMENT 'When it was inserted; only the TTL looks at it' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(copied)
ORDER BY (system, entity, remote, copied)
TTL landed + INTERVAL 1100 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'Master data as each system holds it, by copy';

-- A row for each entity of each system that was copied, behind its rows in master_data: a copy without it is not whole.
CREATE TABLE IF NOT EXISTS master_syncs
(
    system  LowCardinality(String)      COMMENT 'System'                                        CODEC(ZSTD(1)),
    entity  LowCardinality(String)      COMMENT 'What was copied'                               CODEC(ZSTD(1)),
    copied  DateTime64(6, 'UTC')        COMMENT 'When the copying began'                        CODEC(Delta, ZSTD(1)),
    as_of   DateTime64(6, 'UTC')        COMMENT 'So old what was copied is at most'             CODEC(Delta, ZSTD(1)),
    full    Bool                        COMMENT 'Everything was copied, and not only what changed' CODEC(ZSTD(1)),
    objects UInt64                      COMMENT 'How many objects there were'                   CODEC(ZSTD(1)),
    source  String                      COMMENT 'Where from: a file, or the path of a list'     CODEC(ZSTD(3)),
    landed  DateTime MATERIALIZED now() COMMENT 'When it was inserted; only the TTL looks at it' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(copied)
ORDER BY (system, entity, copied)
TTL landed + INTERVAL 1100 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'When which master data was copied from which system';

-- Ids of one thing in several systems, as each copy of the governance file says them.
CREATE TABLE IF NOT EXISTS master_mappings
(
    copied     DateTime64(6, 'UTC')     COMMENT 'When the copying that brought it began'        CODEC(Delta, ZSTD(1)),
    position   UInt32                   COMMENT 'Its place in that copy'                        CODEC(ZSTD(1)),
    entity     LowCardinality(String)   COMMENT 'What it is; status: a word of that system'     CODEC(ZSTD(1)),
    id         String                   COMMENT 'Its canonical id; of a status the canonical word' CODEC(ZSTD(3)),
    system     LowCardinality(String)   COMMENT 'System that calls it otherwise'                CODEC(ZSTD(1)),
    remote     String                   COMMENT 'Its id in that system'                         CODEC(ZSTD(3)),
    owner      String                   COMMENT 'Who answers for the mapping'                   CODEC(ZSTD(3)),
    valid_from Date                     COMMENT 'First day'                                     CODEC(ZSTD(1)),
    valid_to   Nullable(Date)           COMMENT 'Last day; null: until further notice'          CODEC(ZSTD(1)),
    proposed   String                   COMMENT 'Who proposed it'                               CODEC(ZSTD(3)),
    approved   String                   COMMENT 'Who approved it; without that it is not in force' CODEC(ZSTD(3)),
    landed     DateTime MATERIALIZED now() COMMENT 'When it was inserted; only the TTL looks at it' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(copied)
ORDER BY (copied, position)
TTL landed + INTERVAL 1100 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'What a thing is called in which system, from when to when, and who says so';

-- What each look at the quality of master data found, and how many objects it looked at.
CREATE TABLE IF NOT EXISTS master_quality
(
    id       String                     COMMENT 'Of the look'                                   CODEC(ZSTD(1)),
    time     DateTime64(6, 'UTC')       COMMENT 'When it was made'                              CODEC(Delta, ZSTD(1)),
    `check`  LowCardinality(String)     COMMENT 'Which check found it; counted: how many objects of a plant there are' CODEC(ZSTD(1)),
    plant    LowCardinality(String)     COMMENT 'Plant; empty: of no plant'                     CODEC(ZSTD(1)),
    entity   LowCardinality(String)     COMMENT 'What it is'                                    CODEC(ZSTD(1)),
    system   LowCardinality(String)     COMMENT 'System that has the objects'                   CODEC(ZSTD(1)),
    objects  Array(String)              COMMENT 'Ids of the objects in that system'             CODEC(ZSTD(3)),
    owner    String                     COMMENT 'Who answers for the entity'                    CODEC(ZSTD(3)),
    since    DateTime64(6, 'UTC')       COMMENT 'Found by every look since then'                CODEC(Delta, ZSTD(1)),
    text     String                     COMMENT 'What is wrong, as a sentence'                  CODEC(ZSTD(3)),
    proposal String                     COMMENT 'What could be done'                            CODEC(ZSTD(3)),
    counted  UInt64                     COMMENT 'Of counted: objects of the plant'              CODEC(ZSTD(1)),
    flagged  UInt64                     COMMENT 'Of counted: those that something was found of' CODEC(ZSTD(1)),
    landed   DateTime MATERIALIZED now() COMMENT 'When it was inserted; only the TTL looks at it' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
-- The text too: one object may have two findings of a check.
ORDER BY (time, id, `check`, plant, entity, system, objects, text)
TTL landed + INTERVAL 1100 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'What is wrong with master data, by look';
