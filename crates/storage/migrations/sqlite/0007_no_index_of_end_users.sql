-- Its places are random: with ten thousand end users it cost more of a row's time than all else together. Rows of an
-- end user are asked for within a period, which the index of times serves; their sums lie in the daily tables.
DROP INDEX ledger_by_end_user;
