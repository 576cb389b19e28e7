-- Where does the time of a request go? When it was decided, in the CMMS, accepted, assigned, its parts there, started, done and posted.
-- NULL for what did not happen. Parts are there when a system first says that they are assigned, picked, or, of a reservation, done;
-- posted is closed in the CMMS.
CREATE OR REPLACE VIEW hand_offs
(
    plant       LowCardinality(String)         COMMENT 'Plant',
    line        LowCardinality(String)         COMMENT 'Line of the plant',
    asset       LowCardinality(String)         COMMENT 'Asset of the line',
    request     String                         COMMENT 'Request',
    title       String                         COMMENT 'Title',
    open        Bool                           COMMENT 'Neither closed nor withdrawn by the pipeline',
    decided     DateTime64(6, 'UTC')           COMMENT 'Event time of the first revision',
    in_cmms     Nullable(DateTime64(6, 'UTC')) COMMENT 'First word of the CMMS on it',
    accepted    Nullable(DateTime64(6, 'UTC')) COMMENT 'Somebody accepted it',
    assigned    Nullable(DateTime64(6, 'UTC')) COMMENT 'It was planned for a time',
    parts_there Nullable(DateTime64(6, 'UTC')) COMMENT 'A system first said that its parts are assigned, picked or, of a reservation, done',
    started     Nullable(DateTime64(6, 'UTC')) COMMENT 'Work began',
    done        Nullable(DateTime64(6, 'UTC')) COMMENT 'Work was done',
    posted      Nullable(DateTime64(6, 'UTC')) COMMENT 'It was closed in the CMMS',
    steps_taken UInt64                         COMMENT 'How many of accepted, assigned, started, done and posted the CMMS has told'
)
AS
WITH
    taken AS
    (
        SELECT
            id,
            minOrNull(statuses.time)                                   AS in_cmms,
            minOrNullIf(statuses.time, statuses.status = 'accepted')   AS accepted,
            minOrNullIf(statuses.time, statuses.status = 'scheduled')  AS assigned,
            minOrNullIf(statuses.time, statuses.status = 'started')    AS started,
            minOrNullIf(statuses.time, statuses.status = 'completed')  AS done,
            minOrNullIf(statuses.time, statuses.status = 'closed')     AS posted,
            uniqExactIf(
                statuses.status, statuses.status IN ('accepted', 'scheduled', 'started', 'completed', 'closed')
            )                                                          AS steps_taken
        FROM request_statuses AS statuses
        GROUP BY id
    ),
    parts AS
    (
        SELECT command.request AS request, minOrNull(word.since) AS there
        FROM command_states AS word
        INNER JOIN command_times AS command ON word.system = command.system AND word.id = command.id
        WHERE word.state IN ('assigned', 'picked', if(command.verb = 'reserve', 'done', ''))
        GROUP BY request
    )
SELECT
    times.plant AS plant, times.line AS line, times.asset AS asset, times.id AS request, times.title AS title,
    times.open AS open, times.requested AS decided,
    taken.in_cmms AS in_cmms, taken.accepted AS accepted, taken.assigned AS assigned, parts.there AS parts_there,
    taken.started AS started, taken.done AS done, taken.posted AS posted, taken.steps_taken AS steps_taken
FROM request_times AS times
LEFT JOIN taken ON times.id = taken.id
LEFT JOIN parts ON times.id = parts.request
COMMENT 'Requests with the times at which they went from hand to hand';
