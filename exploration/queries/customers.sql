-- The customers with most alerts.
SELECT
    customer_id,
    count(*) AS transactions,
    count(*) FILTER (alerted) AS alerts,
    count(*) FILTER (alerted) / count(*) AS share,
    count(*) FILTER (is_fraud) AS frauds,
    sum(amount_minor) FILTER (alerted) / 100 AS amount_of_alerts
FROM scored LEFT JOIN labels USING (transaction_id)
GROUP BY customer_id
HAVING alerts > 0
ORDER BY alerts DESC, transactions, customer_id
LIMIT 20;
