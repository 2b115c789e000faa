output "url" {
  description = "Name of the image without its tag."
  value       = aws_ecr_repository.this.repository_url
}

output "arn" {
  description = "The repository, for the rights of CI."
  value       = aws_ecr_repository.this.arn
}
