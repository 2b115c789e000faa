output "release" {
  description = "Name of the chart's release; Flink's address in the cluster is NAME-rest:8081."
  value       = helm_release.job.name
}
