-- In which state is each alarm now (ISA-18.2), who touched it last, and why?
CREATE OR REPLACE VIEW alarms_now AS
SELECT
    run, plant, line, asset, rule, signal, point, anomaly,
    after AS state,
    cause, who, reason, time
FROM alarms
WHERE after != '' AND cause NOT IN ('confirmed', 'false')
ORDER BY time DESC, sequence DESC
LIMIT 1 BY plant, line, asset, rule, signal, point, run;
