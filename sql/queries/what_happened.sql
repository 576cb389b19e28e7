-- What happened at one machine, in order: states, alarms, incidents, requests, people?
-- group: machines
-- plant : the plant
-- line : its line
-- asset : the machine
-- hours = 24 : so many hours up to the newest of the line
WITH (SELECT max(time) - INTERVAL {hours:UInt32} HOUR FROM newest WHERE plant = {plant:String} AND line = {line:String}) AS begin
SELECT DISTINCT time, what, text, id
FROM
(
    SELECT time, 'state' AS what, concat(state, if(`order` = '', '', concat(' · order ', `order`))) AS text, '' AS id
    FROM machine_states FINAL
    WHERE plant = {plant:String} AND line = {line:String} AND asset = {asset:String} AND time > begin
    UNION ALL
    SELECT time, concat('anomaly ', phase), reason, id
    FROM anomalies FINAL
    WHERE plant = {plant:String} AND line = {line:String} AND asset = {asset:String} AND time > begin
    UNION ALL
    SELECT time, 'incident', concat(rule, ' · ', severity, ' · ', failure_mode), id
    FROM incidents FINAL
    WHERE plant = {plant:String} AND line = {line:String} AND asset = {asset:String} AND time > begin
    UNION ALL
    SELECT time, concat('request ', action), concat(priority, ' · ', title), id
    FROM request_history FINAL
    WHERE plant = {plant:String} AND line = {line:String} AND asset = {asset:String} AND time > begin
    UNION ALL
    SELECT time, type, data, ''
    FROM machine_events FINAL
    WHERE plant = {plant:String} AND line = {line:String} AND asset = {asset:String} AND time > begin AND type != 'state'
      -- What people did about exceptions is written at a machine that need not be theirs.
      AND NOT (kind = 'act' AND type = 'exception')
)
ORDER BY time, what, id;
