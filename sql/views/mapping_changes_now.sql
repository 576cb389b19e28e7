-- What became of each proposed change of a mapping? The first proposal of a change and the first answer behind it count, by engineers of the
-- plant that proposed it. Where the governance file asked for four eyes when the answer came (it does unless it says otherwise) an approval
-- by whoever proposed it is none. A change is void once a later proposal of the same mapping was approved: an approval behind that is none.
-- What was refused or is void is proposed again as another change.
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
    four_eyes  Bool                           COMMENT 'An approval by whoever proposed it is none: when it was answered, else now',
    superseded String                         COMMENT 'Later change of the same mapping that was approved before this one: it is void; empty: none'
)
AS
WITH
    -- When four eyes were asked for, by each whole copy of the governance file. Before the first one they are.
    (
        SELECT arraySort(groupArray((copied, fields['value'] != 'false')))
        FROM master_data FINAL
        WHERE system = 'governance' AND entity = 'setting' AND remote = 'four_eyes'
          AND copied IN (SELECT copied FROM master_syncs WHERE system = 'governance' AND entity = 'setting')
    ) AS settings,
    said AS
    (
        SELECT fact.*, empty(known) OR known[-1].2 AS four_eyes, arrayFilter(each -> each.1 <= fact.appended, settings) AS known
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
            reply.appended AS appended, reply.four_eyes AS four_eyes
        FROM said AS reply
        INNER JOIN proposals ON reply.change = proposals.change AND reply.plant = proposals.plant
        WHERE reply.verb != 'propose' AND (reply.appended, reply.sequence) > (proposals.appended, proposals.sequence)
          AND NOT (reply.verb = 'approve' AND reply.four_eyes AND reply.user = proposals.user)
        ORDER BY reply.appended, reply.sequence
        LIMIT 1 BY change
    ),
    approvals AS
    (
        SELECT
            proposal.entity AS entity, proposal.id AS id, proposal.system AS system, proposal.remote AS remote,
            proposal.valid_from AS valid_from,
            arraySort(groupArray((
                answers.appended, answers.sequence, proposal.appended, proposal.sequence, proposal.change
            ))) AS changes
        FROM proposals AS proposal
        INNER JOIN answers ON proposal.change = answers.change
        WHERE answers.verb = 'approve'
        GROUP BY entity, id, system, remote, valid_from
    )
SELECT
    proposal.change AS change, proposal.plant AS plant, proposal.entity AS entity, proposal.id AS id, proposal.system AS system,
    proposal.remote AS remote, proposal.owner AS owner, proposal.valid_from AS valid_from, proposal.valid_to AS valid_to,
    proposal.user AS proposed, proposal.reason AS reason, if(superseded = '', answers.verb, '') AS answer,
    if(superseded = '', answers.user, '') AS answered, if(superseded = '', answers.reason, '') AS answer_reason,
    proposal.stream AS stream, if(answer = '', proposal.sequence, answers.sequence) AS sequence,
    if(answer = '', proposal.appended, answers.appended) AS appended,
    CAST(if(answer = '', empty(settings) OR settings[-1].2, answers.four_eyes), 'Bool') AS four_eyes,
    if(
        answers.verb = 'refuse', '',
        arrayFirst(
            each -> (each.3, each.4) > (proposal.appended, proposal.sequence)
                AND (answers.verb = '' OR (each.1, each.2) < (answers.appended, answers.sequence)),
            approvals.changes
        ).5
    ) AS superseded
FROM proposals AS proposal
LEFT JOIN answers ON proposal.change = answers.change
LEFT JOIN approvals
  ON proposal.entity = approvals.entity AND proposal.id = approvals.id AND proposal.system = approvals.system
 AND proposal.remote = approvals.remote AND proposal.valid_from = approvals.valid_from
COMMENT 'Proposed changes of mappings, and what became of each';
