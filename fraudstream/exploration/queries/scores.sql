-- How the scores lie, in steps of 0.02.
SELECT
    least(floor(score * 50), 49) / 50 AS score,
    CASE WHEN is_fraud THEN 'fraud' WHEN NOT is_fraud THEN 'genuine' ELSE 'no label' END AS label,
    count(*) AS transactions
FROM scored LEFT JOIN labels USING (customer_id, transaction_id)
GROUP BY ALL
ORDER BY ALL;
