-- How far does each system lag behind what it was asked, and what does it not answer?
-- group: systems
-- days = 7 : so many days up to the newest in the data
WITH (SELECT max(time) FROM newest) AS now
SELECT
    system,
    count()                                                                       AS commands,
    countIf(answered IS NULL)                                                     AS waiting,
    round(dateDiff('second', minIf(decided, answered IS NULL), now) / 60, 1) * (waiting > 0) AS oldest_waiting_minutes,
    countIf(outcome = 'rejected')                                                 AS rejected,
    countIf(outcome = 'expired')                                                  AS expired,
    round(quantileIf(0.5)(seconds, answered IS NOT NULL), 1)                      AS answer_median_s,
    round(quantileIf(0.9)(seconds, answered IS NOT NULL), 1)                      AS answer_p90_s,
    max(heard)                                                                    AS last_heard
FROM command_times
WHERE decided > now - INTERVAL {days:UInt32} DAY
GROUP BY system
ORDER BY oldest_waiting_minutes DESC, system;
