-- What is a thing called in which system? As the last copy of the governance file says it.
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
    state      String                 COMMENT 'in force, waiting (not approved), to come, ended'
)
AS
SELECT
    entity, id, system, remote, owner, valid_from, valid_to, proposed, approved,
    multiIf(
        valid_to < toDate(now('UTC')), 'ended',
        approved = '', 'waiting',
        valid_from > toDate(now('UTC')), 'to come',
        'in force'
    ) AS state
FROM master_mappings FINAL
WHERE copied = (SELECT max(copied) FROM master_syncs WHERE system = 'governance' AND entity = 'mapping')
COMMENT 'Ids of one thing in several systems, and whether they are in force';
