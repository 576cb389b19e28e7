-- When did each machine not run, for how long, and why? One row per stop: states that are not running, until it runs again.
-- `cause` is failure (ABORTED, also when the schedule has its repair by now), else planned (most of it is), else held, starved or blocked (SUSPENDED), stopped,
-- start-up, idle, unknown. `request` is one that was open for the machine at that time.
CREATE OR REPLACE VIEW downtime
(
    plant             LowCardinality(String) COMMENT 'Plant',
    line              LowCardinality(String) COMMENT 'Line of the plant',
    asset             LowCardinality(String) COMMENT 'Asset of the line',
    `from`            DateTime64(6, 'UTC')   COMMENT 'When it stopped running',
    `to`              DateTime64(6, 'UTC')   COMMENT 'When it ran again',
    seconds           Float64                COMMENT 'Length',
    planned_seconds   Float64                COMMENT 'Seconds of it in planned standstills',
    unplanned_seconds Float64                COMMENT 'The others',
    cause             String                 COMMENT 'planned, failure, held, starved or blocked, stopped, start-up, idle or unknown',
    planned           String                 COMMENT 'changeover, planned-stop or maintenance; empty for none',
    states            Array(String)          COMMENT 'PackML states, in order',
    `order`           String                 COMMENT 'Production order before',
    standing          UInt8                  COMMENT 'It stands at the newest that is known',
    request           String                 COMMENT 'Latest request that was open then; empty for none',
    failure_mode      String                 COMMENT 'Failure mode in that request'
)
AS
WITH
    islands AS
    (
        SELECT
            *,
            sum(kind = 'running') OVER (
                PARTITION BY plant, line, asset ORDER BY `from` ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS island
        FROM machine_timeline
    ),
    stops AS
    (
        SELECT
            plant, line, asset,
            min(part.`from`)                         AS begin,
            max(part.`to`)                           AS finish,
            sum(part.seconds)                        AS seconds,
            sum(part.planned_seconds)                AS planned_seconds,
            argMax(part.planned, part.planned_seconds) AS planned,
            arrayMap(each -> each.2, arraySort(groupArray((part.`from`, part.state)))) AS states,
            sumIf(part.seconds, part.kind = 'failed') AS failed,
            sumIf(part.seconds, part.kind = 'held')   AS held,
            sumIf(part.seconds, part.state IN ('SUSPENDED', 'SUSPENDING')) AS suspended,
            sumIf(part.seconds, part.kind = 'stopped') AS stopped,
            sumIf(part.seconds, part.kind = 'starting') AS starting,
            sumIf(part.seconds, part.state IN ('IDLE', 'COMPLETE')) AS idle,
            argMin(part.`order`, part.`from`)        AS `order`,
            max(part.standing)                       AS standing
        FROM islands AS part
        WHERE part.kind != 'running' AND part.seconds > 0
        GROUP BY plant, line, asset, island
    ),
    open_then AS
    (
        SELECT
            plant, line, asset, id, failure_mode, opened,
            if(action IN ('withdraw', 'close'), time, toDateTime64('2299-12-31', 6, 'UTC')) AS over
        FROM current_requests
    )
SELECT
    stop.plant AS plant, stop.line AS line, stop.asset AS asset,
    stop.begin AS `from`, stop.finish AS `to`,
    any(stop.seconds) AS seconds,
    any(stop.planned_seconds) AS planned_seconds,
    seconds - planned_seconds AS unplanned_seconds,
    any(multiIf(
        stop.failed > 0, 'failure',
        stop.planned_seconds >= stop.seconds / 2, 'planned',
        stop.held > 0 AND stop.held >= stop.suspended, 'held',
        stop.suspended > 0, 'starved or blocked',
        stop.stopped > 0, 'stopped',
        stop.starting > 0, 'start-up',
        stop.idle > 0, 'idle',
        'unknown'
    )) AS cause,
    any(stop.planned) AS planned,
    any(stop.states) AS states,
    any(stop.`order`) AS `order`,
    any(stop.standing) AS standing,
    argMaxIf(request.id, request.opened, request.opened <= stop.finish AND request.over >= stop.begin) AS request,
    argMaxIf(request.failure_mode, request.opened, request.opened <= stop.finish AND request.over >= stop.begin) AS failure_mode
FROM stops AS stop
LEFT JOIN open_then AS request
    ON stop.plant = request.plant AND stop.line = request.line AND stop.asset = request.asset
GROUP BY stop.plant, stop.line, stop.asset, stop.begin, stop.finish
COMMENT 'Stops of machines, with their causes';
