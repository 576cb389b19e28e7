-- What was asked of other systems, and when did each answer? Commands that were sent, with the first answer and the last word on the
-- object. An answer is an event of the type `command` that the system itself gave.
CREATE OR REPLACE VIEW command_times
(
    plant     LowCardinality(String)         COMMENT 'Plant',
    line      LowCardinality(String)         COMMENT 'Line of the plant',
    asset     LowCardinality(String)         COMMENT 'Asset of the line',
    id        String                         COMMENT 'Command',
    request   String                         COMMENT 'Request or work order that it is for',
    step      LowCardinality(String)         COMMENT 'Step of the workflow',
    system    LowCardinality(String)         COMMENT 'System that was asked',
    verb      LowCardinality(String)         COMMENT 'What it was asked to do',
    undoes    String                         COMMENT 'Command that it takes back; empty for none',
    payload   String                         COMMENT 'JSON of what the system was told',
    decided   DateTime64(6, 'UTC')           COMMENT 'Append time of the decision',
    not_after Nullable(DateTime64(6, 'UTC')) COMMENT 'It is not begun after this',
    answered  Nullable(DateTime64(6, 'UTC')) COMMENT 'When the first answer was in the log',
    seconds   Nullable(Float64)              COMMENT 'From the decision to the first answer',
    outcome   String                         COMMENT 'done, rejected, expired, cancelled; empty while nothing was answered',
    note      String                         COMMENT 'What the system said beside it',
    state     String                         COMMENT 'Last word of the system on the object; empty for none',
    heard     Nullable(DateTime64(6, 'UTC')) COMMENT 'When the system last said something of it',
    reply     String                         COMMENT 'JSON of the newest answer'
)
AS
WITH replies AS
(
    SELECT
        fact.system AS system, JSONExtractString(fact.data, 'id') AS id,
        minOrNull(fact.appended)                                        AS answered,
        maxOrNull(fact.appended)                                        AS heard,
        argMin(JSONExtractString(fact.data, 'outcome'), fact.sequence)  AS outcome,
        argMax(JSONExtractString(fact.data, 'note'), fact.sequence)     AS note,
        argMax(JSONExtractString(fact.data, 'state'), fact.sequence)    AS state,
        argMax(fact.data, fact.sequence)                                AS reply
    FROM machine_events AS fact FINAL
    LEFT JOIN counted_runs AS counted ON fact.stream = counted.stream AND fact.run = counted.run
    WHERE fact.type = 'command' AND fact.kind = 'status'
      AND NOT arrayExists(range -> fact.sequence BETWEEN range.1 AND range.2, counted.superseded)
    GROUP BY system, id
)
SELECT
    command.plant AS plant, command.line AS line, command.asset AS asset, command.id AS id, command.request AS request,
    command.step AS step, command.system AS system, command.verb AS verb, command.undoes AS undoes,
    JSONExtractRaw(command.command, 'payload') AS payload, command.time AS decided, command.not_after AS not_after,
    replies.answered AS answered,
    dateDiff('millisecond', command.time, replies.answered) / 1000 AS seconds,
    replies.outcome AS outcome, replies.note AS note, replies.state AS state, replies.heard AS heard, replies.reply AS reply
FROM commands AS command FINAL
LEFT JOIN counted_runs AS counted ON command.stream = counted.stream AND command.run = counted.run
LEFT JOIN replies ON command.system = replies.system AND command.id = replies.id
WHERE command.mode = 'on' AND NOT arrayExists(range -> command.sequence BETWEEN range.1 AND range.2, counted.superseded)
COMMENT 'Commands that were sent, with their answers';
