-- Which figures for managers are there, what is each, and how is it worked out from its cases (view figure_cases)? ratio: sum(part) /
-- sum(whole). median and mean: of part. sum: of part. Numbers of EN 15341 and names of ISO 22400-2 are given where one is near; the texts
-- of the standards were not at hand.
CREATE OR REPLACE VIEW figures
(
    figure     String COMMENT 'Name',
    title      String COMMENT 'For people',
    aggregate  String COMMENT 'ratio, median, mean or sum',
    unit       String COMMENT 'h, min, s, pieces, count, or empty for a share',
    better     String COMMENT 'more or less',
    source     String COMMENT 'View that says what a case is',
    standard   String COMMENT 'What of ISO 22400-2 or EN 15341 is near; empty for none',
    definition String COMMENT 'What it is'
)
AS
SELECT
    said.1 AS figure, said.2 AS title, said.3 AS aggregate, said.4 AS unit, said.5 AS better, said.6 AS source, said.7 AS standard,
    said.8 AS definition
FROM
(
    SELECT arrayJoin([
        ('unplanned-downtime', 'Unplanned downtime', 'sum', 'h', 'less', 'downtime', 'ISO 22400-2 actual unit down time', 'Hours of stops outside of planned standstills, by the month in which a stop began.'),
        ('uptime', 'Uptime', 'ratio', '', 'more', 'oee_by_day', 'ISO 22400-2 availability', 'Running time as a share of the known time without planned standstills.'),
        ('response', 'Response', 'median', 'min', 'less', 'request_times', '', 'From the first revision of a request to accepted or started in the CMMS.'),
        ('close-out', 'Close-out', 'median', 'h', 'less', 'request_times', '', 'From the first revision of a request to completed in the CMMS.'),
        ('decision-latency', 'Decision latency', 'median', 's', 'less', 'request_times', '', 'From the beginning of a problem to the first revision of its first request.'),
        ('first-time-fix', 'First-time fix', 'ratio', '', 'more', 'repairs', '', 'Share of completed requests without another one for the same component within 30 days, by the day on which those are over. What was withdrawn is none.'),
        ('parts-availability', 'Parts availability', 'ratio', '', 'more', 'part_needs', 'EN 15341:2007 O26', 'Share of needed parts of which none was missing when stock was first asked.'),
        ('stock-outs', 'Stock-outs', 'ratio', '', 'less', 'part_needs', '', 'Share of needed parts of which none at all was free when stock was first asked.'),
        ('over-ordering', 'Over-ordering', 'ratio', '', 'less', 'part_needs', '', 'Share of what was ordered beyond what was missing.'),
        ('procurement-response', 'Procurement response', 'median', 'h', 'less', 'part_needs', '', 'From the requisition to the first word that it is approved, ordered, confirmed or received.'),
        ('inventory-accuracy', 'Inventory accuracy', 'ratio', '', 'more', 'part_needs', '', 'Share of parts said to be there whose reservation was not short.'),
        ('parts-used', 'Parts used of parts expected', 'ratio', '', 'more', 'part_needs', '', 'What was posted as used as a share of what was reserved.'),
        ('cost-attribution', 'Cost attribution', 'ratio', '', 'more', 'work_chains', '', 'Share of works with posted material or hours whose cost centre was named.'),
        ('auditability', 'Auditability', 'ratio', '', 'more', 'work_chains', '', 'Share of completed works whose chain from the reading to the cost is whole.'),
        ('manual-corrections', 'Manual corrections', 'sum', 'count', 'less', 'workflow_runs, reconciliations', '', 'Steps that a person had to decide, and differences that were mended by andon reconcile.'),
        ('process-completion', 'Process completion', 'ratio', '', 'more', 'workflow_runs', '', 'Share of workflows without a failed step, of those that are over or have one.'),
        ('schedule-disruption', 'Schedule disruption', 'sum', 'h', 'less', 'lost_production', '', 'Hours in which a line stood by unplanned stops that began while an operation was planned.'),
        ('output-lost', 'Output lost', 'sum', 'pieces', 'less', 'lost_production', '', 'Time in which a line stood unplanned, by the longest cycle that its machines counted with last. Stops that overlap count once.'),
        ('missed-output', 'Missed output', 'ratio', '', 'less', 'planned_output', '', 'Share of the planned pieces of operations that are over which were not made.'),
        ('alarm-quality', 'Alarm quality', 'ratio', '', 'more', 'rule_answers', '', 'Share of answered alarms and patterns that people called right.'),
        ('onboarding', 'Onboarding', 'median', 'h', 'less', 'onboardings', '', 'From the first model that had a machine to its first window.'),
        ('onboarding-changes', 'Changes while onboarding', 'mean', 'count', 'less', 'onboardings', '', 'Changes of model and rules within 30 days of the first model, by machine.'),
        ('contractor-time', 'Contractor''s cycle time', 'median', 'h', 'less', 'command_times', '', 'From ordering work to the word of the contractor that it is completed.')
    ]) AS said
)
COMMENT 'Figures for managers, each with what it is';
