-- How well each feature alone separates frauds from genuine transactions, in a sample of 50,000 with a label: its AUC is the
-- chance that a fraud has more of it than a genuine transaction, so 0.5 says nothing.
WITH sampled AS (
    SELECT log_partition, log_offset, is_fraud FROM labelled ORDER BY hash(customer_id, transaction_id) LIMIT 50000
),
sampled_features AS (
    SELECT is_fraud, COLUMNS(lambda name: list_contains(getvariable('features'), name))
    FROM logged JOIN sampled USING (log_partition, log_offset)
),
each AS (
    UNPIVOT sampled_features ON COLUMNS(* EXCLUDE is_fraud) INTO NAME feature VALUE value
),
counted AS (
    SELECT feature, value, count(*) FILTER (is_fraud) AS frauds, count(*) FILTER (NOT is_fraud) AS genuine
    FROM each
    GROUP BY feature, value
),
ordered AS (
    SELECT *, sum(genuine) OVER (PARTITION BY feature ORDER BY value) - genuine AS genuine_below FROM counted
)
SELECT
    feature,
    sum(frauds * (genuine_below + genuine / 2)) / (sum(frauds) * sum(genuine)) AS auc,
    sum(value * frauds) / sum(frauds) AS mean_of_frauds,
    sum(value * genuine) / sum(genuine) AS mean_of_genuine
FROM ordered
GROUP BY feature
HAVING sum(frauds) > 0 AND sum(genuine) > 0
ORDER BY abs(auc - 0.5) DESC, feature;
