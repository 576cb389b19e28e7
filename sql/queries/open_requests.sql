-- Which requests are open, and since when?
-- group: requests
-- plant = : this plant; all if empty
-- line = : this line; all if empty
SELECT
    id, plant, line, asset, priority, title, failure_mode, opened, `order`, due, slot_start, slot_end, slot_kind, stop_cost, revision
FROM open_requests
WHERE ({plant:String} = '' OR plant = {plant:String}) AND ({line:String} = '' OR line = {line:String})
ORDER BY opened, id;
