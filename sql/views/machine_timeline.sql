-- What was each machine doing, from when to when, and what was planned then? One row per state. The last one of a machine
-- goes to the newest that is known of its line. `kind` puts the PackML states into few words: running (EXECUTE, COMPLETING), starting,
-- waiting (IDLE, COMPLETE, SUSPENDED: nothing to do, or starved or blocked), held (HELD: a reason of its own), stopped,
-- failed (ABORTED), unknown. `planned_seconds` is what of it lies in changeovers, planned stops and maintenance.
CREATE OR REPLACE VIEW machine_timeline
(
    plant           LowCardinality(String) COMMENT 'Plant',
    line            LowCardinality(String) COMMENT 'Line of the plant',
    asset           LowCardinality(String) COMMENT 'Asset of the line',
    `from`          DateTime64(6, 'UTC')   COMMENT 'When the state began',
    `to`            DateTime64(6, 'UTC')   COMMENT 'When the next one began',
    seconds         Float64                COMMENT 'Length',
    state           LowCardinality(String) COMMENT 'PackML state',
    kind            String                 COMMENT 'running, starting, waiting, held, stopped, failed or unknown',
    mode            LowCardinality(String) COMMENT 'Mode',
    `order`         LowCardinality(String) COMMENT 'Production order',
    product         LowCardinality(String) COMMENT 'Product',
    planned         String                 COMMENT 'Kind of the planned standstill that covers most of it; empty for none',
    planned_seconds Float64                COMMENT 'Seconds of it in planned standstills',
    standing        UInt8                  COMMENT 'It is the latest that is known'
)
AS
WITH
    states AS
    (
        SELECT
            plant, line, asset, time AS begin, state, mode, `order`, product,
            leadInFrame(toNullable(time)) OVER (
                PARTITION BY plant, line, asset ORDER BY time, sequence ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING
            ) AS next
        FROM
        (
            SELECT fact.*
            FROM machine_states AS fact FINAL
            LEFT JOIN counted_runs AS counted ON fact.stream = counted.stream AND fact.run = counted.run
            WHERE NOT arrayExists(range -> fact.sequence BETWEEN range.1 AND range.2, counted.superseded)
        )
    ),
    spans AS
    (
        SELECT states.*, ifNull(next, greatest(begin, newest.time)) AS finish
        FROM states
        LEFT JOIN newest ON states.plant = newest.plant AND states.line = newest.line
    ),
    days AS
    (
        SELECT
            plant, line, asset, begin, finish,
            arrayJoin(range(toUInt32(toDate(begin)), toUInt32(toDate(finish)) + 1)) AS day
        FROM spans
    ),
    standstills AS
    (
        SELECT
            plant, line, assets, kind, start, `end`,
            arrayJoin(range(toUInt32(toDate(start)), toUInt32(toDate(`end`)) + 1)) AS day
        FROM planned_now
        WHERE kind IN ('changeover', 'planned-stop', 'maintenance') AND `end` > start
    ),
    overlaps AS
    (
        SELECT
            days.plant AS plant, days.line AS line, days.asset AS asset, days.begin AS begin,
            standstills.kind AS kind,
            greatest(days.begin, standstills.start)  AS low,
            least(days.finish, standstills.`end`)    AS high
        FROM days
        INNER JOIN standstills
            ON days.plant = standstills.plant AND days.line = standstills.line AND days.day = standstills.day
        WHERE low < high AND (empty(standstills.assets) OR has(standstills.assets, days.asset))
    ),
    planned AS
    (
        SELECT
            plant, line, asset, begin,
            argMax(kind, kind_length)   AS kind,
            intervalLengthSum(low, high) / 1e6 AS seconds
        FROM
        (
            SELECT
                plant, line, asset, begin, kind,
                toUnixTimestamp64Micro(low) AS low, toUnixTimestamp64Micro(high) AS high, high - low AS kind_length
            FROM overlaps
            GROUP BY ALL
        )
        GROUP BY plant, line, asset, begin
    )
SELECT
    spans.plant AS plant, spans.line AS line, spans.asset AS asset,
    spans.begin AS `from`,
    spans.finish AS `to`,
    dateDiff('microsecond', spans.begin, spans.finish) / 1e6 AS seconds,
    spans.state AS state,
    multiIf(
        state IN ('EXECUTE', 'COMPLETING'), 'running',
        state IN ('STARTING', 'CLEARING', 'RESETTING', 'UNHOLDING', 'UNSUSPENDING'), 'starting',
        state IN ('IDLE', 'COMPLETE', 'SUSPENDED', 'SUSPENDING'), 'waiting',
        state IN ('HELD', 'HOLDING'), 'held',
        state IN ('STOPPED', 'STOPPING'), 'stopped',
        state IN ('ABORTED', 'ABORTING'), 'failed',
        'unknown'
    ) AS kind,
    spans.mode AS mode, spans.`order` AS `order`, spans.product AS product,
    planned.kind AS planned,
    least(planned.seconds, seconds) AS planned_seconds,
    spans.next IS NULL AS standing
FROM spans
LEFT JOIN planned
    ON spans.plant = planned.plant AND spans.line = planned.line AND spans.asset = planned.asset AND spans.begin = planned.begin
COMMENT 'States of machines with from and to, and what was planned';
