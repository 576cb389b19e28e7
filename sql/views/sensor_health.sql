-- How is each sensor? When it last sent, how far it lags its line, whether it sends less than it used to, and whether its value
-- does not change. Compares the latest full hour of each signal with its median hour.
CREATE OR REPLACE VIEW sensor_health
(
    plant          LowCardinality(String)                             COMMENT 'Plant',
    line           LowCardinality(String)                             COMMENT 'Line of the plant',
    asset          LowCardinality(String)                             COMMENT 'Asset of the line',
    signal         LowCardinality(String)                             COMMENT 'Signal',
    latest_time    SimpleAggregateFunction(max, DateTime64(6, 'UTC')) COMMENT 'Latest reading',
    latest         Float64                                            COMMENT 'Its value',
    silent_seconds Float64                                            COMMENT 'Time from its latest reading to the newest of its line',
    hours          UInt64                                             COMMENT 'Hours with readings',
    usual          Float64                                            COMMENT 'Median readings an hour',
    latest_hour    UInt64                                             COMMENT 'Readings of the latest full hour',
    still_hours    UInt64                                             COMMENT 'Latest hours in a row without any change of value',
    verdict        String                                             COMMENT 'silent (no reading for more than 10 minutes), thin (under half of its usual rate), still (one value for an hour or more), or well'
)
AS
SELECT
    hourly.plant AS plant, hourly.line AS line, hourly.asset AS asset, hourly.signal AS signal,
    hourly.latest_time AS latest_time, hourly.latest AS latest,
    dateDiff('microsecond', hourly.latest_time, newest.time) / 1e6 AS silent_seconds,
    hourly.hours AS hours, hourly.usual AS usual, hourly.latest_hour AS latest_hour, hourly.still_hours AS still_hours,
    multiIf(
        silent_seconds > 600, 'silent',
        hours > 2 AND latest_hour < usual / 2, 'thin',
        still_hours >= 1, 'still',
        'well'
    ) AS verdict
FROM
(
    SELECT
        plant, line, asset, signal,
        max(each.latest_time) AS latest_time,
        argMax(each.latest, each.hour) AS latest,
        count() AS hours,
        median(each.readings) AS usual,
        arrayReverseSort(hour -> hour.1, groupArray((each.hour, each.readings, each.least = each.greatest AND each.readings > 1, each.least))) AS by_hour,
        if(length(by_hour) > 1, by_hour[2].2, by_hour[1].2) AS latest_hour,
        length(arrayFilter((hour, index) -> arrayAll(other -> other.3 AND other.4 = by_hour[1].4, arraySlice(by_hour, 1, index)), by_hour, arrayEnumerate(by_hour))) AS still_hours
    FROM
    (
        SELECT * FROM readings_by_hour
        WHERE hour > (SELECT max(time) - INTERVAL 7 DAY FROM newest)
    ) AS each
    GROUP BY plant, line, asset, signal
) AS hourly
INNER JOIN newest ON hourly.plant = newest.plant AND hourly.line = newest.line
COMMENT 'Signals with silence, rate and standstill';
