-- What does each window say after all corrections? Early firings (version 0) of windows that have not fired are not in.
CREATE OR REPLACE VIEW windows_final AS
SELECT *
FROM windows FINAL
WHERE version > 0;
