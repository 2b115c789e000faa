variable "name" {
  description = "Prefix of all names."
  type        = string
}

variable "cidr" {
  description = "Address range of the VPC; a /16 leaves room for three zones."
  type        = string
  default     = "10.20.0.0/16"
}

variable "zones" {
  description = "Availability zones, two or more; Kafka has a broker in each."
  type        = list(string)
  validation {
    condition     = length(var.zones) >= 2
    error_message = "Expected two availability zones or more. Add one of the region."
  }
}

variable "nat_per_zone" {
  description = "Whether each zone has its own NAT gateway; false: one for all, cheaper, and lost with its zone."
  type        = bool
  default     = true
}

variable "flow_log_days" {
  description = "Days for which flow logs are kept."
  type        = number
  default     = 365
}

variable "kms_key_arn" {
  description = "Key that encrypts the logs."
  type        = string
}
