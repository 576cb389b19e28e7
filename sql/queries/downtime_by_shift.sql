-- How long did each machine not run, by local day or by shift, and why? A stop counts in each shift that it reaches into.
-- group: machines
-- plant = : this plant; all if empty
-- line = : this line; all if empty
-- asset = : this asset; all if empty
-- time_zone = UTC : of the plant
-- shifts = 00:00 : when shifts begin by its clock, such as 06:00,14:00,22:00; one of them is a day
-- days = 7 : so many days up to the newest in the data
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
            plant, line, asset, cause, `from`, seconds AS whole, unplanned_seconds,
            arrayJoin(arrayFilter(span -> span.1 < `to` AND span.2 > `from`, spans)) AS span,
            dateDiff('microsecond', greatest(`from`, span.1), least(`to`, span.2)) / 1e6 AS share
        FROM downtime
        WHERE ({plant:String} = '' OR plant = {plant:String}) AND ({line:String} = '' OR line = {line:String}) AND ({asset:String} = '' OR asset = {asset:String})
          AND whole > 0
    )
SELECT
    plant, line, asset, span.3 AS day, span.4 AS shift, cause,
    countIf(`from` >= span.1)                            AS stops_begun,
    round(sum(share) / 60, 1)                            AS minutes,
    round(sum(unplanned_seconds * share / whole) / 60, 1) AS unplanned_minutes
FROM parts
WHERE day > toDate(latest - INTERVAL {days:UInt32} DAY, {time_zone:String})
GROUP BY plant, line, asset, day, shift, cause
ORDER BY plant, line, asset, day, shift, unplanned_minutes DESC, cause;
