-- What became of each proposed change of a mapping? The first proposal of a change and the first answer behind it count. Where the governance file asks for four
-- eyes (it does unless it says otherwise) an approval by whoever proposed it is none. What was refused
-- is proposed again as another change.
CREATE OR REPLACE VIEW mapping_changes_now
(
    change     String                         COMMENT 'Id of the change',
    plant      LowCardinality(String)         COMMENT 'Plant whose engineers proposed it',
    entity     LowCardinality(String)         COMMENT 'What it is',
    id         String                         COMMENT 'Canonical id, or canonical word of a status',
    system     LowCardinality(String)         COMMENT 'System that calls it otherwise',
    remote     String                         COMMENT 'Its id in that system',
    owner      String                         COMMENT 'Who answers for it',
    valid_from Date                           COMMENT 'First day',
    valid_to   Nullable(Date)                 COMMENT 'Last day; null: until further notice',
    proposed   String                         COMMENT 'Opaque id of who proposed it',
    reason     String                         COMMENT 'Why',
    answer     String                         COMMENT 'approve, refuse, or empty while it waits',
    answered   String                         COMMENT 'Opaque id of who answered',
    answer_reason String                      COMMENT 'Why it was answered so',
    stream     LowCardinality(String)         COMMENT 'Partition of the log of what counts',
    sequence   UInt64                         COMMENT 'Message from which on it counts: the answer, else the proposal',
    appended   DateTime64(6, 'UTC')           COMMENT 'When the broker took that message',
    four_eyes  Bool                           COMMENT 'An approval by whoever proposed it is none'
)
AS
WITH
    (
        SELECT count() = 0 FROM master_data FINAL
        WHERE system = 'governance' AND entity = 'setting' AND remote = 'four_eyes' AND fields['value'] = 'false'
          AND copied = (SELECT max(copied) FROM master_syncs WHERE system = 'governance' AND entity = 'setting')
    ) AS asked_for,
    said AS
    (
        SELECT fact.*
        FROM mapping_changes AS fact FINAL
        LEFT JOIN counted_runs AS counted ON fact.stream = counted.stream AND fact.run = counted.run
        WHERE NOT arrayExists(range -> fact.sequence BETWEEN range.1 AND range.2, counted.superseded)
    ),
    proposals AS
    (
        SELECT * FROM said WHERE verb = 'propose' ORDER BY appended, sequence LIMIT 1 BY change
    ),
    answers AS
    (
        SELECT
            reply.change AS change, reply.verb AS verb, reply.user AS user, reply.reason AS reason, reply.sequence AS sequence,
            reply.appended AS appended
        FROM said AS reply
        INNER JOIN proposals ON reply.change = proposals.change
        WHERE reply.verb != 'propose' AND (reply.appended, reply.sequence) > (proposals.appended, proposals.sequence)
          AND NOT (reply.verb = 'approve' AND asked_for AND reply.user = proposals.user)
        ORDER BY reply.appended, reply.sequence
        LIMIT 1 BY change
    )
SELECT
    proposal.change AS change, proposal.plant AS plant, proposal.entity AS entity, proposal.id AS id, proposal.system AS system,
    proposal.remote AS remote, proposal.owner AS owner, proposal.valid_from AS valid_from, proposal.valid_to AS valid_to,
    proposal.user AS proposed, proposal.reason AS reason, answers.verb AS answer, answers.user AS answered,
    answers.reason AS answer_reason, proposal.stream AS stream,
    if(answer = '', proposal.sequence, answers.sequence) AS sequence,
    if(answer = '', proposal.appended, answers.appended) AS appended,
    CAST(asked_for, 'Bool') AS four_eyes
FROM proposals AS proposal
LEFT JOIN answers ON proposal.change = answers.change
COMMENT 'Proposed changes of mappings, and what became of each';
