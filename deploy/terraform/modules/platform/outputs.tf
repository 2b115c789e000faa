output "eks" {
  description = "Kubernetes API: name, endpoint, certificate, namespace of the job."
  value = {
    name                  = module.eks.name
    endpoint              = module.eks.endpoint
    certificate_authority = module.eks.certificate_authority
    namespace             = module.eks.namespace
  }
}

output "kafka" {
  description = "Brokers, user, and the secret of the login."
  value = {
    bootstrap_servers = module.kafka.bootstrap_servers
    username          = module.kafka.username
    secret_arn        = module.kafka.secret_arn
  }
}

output "file_system_id" {
  description = "EFS volume of the job's state."
  value       = module.storage.file_system_id
}

output "buckets" {
  description = "Buckets by purpose."
  value       = module.storage.bucket_names
}

output "image_repository" {
  description = "Name of the image without its tag."
  value       = module.registry.url
}

output "address" {
  description = "Address for the records of both host names."
  value       = module.load_balancer.dns_name
}

output "ci_role" {
  description = "Value of the variable AWS_ROLE in the GitHub environment."
  value       = module.ci.role_arn
}

output "alarms" {
  description = "Topic of all alarms."
  value       = module.alarms.topic_arn
}

output "cidr" {
  description = "Address range of the VPC."
  value       = module.network.cidr
}
