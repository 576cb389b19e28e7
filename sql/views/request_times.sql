-- How long did people take over each request? Opened by the pipeline, accepted, started and completed by the CMMS (events of type
-- `request`), over by close or withdrawal. NULL for what did not happen. Minutes count from the first revision.
CREATE OR REPLACE VIEW request_times
(
    plant            LowCardinality(String)         COMMENT 'Plant',
    line             LowCardinality(String)         COMMENT 'Line of the plant',
    asset            LowCardinality(String)         COMMENT 'Asset of the line',
    id               String                         COMMENT 'Request',
    title            String                         COMMENT 'Title',
    priority         LowCardinality(String)         COMMENT 'Priority by the latest revision',
    failure_mode     LowCardinality(String)         COMMENT 'Failure mode',
    problem_since    DateTime64(6, 'UTC')           COMMENT 'When the problem began to show',
    requested        DateTime64(6, 'UTC')           COMMENT 'Event time of the first revision',
    accepted         Nullable(DateTime64(6, 'UTC')) COMMENT 'When somebody accepted or planned it',
    started          Nullable(DateTime64(6, 'UTC')) COMMENT 'When work began',
    completed        Nullable(DateTime64(6, 'UTC')) COMMENT 'When it was done',
    rejected         Nullable(DateTime64(6, 'UTC')) COMMENT 'When it was refused or cancelled',
    over             Nullable(DateTime64(6, 'UTC')) COMMENT 'When the pipeline closed or withdrew it',
    withdrawn        Bool                           COMMENT 'It was withdrawn before anyone accepted it',
    open             Bool                           COMMENT 'Neither closed nor withdrawn',
    status           String                         COMMENT 'Latest status in the CMMS; empty if none',
    response_minutes Nullable(Float64)              COMMENT 'First revision to accepted, or to started',
    closeout_minutes Nullable(Float64)              COMMENT 'First revision to completed',
    slot_end         Nullable(DateTime64(6, 'UTC')) COMMENT 'End of the proposed slot',
    due              Nullable(DateTime64(6, 'UTC')) COMMENT 'When the order of that time is due'
)
AS
WITH
    outcomes AS
    (
        SELECT
            id,
            minOrNullIf(statuses.time, statuses.status IN ('accepted', 'scheduled')) AS accepted,
            minOrNullIf(statuses.time, statuses.status = 'started')                  AS started,
            minOrNullIf(statuses.time, statuses.status IN ('completed', 'closed'))   AS completed,
            minOrNullIf(statuses.time, statuses.status IN ('rejected', 'cancelled')) AS rejected,
            argMax(statuses.status, statuses.time)                                   AS status
        FROM request_statuses AS statuses
        GROUP BY id
    ),
    firsts AS
    (
        SELECT id, min(history.time) AS requested FROM request_history AS history WHERE history.revision = 1 GROUP BY id
    )
SELECT
    request.plant AS plant, request.line AS line, request.asset AS asset, request.id AS id, request.title AS title,
    request.priority AS priority, request.failure_mode AS failure_mode, request.since AS problem_since,
    firsts.requested AS requested,
    outcomes.accepted AS accepted, outcomes.started AS started, outcomes.completed AS completed, outcomes.rejected AS rejected,
    if(request.action IN ('withdraw', 'close'), request.time, NULL) AS over,
    CAST(request.action = 'withdraw', 'Bool') AS withdrawn,
    CAST(request.action NOT IN ('withdraw', 'close'), 'Bool') AS open,
    outcomes.status AS status,
    dateDiff('second', requested, coalesce(least(accepted, started), accepted, started)) / 60 AS response_minutes,
    dateDiff('second', requested, completed) / 60 AS closeout_minutes,
    request.slot_end AS slot_end,
    request.due AS due
FROM current_requests AS request
LEFT JOIN firsts ON request.id = firsts.id
LEFT JOIN outcomes ON request.id = outcomes.id
COMMENT 'Requests with response and close-out times';
