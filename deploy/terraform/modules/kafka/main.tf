# Kafka on MSK: TLS and a SCRAM login, three replicas, no topic made by mistake. `fraudstream topics create` makes the topics.

locals {
  # Exactly-once writes and the control topic must survive the loss of a broker.
  replicas = min(3, var.brokers)
}

resource "aws_security_group" "this" {
  name        = "${var.name}-kafka"
  description = "Kafka brokers"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "scram" {
  security_group_id = aws_security_group.this.id
  description       = "Kafka with TLS and SCRAM"
  cidr_ipv4         = var.client_cidr
  ip_protocol       = "tcp"
  from_port         = 9096
  to_port           = 9096
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/${var.name}/kafka"
  retention_in_days = var.log_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_msk_configuration" "this" {
  name           = var.name
  kafka_versions = [var.kafka_version]
  server_properties = join("\n", [
    "auto.create.topics.enable=false",
    "default.replication.factor=${local.replicas}",
    "min.insync.replicas=${max(1, local.replicas - 1)}",
    "transaction.state.log.replication.factor=${local.replicas}",
    "transaction.state.log.min.isr=${max(1, local.replicas - 1)}",
    "offsets.topic.replication.factor=${local.replicas}",
    "unclean.leader.election.enable=false",
    # The job's transactions last until a checkpoint succeeds: jobs/job_config.py, transaction_timeout_ms.
    "transaction.max.timeout.ms=900000",
  ])
}

resource "aws_msk_cluster" "this" {
  cluster_name           = var.name
  kafka_version          = var.kafka_version
  number_of_broker_nodes = var.brokers
  enhanced_monitoring    = "PER_TOPIC_PER_BROKER"

  broker_node_group_info {
    instance_type   = var.instance_type
    client_subnets  = var.subnet_ids
    security_groups = [aws_security_group.this.id]
    storage_info {
      ebs_storage_info {
        volume_size = var.volume_gib
      }
    }
  }

  configuration_info {
    arn      = aws_msk_configuration.this.arn
    revision = aws_msk_configuration.this.latest_revision
  }

  client_authentication {
    sasl {
      scram = true
    }
  }

  encryption_info {
    encryption_at_rest_kms_key_arn = var.kms_key_arn
    encryption_in_transit {
      client_broker = "TLS"
      in_cluster    = true
    }
  }

  logging_info {
    broker_logs {
      cloudwatch_logs {
        enabled   = true
        log_group = aws_cloudwatch_log_group.this.name
      }
    }
  }

  lifecycle {
    prevent_destroy = true # the topics are the truth of everything else
  }
}

# The password is written by an operator, not by Terraform, whose state would hold it: see deploy/README.md.
resource "aws_secretsmanager_secret" "login" {
  name       = "AmazonMSK_${var.name}" # MSK requires the prefix
  kms_key_id = var.kms_key_arn
}

resource "aws_msk_scram_secret_association" "this" {
  cluster_arn     = aws_msk_cluster.this.arn
  secret_arn_list = [aws_secretsmanager_secret.login.arn]
}
