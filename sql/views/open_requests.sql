-- Which problems have a request that is neither withdrawn nor closed?
CREATE OR REPLACE VIEW open_requests AS
SELECT *
FROM requests FINAL
WHERE action NOT IN ('withdraw', 'close');
