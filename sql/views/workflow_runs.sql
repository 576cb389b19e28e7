-- How did each workflow go? One row per request and workflow, by the last word on each of its steps. A step failed that was rejected,
-- expired, overdue, given up, or could not be taken back. Asked: a person had to decide.
CREATE OR REPLACE VIEW workflow_runs
(
    plant    LowCardinality(String)         COMMENT 'Plant',
    line     LowCardinality(String)         COMMENT 'Line of the plant',
    asset    LowCardinality(String)         COMMENT 'Asset of the line',
    request  String                         COMMENT 'Request or work order',
    workflow LowCardinality(String)         COMMENT 'Workflow',
    begun    DateTime64(6, 'UTC')           COMMENT 'First change',
    ended    Nullable(DateTime64(6, 'UTC')) COMMENT 'Nothing is left to do; null while something is',
    steps    UInt64                         COMMENT 'Steps with a word on them',
    failed   UInt64                         COMMENT 'Steps whose last word is a failure',
    asked    UInt64                         COMMENT 'How often a person was asked to decide'
)
AS
WITH counted_steps AS
(
    SELECT step.*
    FROM workflow_steps AS step FINAL
    LEFT JOIN counted_runs AS counted ON step.stream = counted.stream AND step.run = counted.run
    WHERE NOT arrayExists(range -> step.sequence BETWEEN range.1 AND range.2, counted.superseded)
),
last_words AS
(
    SELECT
        plant, line, asset, request, workflow, step, min(time) AS first, countIf(state = 'ask') AS asks,
        argMaxIf(
            state, position, state NOT IN ('superseded', 'ask', 'kept', 'escalated', 'news')
        ) AS last,
        maxOrNullIf(time, state = 'ended') AS ended
    FROM counted_steps
    GROUP BY plant, line, asset, request, workflow, step
)
SELECT
    plant, line, asset, request, workflow,
    min(each.first) AS begun,
    argMaxOrNullIf(each.ended, each.first, each.step = '' AND each.last = 'ended') AS ended,
    countIf(each.step != '') AS steps,
    countIf(each.step != '' AND each.last IN ('rejected', 'expired', 'overdue', 'given-up', 'undo-refused')) AS failed,
    sum(each.asks) AS asked
FROM last_words AS each
GROUP BY plant, line, asset, request, workflow
COMMENT 'Workflows, how far each is, and how many of its steps failed';
