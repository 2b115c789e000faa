# Rights of CI, and alarms.

module "ci" {
  source               = "../ci"
  name                 = var.name
  repository           = var.github.repository
  github_environment   = var.github.environment
  provider_arn         = var.github.provider_arn
  image_repository_arn = module.registry.arn
  cluster_arn          = module.eks.arn
  cluster_name         = module.eks.name
  namespace            = module.eks.namespace
  service_arns         = [for server in module.server : server.arn]
  task_role_arns       = flatten([for server in module.server : server.role_arns])
}

module "alarms" {
  source         = "../alarms"
  name           = var.name
  kafka_cluster  = module.kafka.cluster_name
  consumer_group = "fraudstream-score-transactions"
  load_balancer  = module.load_balancer.arn_suffix
  email          = var.alarm_email
  kms_key_arn    = aws_kms_key.this.arn
}
