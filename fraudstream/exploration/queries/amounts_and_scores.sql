-- Amounts, eight steps to a factor of ten, by scores in steps of 0.05.
SELECT
    pow(10, floor(log10(greatest(amount_minor, 1)) * 8) / 8) / 100 AS amount,
    pow(10, floor(log10(greatest(amount_minor, 1)) * 8 + 1) / 8) / 100 AS amount_below,
    least(floor(score * 20), 19) / 20 AS score,
    least(floor(score * 20), 19) / 20 + 0.05 AS score_below,
    count(*) AS transactions,
    count(*) FILTER (is_fraud) AS frauds
FROM scored LEFT JOIN labels USING (customer_id, transaction_id)
GROUP BY ALL
ORDER BY ALL;
