-- What is stuck on its way from the machine to the systems around, and where?
-- group: systems
-- place = : source, worker, broker, gateway or target; all if empty
-- plant = : this plant; all if empty
SELECT place, system, kind, id, request, plant, line, asset, since, text
FROM where_stuck
WHERE ({place:String} = '' OR place = {place:String}) AND ({plant:String} = '' OR plant IN ('', {plant:String}))
ORDER BY indexOf(['source', 'worker', 'broker', 'gateway', 'target'], place), since, kind, id;
