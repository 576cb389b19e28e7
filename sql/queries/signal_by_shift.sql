-- How did one signal of one machine develop by local day, or by shift?
-- group: signals
-- plant : the plant
-- line : its line
-- asset : the machine
-- signal : the signal
-- time_zone = UTC : of the plant
-- shifts = 00:00 : when shifts begin by its clock, such as 06:00,14:00,22:00; one of them is a day
-- days = 90 : so many days
WITH
    assumeNotNull((
        SELECT max(last_time)
        FROM readings_1d
        WHERE plant = {plant:String} AND line = {line:String} AND asset = {asset:String} AND signal = {signal:String}
    )) AS last_known,
    -- A shift begins with the first minute at which the clock shows its time or a later one: clocks may show it twice, or pass over it.
    begins AS
    (
        SELECT toDate(last_known) + 1 - toInt32(arrayJoin(range({days:UInt32} + 3))) AS day, arrayJoin(splitByChar(',', {shifts:String})) AS shift,
            toInt64(toUnixTimestamp(concat(toString(day), ' ', shift, ':00'), 'UTC')) AS shown,
            arrayFirst(at -> at + timezoneOffset(toDateTime(at, {time_zone:String})) >= shown, range(shown - 54000, shown + 46800, 60)) AS began
    ),
    shifts AS
    (
        SELECT day, shift, toDateTime64(began, 6, 'UTC') AS begin,
            toDateTime64(leadInFrame(began, 1, began) OVER (ORDER BY began, shown ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING), 6, 'UTC') AS finish
        FROM begins
    )
SELECT
    span.day AS day,
    span.shift AS shift,
    min(part.minute)    AS first_minute,
    max(part.minute)    AS last_minute,
    sum(part.readings)  AS readings,
    min(part.least)     AS least,
    sum(part.mean * part.readings) / sum(part.readings) AS mean,
    max(part.greatest)  AS greatest,
    argMax(part.latest, part.latest_time) AS latest
FROM
(
    SELECT *, 1 AS joined
    FROM readings_by_minute
    WHERE plant = {plant:String} AND line = {line:String} AND asset = {asset:String} AND signal = {signal:String}
      AND minute > last_known - INTERVAL {days:UInt32} DAY
) AS part
ASOF INNER JOIN (SELECT day, shift, begin, 1 AS joined FROM shifts WHERE begin < finish) AS span
    ON part.joined = span.joined AND part.minute >= span.begin
GROUP BY day, shift
ORDER BY day, shift;
