-- What did each work cost by what systems have posted, and what of it is an estimate only?
-- group: requests
-- plant = : this plant; all if empty
-- days = 90 : so many days up to the newest in the data
SELECT
    cost.plant AS plant, cost.line AS line, cost.asset AS asset, cost.request AS request, any(request.title) AS title,
    cost.currency AS currency,
    sumIf(cost.amount, cost.basis = 'posted' AND cost.kind = 'parts')                          AS parts_posted,
    sumIf(cost.amount, cost.basis = 'posted' AND cost.kind = 'labour')                         AS labour_posted,
    sumIf(cost.amount, cost.basis = 'posted' AND cost.kind NOT IN ('parts', 'labour'))         AS other_posted,
    sumIf(cost.amount, cost.basis = 'posted')                                                  AS posted,
    sumIf(cost.amount, cost.basis = 'estimate' AND cost.kind = 'parts')                        AS parts_estimated,
    sumIf(cost.amount, cost.kind = 'stop')                                                     AS stop_estimated,
    max(cost.time)                                                                             AS latest
FROM work_costs AS cost
LEFT JOIN current_requests AS request ON cost.request = request.id
WHERE ({plant:String} = '' OR cost.plant = {plant:String})
GROUP BY plant, line, asset, request, currency
HAVING latest > (SELECT max(time) - INTERVAL {days:UInt32} DAY FROM newest)
ORDER BY posted DESC, request, currency;
