-- How well was each machine used, by local day or by shift? As @oee, by the clock of the plant.
-- group: machines
-- plant = : this plant; all if empty
-- line = : this line; all if empty
-- asset = : this asset; all if empty
-- time_zone = UTC : of the plant
-- shifts = 00:00 : when shifts begin by its clock, such as 06:00,14:00,22:00; one of them is a day
-- days = 30 : so many days up to the newest in the data
WITH
    assumeNotNull((SELECT max(time) FROM newest)) AS latest,
    -- A shift begins with the first minute at which the clock shows its time or a later one: clocks may show it twice, or pass over it.
    begins AS
    (
        SELECT toDate(latest) + 1 - toInt32(arrayJoin(range({days:UInt32} + 3))) AS day, arrayJoin(splitByChar(',', {shifts:String})) AS shift,
            toInt64(toUnixTimestamp(concat(toString(day), ' ', shift, ':00'), 'UTC')) AS shown,
            arrayFirst(at -> at + timezoneOffset(toDateTime(at, {time_zone:String})) >= shown, range(shown - 54000, shown + 46800, 60)) AS began
    ),
    shifts AS
    (
        SELECT day, shift, toDateTime64(began, 6, 'UTC') AS begin,
            toDateTime64(leadInFrame(began, 1, began) OVER (ORDER BY began, shown ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING), 6, 'UTC') AS finish
        FROM begins
    ),
    (SELECT groupArray((begin, finish, day, shift)) FROM shifts WHERE begin < finish) AS spans,
    parts AS
    (
        SELECT
            plant, line, asset, kind, seconds AS whole, planned_seconds,
            arrayJoin(arrayFilter(span -> span.1 < `to` AND span.2 > `from`, spans)) AS span,
            dateDiff('microsecond', greatest(`from`, span.1), least(`to`, span.2)) / 1e6 AS share
        FROM machine_timeline
        WHERE ({plant:String} = '' OR plant = {plant:String}) AND ({line:String} = '' OR line = {line:String}) AND ({asset:String} = '' OR asset = {asset:String})
          AND whole > 0 AND kind != 'unknown'
    ),
    known AS
    (
        SELECT
            plant, line, asset, span.3 AS day, span.4 AS shift,
            sum(share)                                                AS seconds,
            sumIf(share, kind = 'running')                            AS running,
            sumIf(planned_seconds * share / whole, kind != 'running') AS planned
        FROM parts
        GROUP BY plant, line, asset, day, shift
    ),
    counts AS
    (
        SELECT
            plant, line, asset, span.3 AS day, span.4 AS shift,
            sum(made.good) AS good, sum(made.good + made.scrap) AS pieces,
            sum((made.good + made.scrap) * made.ideal_cycle) AS ideal, countIf(made.ideal_cycle IS NULL) AS without
        FROM (SELECT *, arrayFirst(span -> span.1 <= time AND time < span.2, spans) AS span FROM production_counts) AS made
        GROUP BY plant, line, asset, day, shift
    )
SELECT
    known.plant AS plant, known.line AS line, known.asset AS asset, known.day AS day, known.shift AS shift,
    round(if(known.seconds > known.planned, known.running / (known.seconds - known.planned), NULL) AS ran, 3) AS availability,
    round(if(counts.pieces > 0 AND counts.without = 0 AND known.running > 0, counts.ideal / known.running, NULL) AS pace, 3) AS performance,
    round(if(counts.pieces > 0, counts.good / counts.pieces, NULL) AS sound, 3) AS quality,
    round(ran * pace * sound, 3)                     AS oee,
    round(known.running / 3600, 2)                   AS running_hours,
    round((known.seconds - known.planned) / 3600, 2) AS available_hours,
    if(counts.pieces > 0, counts.pieces, NULL)       AS pieces,
    if(counts.pieces > 0, counts.good, NULL)         AS good
FROM known
LEFT JOIN counts
    ON known.plant = counts.plant AND known.line = counts.line AND known.asset = counts.asset
    AND known.day = counts.day AND known.shift = counts.shift
WHERE day > toDate(latest - INTERVAL {days:UInt32} DAY, {time_zone:String})
ORDER BY plant, line, asset, day, shift;
