output "dns_name" {
  description = "Address for the host names' records."
  value       = aws_lb.this.dns_name
}

output "arn_suffix" {
  description = "Name of the load balancer in metrics."
  value       = aws_lb.this.arn_suffix
}

output "security_group_id" {
  description = "Group whose traffic the services accept."
  value       = aws_security_group.this.id
}

output "target_groups" {
  description = "Target groups by service: both, their names in metrics, and the rule that chooses between them."
  value = {
    for name in keys(var.services) : name => {
      blue     = aws_lb_target_group.this["${name}-blue"].arn
      green    = aws_lb_target_group.this["${name}-green"].arn
      suffixes = [for colour in ["blue", "green"] : aws_lb_target_group.this["${name}-${colour}"].arn_suffix]
      rule     = aws_lb_listener_rule.this[name].arn
    }
  }
}
