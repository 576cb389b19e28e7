-- How long did each machine not run, by local day or by shift, and why? A stop counts in each shift that it reaches into.
-- group: machines
-- plant = : this plant; all if empty
-- line = : this line; all if empty
-- asset = : this asset; all if empty
-- time_zone = UTC : of the plant
-- shifts = 00:00 : when shifts begin by its clock, such as 06:00,14:00,22:00; one of them is a day
-- days = 7 : so many days up to the newest in the data
WITH
    -- When each shift began, in seconds since 1970: where clocks show that time twice, the first time; where they pass over it,
    -- when they are put forward. `shown` is what the clock shows.
    assumeNotNull((SELECT max(time) FROM newest)) AS latest,
    starts AS
    (
        SELECT
            toDate(latest) + 1 - toInt32(arrayJoin(range({days:UInt32} + 3))) AS day,
            arrayJoin(splitByChar(',', {shifts:String}))                      AS shift,
            86400 * toInt64(toUInt16(day)) + 3600 * toInt64(substring(shift, 1, 2)) + 60 * toInt64(substring(shift, 4, 2)) AS shown,
            toInt64(timezoneOffset(toDateTime(shown - 86400, {time_zone:String}))) AS offset_before,
            toInt64(timezoneOffset(toDateTime(shown + 86400, {time_zone:String}))) AS offset_after,
            shown - greatest(offset_before, offset_after) AS first,
            shown - least(offset_before, offset_after)    AS second,
            multiIf(
                first + timezoneOffset(toDateTime(first, {time_zone:String})) = shown, first,
                second + timezoneOffset(toDateTime(second, {time_zone:String})) = shown, second,
                arrayFirst(at -> timezoneOffset(toDateTime(at, {time_zone:String})) = offset_after, arrayMap(minute -> first + 60 * minute, range(1441)))
            ) AS began
        FROM (SELECT 1)
    ),
    shifts AS
    (
        SELECT
            day, shift, toDateTime64(began, 6, 'UTC') AS begin,
            toDateTime64(leadInFrame(began, 1, began) OVER (ORDER BY began, shown ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING), 6, 'UTC') AS finish
        FROM starts
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
