-- The merchants and the customers with most alerts.
SELECT
    CASE WHEN merchant_id IS NULL THEN 'customer' ELSE 'merchant' END AS kind,
    coalesce(merchant_id, customer_id) AS id,
    count(*) AS transactions,
    count(*) FILTER (alerted) AS alerts,
    count(*) FILTER (alerted) / count(*) AS share,
    count(*) FILTER (is_fraud) AS frauds,
    sum(amount_minor) FILTER (alerted) / 100 AS amount_of_alerts
FROM scored LEFT JOIN labels USING (customer_id, transaction_id)
GROUP BY GROUPING SETS ((merchant_id), (customer_id))
HAVING alerts > 0
QUALIFY row_number() OVER (PARTITION BY kind ORDER BY alerts DESC, transactions, id) <= 20
ORDER BY kind DESC, alerts DESC, transactions, id;
