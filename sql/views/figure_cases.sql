-- What do the figures for managers rest on? One row per case: a stop, a request, a part, an alarm. What a figure of any period, plant or
-- line is, view `figures` says: sum(part) / sum(whole), sum(part), or the median of part. Part is NULL where nobody knows; the share of
-- cases that are known is how complete a figure is. Each case is defined in the view that it is taken from.
CREATE OR REPLACE VIEW figure_cases
(
    figure LowCardinality(String) COMMENT 'Figure, as in view figures',
    plant  LowCardinality(String) COMMENT 'Plant',
    line   LowCardinality(String) COMMENT 'Line of the plant; empty where it is of no line',
    asset  LowCardinality(String) COMMENT 'Asset of the line; empty where it is of none',
    id     String                 COMMENT 'Request, part, stop or alarm; empty where place and time say it',
    time   DateTime64(6, 'UTC')   COMMENT 'What period it counts for',
    part   Nullable(Float64)      COMMENT 'What counts; null: not known',
    whole  Float64                COMMENT 'What it is a part of; 1 where it is none'
)
AS
SELECT 'unplanned-downtime' AS figure, plant, line, asset, '' AS id, `from` AS time, unplanned_seconds / 3600 AS part, 1 AS whole FROM downtime
UNION ALL
SELECT 'uptime', plant, line, asset, '', toDateTime64(day, 6, 'UTC'), running_seconds, known_seconds - planned_seconds
FROM oee_by_day WHERE known_seconds > planned_seconds
UNION ALL
SELECT said.1, plant, line, asset, id, requested, said.2, 1
FROM
(
    -- One look at each view, however many figures rest on it: most of the time goes into working out the views.
    SELECT
        plant, line, asset, id, requested,
        -- A later round of a problem is no first decision.
        requested = min(requested) OVER (PARTITION BY plant, line, asset, problem_since) AS decided,
        arrayJoin(arrayFilter(each -> each.3, [
            ('response', response_minutes, true),
            ('close-out', if(withdrawn, NULL, closeout_minutes / 60), true),
            ('decision-latency', CAST(dateDiff('microsecond', problem_since, requested) / 1e6, 'Nullable(Float64)'), decided)
        ])) AS said
    FROM request_times
)
UNION ALL
-- By the day on which it is known, so that a period has repairs of one kind: those whose 30 days are over.
SELECT 'first-time-fix', plant, line, asset, request, completed + INTERVAL 30 DAY, lasted, 1 FROM repairs WHERE lasted IS NOT NULL
UNION ALL
SELECT said.1, plant, line, asset, concat(request, ' ', parts.part), if(said.4, assumeNotNull(order_asked), asked), said.2, said.3
FROM
(
    SELECT
        *,
        arrayJoin(arrayFilter(each -> each.3 > 0, [
            ('parts-availability', CAST(short <= 0, 'Nullable(Float64)'), 1., false),
            ('stock-outs', CAST(available <= 0, 'Nullable(Float64)'), 1., false),
            ('over-ordering', greatest(ordered - ifNull(short, needed), 0), ordered, true),
            ('procurement-response', dateDiff('second', order_asked, order_confirmed) / 3600, toFloat64(order_asked IS NOT NULL), true),
            ('inventory-accuracy', CAST(reserved, 'Nullable(Float64)'), toFloat64(ifNull(short <= 0, 0)), false),
            ('parts-used', used, if(ifNull(reserved, 0), needed, 0), false)
        ])) AS said
    FROM part_needs
) AS parts
UNION ALL
SELECT said.1, plant, line, asset, request, completed, said.2, 1
FROM
(
    SELECT
        *, arrayJoin(arrayFilter(each -> each.3, [('auditability', whole, true), ('cost-attribution', attributed, costed)])) AS said
    FROM work_chains
)
UNION ALL
SELECT said.1, plant, line, asset, request, begun, said.2, 1
FROM
(
    SELECT
        *,
        arrayJoin(arrayFilter(each -> each.3, [
            ('process-completion', CAST(if(ended IS NULL AND failed = 0, NULL, failed = 0), 'Nullable(Float64)'), true),
            ('manual-corrections', CAST(asked, 'Nullable(Float64)'), asked > 0)
        ])) AS said
    FROM workflow_runs
)
UNION ALL
SELECT 'manual-corrections', plant, line, asset, `of`, time, 1, 1 FROM reconciliations FINAL WHERE mended AND kind != 'compared'
UNION ALL
SELECT said.1, plant, line, asset, operation, `from`, said.2, 1
FROM
(
    SELECT
        *,
        arrayJoin(arrayFilter(each -> each.3, [
            ('output-lost', pieces, true), ('schedule-disruption', CAST(line_seconds / 3600, 'Nullable(Float64)'), operation != '')
        ])) AS said
    FROM lost_production
)
UNION ALL
SELECT 'missed-output', plant, line, '', entry, `end`, if(made IS NULL, NULL, greatest(quantity - made, 0)), quantity FROM planned_output
UNION ALL
SELECT 'alarm-quality', plant, line, asset, id, time, verdict = 'confirmed', 1 FROM rule_answers
UNION ALL
SELECT said.1, plant, line, asset, '', modelled, said.2, 1
FROM
(
    SELECT
        *,
        arrayJoin([
            ('onboarding', dateDiff('second', modelled, working) / 3600), ('onboarding-changes', CAST(changes, 'Nullable(Float64)'))
        ]) AS said
    FROM onboardings
)
UNION ALL
SELECT
    'contractor-time', command.plant, command.line, command.asset, command.request, command.decided,
    dateDiff('second', command.decided, word.since) / 3600, 1
FROM command_times AS command
LEFT JOIN (SELECT system, id, minOrNull(since) AS since FROM command_states WHERE state = 'completed' GROUP BY system, id) AS word
  ON command.system = word.system AND command.id = word.id
WHERE command.verb = 'order-work' AND command.undoes = ''
COMMENT 'Cases that figures for managers rest on';
