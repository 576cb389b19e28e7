-- When did a request wait for longer than it may until it was in the CMMS? While nothing was ever delivered, there is no CMMS.
SELECT
    plant, id AS subject, appended + toIntervalSecond({within:UInt32}) AS begun,
    least(ifNull(created, {to:DateTime64(6, 'UTC')}), ifNull(over, {to:DateTime64(6, 'UTC')})) AS ended,
    if(created IS NULL, 'decided, and not in the CMMS', 'decided, and late in the CMMS') AS text, [id] AS requests
FROM request_creations
WHERE ended > begun AND ended > {from:DateTime64(6, 'UTC')} AND begun < {to:DateTime64(6, 'UTC')}
  AND (SELECT count() FROM request_creations WHERE created IS NOT NULL) > 0
ORDER BY plant, begun, subject;
