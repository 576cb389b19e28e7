-- What are the figures for managers of each plant, beside those of the time before, and how complete and fresh is what they rest on?
-- group: requests
-- plant = : this plant; all if empty
-- days = 30 : so many days up to the newest in the data
-- baseline = 90 : so many days before those are compared with; a sum by the days of them with data, and not where those are fewer than days
SELECT
    plant, title, unit, aggregate,
    round(multiIf(
        aggregate = 'ratio', sumIf(part, now AND part IS NOT NULL) / nullIf(sumIf(whole, now AND part IS NOT NULL), 0),
        aggregate = 'median', quantileExactOrNullIf(0.5)(part, now),
        aggregate = 'mean', avgOrNullIf(part, now),
        sumOrNullIf(part, now)), 4) AS value,
    round(multiIf(
        aggregate = 'ratio', sumIf(part, NOT now AND part IS NOT NULL) / nullIf(sumIf(whole, NOT now AND part IS NOT NULL), 0),
        aggregate = 'median', quantileExactOrNullIf(0.5)(part, NOT now),
        aggregate = 'mean', avgOrNullIf(part, NOT now),
        sumOrNullIf(part, NOT now) * {days:UInt32} / if(any(known) >= {days:UInt32}, any(known), NULL)), 4) AS before,
    better, countIf(now) AS cases,
    round(countIf(now AND part IS NOT NULL) / nullIf(cases, 0), 3) AS complete,
    any(newest) AS up_to, definition
FROM
(
    SELECT
        cases.plant AS plant, cases.part AS part, cases.whole AS whole, figures.title AS title, figures.unit AS unit,
        figures.aggregate AS aggregate, figures.better AS better, figures.definition AS definition, latest.time AS newest,
        cases.time > latest.time - INTERVAL {days:UInt32} DAY AS now,
        least({baseline:UInt32}, dateDiff('second', latest.oldest, latest.time) / 86400 - {days:UInt32}) AS known
    FROM figure_cases AS cases
    INNER JOIN figures ON cases.figure = figures.figure
    INNER JOIN (SELECT plant, max(time) AS time, min(oldest) AS oldest FROM newest GROUP BY plant) AS latest ON cases.plant = latest.plant
    WHERE ({plant:String} = '' OR cases.plant = {plant:String})
      AND cases.time > latest.time - toIntervalDay({days:UInt32} + {baseline:UInt32})
)
GROUP BY plant, title, unit, aggregate, better, definition
ORDER BY title, plant;
