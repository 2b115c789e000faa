-- What each model scored. Precision and recall are of the transactions that have a label.
SELECT
    model_id,
    strftime(min(event_time), '%Y-%m-%d %H:%M') AS "from",
    strftime(max(event_time), '%Y-%m-%d %H:%M') AS until,
    count(*) AS transactions,
    count(*) FILTER (alerted) AS alerts,
    count(is_fraud) AS labelled,
    count(*) FILTER (is_fraud) AS frauds,
    count(*) FILTER (is_fraud AND alerted) / nullif(count(is_fraud) FILTER (alerted), 0) AS "precision",
    count(*) FILTER (is_fraud AND alerted) / nullif(count(*) FILTER (is_fraud), 0) AS recall
FROM scored LEFT JOIN labels USING (customer_id, transaction_id)
GROUP BY model_id
ORDER BY min(event_time);
