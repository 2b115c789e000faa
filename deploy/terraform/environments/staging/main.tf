# Small: one NAT gateway, two slots.

module "platform" {
  source               = "../../modules/platform"
  name                 = "fraudstream-staging"
  zones                = var.zones
  nat_per_zone         = false
  kafka                = { instance_type = "kafka.t3.small", brokers = 3, volume_gib = 50 }
  nodes                = { instance_types = ["m7i.large"], min = 2, usual = 2, max = 3 }
  api_tasks            = { min = 1, max = 2 }
  kubernetes_api_cidrs = var.kubernetes_api_cidrs
  image_digest         = var.image_digest
  flink_rest_url       = var.flink_rest_url
  hosts                = var.hosts
  certificate_arn      = var.certificate_arn
  client_cidrs         = var.client_cidrs
  alarm_email          = var.alarm_email
  github = {
    repository   = var.github_repository
    environment  = "staging"
    provider_arn = var.github_provider_arn
  }
}

module "flink" {
  source         = "../../modules/flink"
  namespace      = module.platform.eks.namespace
  file_system_id = module.platform.file_system_id
  client_cidr    = module.platform.cidr
  values_file    = "${path.module}/../../../helm/fraudstream/values-staging.yaml"
  image          = { repository = module.platform.image_repository, digest = var.image_digest }
  kafka = {
    bootstrap_servers = module.platform.kafka.bootstrap_servers
    username          = module.platform.kafka.username
    password_secret   = "kafka"
  }
}
