-- Which rules are trusted: how many of their alarms did people confirm, and how many were false?
-- group: alarms
-- plant = : this plant; all if empty
SELECT
    rule, plant, confirmed,
    called_false        AS false_alarms,
    round(precision, 3) AS precision
FROM rule_precision
WHERE asset = '' AND ({plant:String} = '' OR plant = {plant:String})
ORDER BY false_alarms DESC, confirmed DESC, rule, plant;
