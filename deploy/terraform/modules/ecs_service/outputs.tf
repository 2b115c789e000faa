output "name" {
  description = "Name of the service."
  value       = aws_ecs_service.this.name
}

output "arn" {
  description = "The service, for the rights of CI."
  value       = aws_ecs_service.this.arn
}

output "role_arns" {
  description = "Roles that CI may pass on with a new task definition."
  value       = [aws_iam_role.execution.arn, aws_iam_role.task.arn]
}
