-- How good are the alarms of each detector? How many came, were acknowledged, were confirmed or called false, were withheld?
CREATE OR REPLACE VIEW alarm_quality AS
SELECT
    run, plant, rule,
    countIf(cause = 'raised')                                       AS raised,
    countIf(cause = 'raised' AND after NOT IN ('unacknowledged'))   AS withheld,
    countIf(cause = 'acknowledged')                                 AS acknowledged,
    countIf(cause = 'confirmed')                                    AS confirmed,
    countIf(cause = 'false')                                        AS called_false,
    called_false / nullIf(confirmed + called_false, 0)              AS false_share
FROM alarms
WHERE rule != ''
GROUP BY run, plant, rule;
