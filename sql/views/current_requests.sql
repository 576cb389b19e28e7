-- Which requests are there, each as its highest revision says?
CREATE OR REPLACE VIEW current_requests AS
SELECT *
FROM requests FINAL;
