output "role_arn" {
  description = "Value of the GitHub variable AWS_ROLE of the environment."
  value       = aws_iam_role.this.arn
}
