output "file_system_id" {
  description = "Volume of the job's state."
  value       = aws_efs_file_system.state.id
}

output "bucket_arns" {
  description = "Buckets by purpose: archive, models."
  value       = { for name, bucket in aws_s3_bucket.this : name => bucket.arn }
}

output "bucket_names" {
  description = "Names of the buckets by purpose."
  value       = { for name, bucket in aws_s3_bucket.this : name => bucket.bucket }
}
