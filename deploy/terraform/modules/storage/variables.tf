variable "name" {
  description = "Prefix of the names; the account's number makes them unique."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the shared volume."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets of the volume's mount targets, one in each zone."
  type        = list(string)
}

variable "client_cidr" {
  description = "Addresses that may mount the volume."
  type        = string
}

variable "kms_key_arn" {
  description = "Key of buckets and volume."
  type        = string
}

variable "archive_days" {
  description = "Days after which archived transactions move to a cheaper class."
  type        = number
  default     = 90
}

variable "throughput_mibps" {
  description = "Throughput of the volume in MiB/s: transactions a second x bytes of a history x 2, see costs.md."
  type        = number
  default     = 10
}

variable "log_bucket" {
  description = "Bucket of the access logs."
  type        = string
}
