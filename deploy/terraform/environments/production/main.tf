# For about 1,000 transactions a second with room for bursts, see deploy/costs.md.

module "platform" {
  source               = "../../modules/platform"
  name                 = "fraudstream-production"
  zones                = var.zones
  nat_per_zone         = true
  kafka                = { instance_type = "kafka.m7g.large", brokers = 3, volume_gib = 400 }
  nodes                = { instance_types = ["m7i.xlarge"], min = 3, usual = 3, max = 8 }
  api_tasks            = { min = 2, max = 8 }
  kubernetes_api_cidrs = var.kubernetes_api_cidrs
  image_digest         = var.image_digest
  flink_rest_url       = var.flink_rest_url
  hosts                = var.hosts
  certificate_arn      = var.certificate_arn
  client_cidrs         = var.client_cidrs
  alarm_email          = var.alarm_email
  github = {
    repository   = var.github_repository
    environment  = "production"
    provider_arn = var.github_provider_arn
  }
}

module "flink" {
  source         = "../../modules/flink"
  namespace      = module.platform.eks.namespace
  file_system_id = module.platform.file_system_id
  client_cidr    = module.platform.cidr
  values_file    = "${path.module}/../../../helm/fraudstream/values-production.yaml"
  image          = { repository = module.platform.image_repository, digest = var.image_digest }
  kafka = {
    bootstrap_servers = module.platform.kafka.bootstrap_servers
    username          = module.platform.kafka.username
    password_secret   = "kafka"
  }
}
