-- Tables of the queries. `logged` is the archive as it is stored, and `label_rows` the labels.
SET TimeZone = 'UTC';

-- Each transaction once: a customer's id, since two customers may use one.
CREATE OR REPLACE TABLE scored AS
WITH last_logged AS (
    -- What the job logs again after a failure has the same position in its topic: the last counts.
    SELECT
        transaction_id, customer_id, merchant_id, amount_minor, event_time, score::DOUBLE AS score, decision, model_id,
        log_partition, log_offset
    FROM logged
    QUALIFY row_number() OVER (PARTITION BY "partition", "offset" ORDER BY log_partition DESC, log_offset DESC) = 1
)
SELECT *, decision <> 'APPROVE' AS alerted
FROM last_logged
-- A duplicate was answered with the score of the first one.
QUALIFY row_number() OVER (PARTITION BY customer_id, transaction_id ORDER BY log_partition, log_offset) = 1;

-- Of two labels of a transaction the later one holds.
CREATE OR REPLACE TABLE labels AS
SELECT customer_id, transaction_id, is_fraud, label_time
FROM label_rows
QUALIFY row_number() OVER (PARTITION BY customer_id, transaction_id ORDER BY label_time DESC) = 1;

CREATE OR REPLACE VIEW labelled AS
SELECT scored.*, labels.is_fraud, labels.label_time
FROM scored JOIN labels USING (customer_id, transaction_id);

-- Its former name, for queries of users, until the next release.
CREATE OR REPLACE VIEW judged AS FROM labelled;

-- The step of the time axes.
SET VARIABLE step = (
    SELECT CASE WHEN max(event_time) - min(event_time) > INTERVAL 4 DAYS THEN INTERVAL 1 DAY ELSE INTERVAL 1 HOUR END FROM scored
);

-- The columns of the features: they and the score alone are 32 bits wide.
SET VARIABLE features = (
    SELECT list(column_name) FROM (DESCRIBE logged) WHERE column_type = 'FLOAT' AND column_name <> 'score'
);
