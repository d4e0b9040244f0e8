-- The index of end users stays here: only SQLite's writer was measured to suffer from it.
SELECT 1;
