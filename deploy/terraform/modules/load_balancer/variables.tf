variable "name" {
  description = "Name of the load balancer."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the targets."
  type        = string
}

variable "subnet_ids" {
  description = "Public subnets, or private ones with `internal`."
  type        = list(string)
}

variable "internal" {
  description = "Whether the load balancer has private addresses alone."
  type        = bool
  default     = true
}

variable "client_cidrs" {
  description = "Addresses that may connect."
  type        = list(string)
}

variable "certificate_arn" {
  description = "Certificate of ACM for the host names."
  type        = string
}

variable "log_bucket" {
  description = "Bucket of access logs, encrypted with S3's own keys: a load balancer writes to no other."
  type        = string
}

variable "services" {
  description = "Services by name: host name, container port and path of the health check."
  type        = map(object({ host = string, port = number, health = string }))
}
