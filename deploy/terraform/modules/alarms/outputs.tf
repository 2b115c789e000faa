output "topic_arn" {
  description = "Notifications of all alarms."
  value       = aws_sns_topic.this.arn
}
