-- What is a thing called in which system? As the last copy of the governance file says it, and the changes that were approved in the log
-- since: the last approved change of a mapping (same entity, id, system, remote and first day) counts in place of the file.
CREATE OR REPLACE VIEW master_mappings_now
(
    entity     LowCardinality(String) COMMENT 'What it is',
    id         String                 COMMENT 'Canonical id, or canonical word of a status',
    system     LowCardinality(String) COMMENT 'System that calls it otherwise',
    remote     String                 COMMENT 'Its id in that system',
    owner      String                 COMMENT 'Who answers for the mapping',
    valid_from Date                   COMMENT 'First day',
    valid_to   Nullable(Date)         COMMENT 'Last day; null: until further notice',
    proposed   String                 COMMENT 'Who proposed it',
    approved   String                 COMMENT 'Who approved it',
    state      String                 COMMENT 'in force, waiting (not approved), to come, ended',
    change     String                 COMMENT 'Change of the log that says it; empty: the governance file',
    sequence   UInt64                 COMMENT 'Message of the log from which on it counts; 0: the governance file'
)
AS
SELECT
    entity, id, system, remote, owner, valid_from, valid_to, proposed, approved,
    multiIf(
        valid_to < toDate(now('UTC')), 'ended',
        approved = '', 'waiting',
        valid_from > toDate(now('UTC')), 'to come',
        'in force'
    ) AS state,
    change, sequence
FROM
(
    SELECT
        entity, id, system, remote, owner, valid_from, valid_to, proposed, approved, '' AS change, 0 AS sequence,
        toDateTime64(0, 6, 'UTC') AS since
    FROM master_mappings FINAL
    WHERE copied = (SELECT max(copied) FROM master_syncs WHERE system = 'governance' AND entity = 'mapping')
    UNION ALL
    SELECT
        entity, id, system, remote, owner, valid_from, valid_to, proposed, answered, change, sequence, appended
    FROM mapping_changes_now
    WHERE answer != 'refuse' AND superseded = ''
)
-- What waits takes the place of nothing.
ORDER BY since DESC, sequence DESC
LIMIT 1 BY entity, id, system, remote, valid_from, approved = ''
COMMENT 'Ids of one thing in several systems, and whether they are in force';
