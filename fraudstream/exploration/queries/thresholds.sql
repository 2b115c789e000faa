-- What would alert from each threshold on: precision, recall, and the share of the transactions to review.
WITH steps AS (
    SELECT floor(score * 100) AS step, count(*) AS transactions, count(*) FILTER (is_fraud) AS frauds
    FROM labelled
    GROUP BY step
)
SELECT
    step / 100 AS threshold,
    (sum(transactions) OVER above)::BIGINT AS alerts,
    (sum(frauds) OVER above)::BIGINT AS caught,
    sum(frauds) OVER above / sum(transactions) OVER above AS "precision",
    sum(frauds) OVER above / nullif(sum(frauds) OVER (), 0) AS recall,
    sum(transactions) OVER above / sum(transactions) OVER () AS share
FROM steps
WINDOW above AS (ORDER BY step DESC)
ORDER BY threshold;
