# Network, brokers, volume, buckets, images.

module "network" {
  source       = "../network"
  name         = var.name
  cidr         = var.cidr
  zones        = var.zones
  nat_per_zone = var.nat_per_zone
  kms_key_arn  = aws_kms_key.this.arn
}

module "kafka" {
  source        = "../kafka"
  name          = var.name
  vpc_id        = module.network.vpc_id
  subnet_ids    = module.network.private_subnet_ids
  client_cidr   = module.network.cidr
  instance_type = var.kafka.instance_type
  brokers       = var.kafka.brokers
  volume_gib    = var.kafka.volume_gib
  kms_key_arn   = aws_kms_key.this.arn
}

module "storage" {
  source      = "../storage"
  log_bucket  = aws_s3_bucket.logs.bucket
  name        = var.name
  vpc_id      = module.network.vpc_id
  subnet_ids  = module.network.private_subnet_ids
  client_cidr = module.network.cidr
  kms_key_arn = aws_kms_key.this.arn
}

module "registry" {
  source      = "../registry"
  name        = var.name
  kms_key_arn = aws_kms_key.this.arn
}

module "eks" {
  source           = "../eks"
  name             = var.name
  subnet_ids       = module.network.private_subnet_ids
  api_cidrs        = var.kubernetes_api_cidrs
  instance_types   = var.nodes.instance_types
  nodes            = { min = var.nodes.min, usual = var.nodes.usual, max = var.nodes.max }
  model_bucket_arn = module.storage.bucket_arns["models"]
  kms_key_arn      = aws_kms_key.this.arn
}
