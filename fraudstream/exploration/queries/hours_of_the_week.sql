-- When alerts come: by day of the week, Monday is 1, and hour, UTC.
SELECT
    isodow(event_time) AS weekday,
    hour(event_time) AS hour,
    count(*) AS transactions,
    count(*) FILTER (alerted) AS alerts,
    count(*) FILTER (alerted) / count(*) AS share
FROM scored
GROUP BY weekday, hour
ORDER BY weekday, hour;
