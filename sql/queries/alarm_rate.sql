-- How many alarms did each line have in each ten minutes, and which of that was a flood (ISA-18.2)?
-- group: alarms
-- plant = : this plant; all if empty
-- line = : this line; all if empty
-- days = 1 : so many days up to the newest in the data
SELECT plant, line, time, alarms, flood
FROM alarm_rate
WHERE ({plant:String} = '' OR plant = {plant:String}) AND ({line:String} = '' OR line = {line:String})
  AND time > (SELECT max(time) - INTERVAL {days:UInt32} DAY FROM newest)
ORDER BY plant, line, time;
