-- How often is each rule right on each machine, by the answers of people? The interval of 95 % is wide where there are few answers.
-- group: alarms
-- plant = : this plant; all if empty
-- line = : this line; all if empty
-- asset = : this asset; all if empty
-- rule = : this rule; all if empty
SELECT
    plant, line, asset, rule, answers, confirmed, called_false,
    round(precision, 3)      AS precision,
    round(precision_low, 3)  AS at_least,
    round(precision_high, 3) AS at_most,
    reasons, latest
FROM rule_precision
WHERE asset != '' AND ({plant:String} = '' OR plant = {plant:String}) AND ({line:String} = '' OR line = {line:String})
  AND ({asset:String} = '' OR asset = {asset:String}) AND ({rule:String} = '' OR rule = {rule:String})
ORDER BY called_false DESC, answers DESC, plant, line, asset, rule;
