# HTTPS in front of API and console; two target groups each, of which one is live (blue-green).

locals {
  colours = { for pair in setproduct(keys(var.services), ["blue", "green"]) : "${pair[0]}-${pair[1]}" => pair[0] }
}

resource "aws_security_group" "this" {
  name        = "${var.name}-lb"
  description = "Load balancer"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "https" {
  for_each          = toset(var.client_cidrs)
  security_group_id = aws_security_group.this.id
  description       = "HTTPS"
  cidr_ipv4         = each.key
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "targets" {
  for_each          = var.services
  security_group_id = aws_security_group.this.id
  description       = "To ${each.key}"
  cidr_ipv4         = data.aws_vpc.this.cidr_block
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
}

data "aws_vpc" "this" {
  id = var.vpc_id
}

resource "aws_lb" "this" {
  name                       = var.name
  internal                   = var.internal
  load_balancer_type         = "application"
  subnets                    = var.subnet_ids
  security_groups            = [aws_security_group.this.id]
  drop_invalid_header_fields = true
  enable_deletion_protection = true
  access_logs {
    bucket  = var.log_bucket
    prefix  = var.name
    enabled = true
  }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.certificate_arn
  default_action {
    type = "fixed-response"
    fixed_response {
      content_type = "text/plain"
      message_body = "unknown host"
      status_code  = "421"
    }
  }
}

resource "aws_lb_target_group" "this" {
  for_each             = local.colours
  name                 = "${var.name}-${each.key}"
  vpc_id               = var.vpc_id
  port                 = var.services[each.value].port
  protocol             = "HTTP"
  target_type          = "ip"
  deregistration_delay = 20 # the servers end open requests within 15 s
  health_check {
    path                = var.services[each.value].health
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
    matcher             = "200"
  }
  # A page of the console stays with its server. Requests to the API carry no cookie and are spread: a repeated transaction_id
  # that reaches another server gets the job's first score again (docs/api.md).
  stickiness {
    type            = "lb_cookie"
    cookie_duration = 3600
    enabled         = true
  }
}

resource "aws_lb_listener_rule" "this" {
  for_each     = var.services
  listener_arn = aws_lb_listener.https.arn
  action {
    type = "forward"
    forward {
      target_group {
        arn    = aws_lb_target_group.this["${each.key}-blue"].arn
        weight = 100
      }
      target_group {
        arn    = aws_lb_target_group.this["${each.key}-green"].arn
        weight = 0
      }
    }
  }
  condition {
    host_header {
      values = [each.value.host]
    }
  }
  lifecycle {
    ignore_changes = [action] # a deployment shifts the weights
  }
}
