# API and console on ECS behind the load balancer.

locals {
  servers = {
    api     = { host = var.hosts.api, port = 8000, health = "/healthz" }
    console = { host = var.hosts.console, port = 8500, health = "/healthz" }
  }
  environment = {
    FRAUDSTREAM_KAFKA__BOOTSTRAP_SERVERS   = module.kafka.bootstrap_servers
    FRAUDSTREAM_KAFKA__SECURITY__PROTOCOL  = "SASL_SSL"
    FRAUDSTREAM_KAFKA__SECURITY__MECHANISM = "SCRAM-SHA-512"
    FRAUDSTREAM_KAFKA__SECURITY__USERNAME  = module.kafka.username
    FRAUDSTREAM_FLINK__REST_URL            = var.flink_rest_url
  }
}

# Values are written by an operator: Terraform's state would hold them.
resource "aws_secretsmanager_secret" "tokens" {
  for_each   = local.servers
  name       = "${var.name}/${each.key}-tokens"
  kms_key_id = aws_kms_key.this.arn
}

resource "aws_ecs_cluster" "this" {
  name = var.name
  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_s3_bucket" "logs" {
  #checkov:skip=CKV_AWS_18: the logs of this bucket would be logged without end
  #checkov:skip=CKV_AWS_145: load balancers write to buckets with S3's own keys alone
  bucket = "${var.name}-lb-logs-${data.aws_caller_identity.current.account_id}"
}

resource "aws_s3_bucket_public_access_block" "logs" {
  bucket                  = aws_s3_bucket.logs.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "logs" {
  bucket = aws_s3_bucket.logs.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "logs" {
  bucket = aws_s3_bucket.logs.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "logs" {
  bucket = aws_s3_bucket.logs.id
  rule {
    id     = "old"
    status = "Enabled"
    filter {}
    expiration {
      days = 365
    }
    noncurrent_version_expiration {
      noncurrent_days = 30
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

resource "aws_s3_bucket_policy" "logs" {
  bucket = aws_s3_bucket.logs.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "LoadBalancer"
        Effect    = "Allow"
        Principal = { Service = "logdelivery.elasticloadbalancing.amazonaws.com" }
        Action    = "s3:PutObject"
        Resource  = "${aws_s3_bucket.logs.arn}/${var.name}/AWSLogs/${data.aws_caller_identity.current.account_id}/*"
      },
      {
        Sid       = "Buckets"
        Effect    = "Allow"
        Principal = { Service = "logging.s3.amazonaws.com" }
        Action    = "s3:PutObject"
        Resource  = "${aws_s3_bucket.logs.arn}/s3/*"
        Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
      },
    ]
  })
}

module "load_balancer" {
  source          = "../load_balancer"
  name            = var.name
  vpc_id          = module.network.vpc_id
  subnet_ids      = module.network.private_subnet_ids
  client_cidrs    = var.client_cidrs
  certificate_arn = var.certificate_arn
  log_bucket      = aws_s3_bucket.logs.bucket
  services        = local.servers
  depends_on      = [aws_s3_bucket_policy.logs]
}

module "server" {
  source      = "../ecs_service"
  for_each    = local.servers
  name        = "${var.name}-${each.key}"
  cluster     = { arn = aws_ecs_cluster.this.arn, name = aws_ecs_cluster.this.name }
  vpc_id      = module.network.vpc_id
  subnet_ids  = module.network.private_subnet_ids
  image       = "${module.registry.url}@${var.image_digest}"
  command     = ["fraudstream", each.key, "--host", "0.0.0.0"]
  port        = each.value.port
  environment = local.environment
  secrets = {
    FRAUDSTREAM_KAFKA__SECURITY__PASSWORD    = "${module.kafka.secret_arn}:password::"
    "FRAUDSTREAM_${upper(each.key)}__TOKENS" = aws_secretsmanager_secret.tokens[each.key].arn
  }
  secret_arns = [module.kafka.secret_arn, aws_secretsmanager_secret.tokens[each.key].arn]
  kms_key_arn = aws_kms_key.this.arn
  # The console keeps its alerts in memory, of all partitions: one is enough.
  tasks = each.key == "api" ? var.api_tasks : { min = 1, max = 1 }
  load_balancer = {
    security_group_id = module.load_balancer.security_group_id
    target_groups     = module.load_balancer.target_groups[each.key]
    arn_suffix        = module.load_balancer.arn_suffix
  }
}
