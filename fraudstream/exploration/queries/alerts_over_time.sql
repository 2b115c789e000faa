-- How many transactions there were, and the share of them that each decision had.
SELECT
    time_bucket(getvariable('step'), event_time) AS time,
    time_bucket(getvariable('step'), event_time) + getvariable('step') AS time_below,
    decision,
    count(*) AS transactions,
    count(*) / sum(count(*)) OVER (PARTITION BY time_bucket(getvariable('step'), event_time)) AS share
FROM scored
GROUP BY time, time_below, decision
ORDER BY time, decision;
