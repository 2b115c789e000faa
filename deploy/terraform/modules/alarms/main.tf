# Alarms on what AWS measures. Those on the job's own figures are Prometheus rules: docker/prometheus/rules.yml.

resource "aws_sns_topic" "this" {
  name              = "${var.name}-alarms"
  kms_master_key_id = var.kms_key_arn
}

resource "aws_sns_topic_subscription" "email" {
  count     = var.email == "" ? 0 : 1
  topic_arn = aws_sns_topic.this.arn
  protocol  = "email"
  endpoint  = var.email
}

locals {
  alarms = {
    lag = {
      description = "The job is behind: see FraudLag in docs/runbook.md."
      namespace   = "AWS/Kafka", metric = "SumOffsetLag", statistic = "Maximum", threshold = var.max_lag
      dimensions = {
        "Cluster Name" = var.kafka_cluster, "Consumer Group" = var.consumer_group, Topic = var.transactions_topic
      }
      missing = "breaching" # no consumer, no metric
    }
    disk = {
      description = "A broker's disk is filling: raise the volume or lower the retention."
      namespace   = "AWS/Kafka", metric = "KafkaDataLogsDiskUsed", statistic = "Maximum", threshold = 75
      dimensions  = { "Cluster Name" = var.kafka_cluster }
      missing     = "notBreaching"
    }
    offline = {
      description = "Partitions without a leader: transactions can't be sent."
      namespace   = "AWS/Kafka", metric = "OfflinePartitionsCount", statistic = "Maximum", threshold = 0
      dimensions  = { "Cluster Name" = var.kafka_cluster }
      missing     = "breaching"
    }
    unavailable = {
      description = "The load balancer reaches no healthy server."
      namespace   = "AWS/ApplicationELB", metric = "HTTPCode_ELB_5XX_Count", statistic = "Sum", threshold = 10
      dimensions  = { LoadBalancer = var.load_balancer }
      missing     = "notBreaching"
    }
    slow = {
      description = "Answers of API and console take long: the job or the broker is slow."
      namespace   = "AWS/ApplicationELB", metric = "TargetResponseTime", statistic = "Average", threshold = 0.5
      dimensions  = { LoadBalancer = var.load_balancer }
      missing     = "notBreaching"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each            = local.alarms
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  threshold           = each.value.threshold
  comparison_operator = "GreaterThanThreshold"
  period              = 60
  evaluation_periods  = 3
  treat_missing_data  = each.value.missing
  alarm_actions       = [aws_sns_topic.this.arn]
  ok_actions          = [aws_sns_topic.this.arn]
}
