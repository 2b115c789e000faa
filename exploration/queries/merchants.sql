-- The merchants with most alerts.
SELECT
    merchant_id,
    count(*) AS transactions,
    count(*) FILTER (alerted) AS alerts,
    count(*) FILTER (alerted) / count(*) AS share,
    count(*) FILTER (is_fraud) AS frauds,
    sum(amount_minor) FILTER (alerted) / 100 AS amount_of_alerts
FROM scored LEFT JOIN labels USING (transaction_id)
GROUP BY merchant_id
HAVING alerts > 0
ORDER BY alerts DESC, transactions, merchant_id
LIMIT 20;
