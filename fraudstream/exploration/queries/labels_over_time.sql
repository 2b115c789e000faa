-- How many transactions have a label by now, and how many of those are frauds. The newest still wait for theirs.
SELECT
    time_bucket(getvariable('step'), event_time) AS time,
    count(*) AS transactions,
    count(is_fraud) / count(*) AS labelled,
    count(*) FILTER (is_fraud) / nullif(count(is_fraud), 0) AS frauds
FROM scored LEFT JOIN labels USING (customer_id, transaction_id)
WHERE EXISTS (FROM labels)
GROUP BY time
ORDER BY time;
