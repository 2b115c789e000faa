output "bootstrap_servers" {
  description = "Brokers with TLS and SCRAM."
  value       = aws_msk_cluster.this.bootstrap_brokers_sasl_scram
}

output "cluster_name" {
  description = "Name of the cluster, for alarms."
  value       = aws_msk_cluster.this.cluster_name
}

output "username" {
  description = "SCRAM user."
  value       = var.username
}

output "secret_arn" {
  description = "Secret with the JSON object {username, password}."
  value       = aws_secretsmanager_secret.login.arn
}
