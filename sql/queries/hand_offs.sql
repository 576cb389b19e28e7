-- In which hand-off does the time of requests go, and how many wait there now?
-- group: requests
-- plant = : this plant; all if empty
-- line = : this line; all if empty
-- days = 90 : so many days up to the newest in the data
WITH
    ['decided', 'in the CMMS', 'accepted', 'assigned', 'parts there', 'started', 'done', 'posted'] AS names,
    steps AS
    (
        SELECT
            work.plant AS plant, work.line AS line, work.request AS request, work.open AS open,
            arraySort(step -> (step.2, step.1), arrayFilter(step -> step.2 IS NOT NULL, arrayZip(
                range(1, 9),
                [toNullable(work.decided), work.in_cmms, work.accepted, work.assigned, work.parts_there, work.started, work.done, work.posted]
            ))) AS taken
        FROM hand_offs AS work
        WHERE ({plant:String} = '' OR work.plant = {plant:String}) AND ({line:String} = '' OR work.line = {line:String})
          AND work.decided > (SELECT max(time) - INTERVAL {days:UInt32} DAY FROM newest)
    )
SELECT
    plant, line, names[place] AS hand_off,
    count()                                             AS requests,
    countIf(open AND at = length(taken))                AS waiting_behind_it,
    round(quantileIf(0.5)(minutes, at > 1), 1)          AS minutes_median,
    round(quantileIf(0.9)(minutes, at > 1), 1)          AS minutes_p90
FROM
(
    SELECT
        plant, line, open, taken, at, taken[at].1 AS place,
        if(at = 1, 0, dateDiff('second', assumeNotNull(taken[at - 1].2), assumeNotNull(taken[at].2)) / 60) AS minutes
    FROM steps
    ARRAY JOIN arrayEnumerate(taken) AS at
)
GROUP BY plant, line, place
ORDER BY plant, line, place;
