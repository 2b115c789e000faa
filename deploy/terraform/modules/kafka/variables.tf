variable "name" {
  description = "Name of the cluster."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the brokers."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets, one in each zone; the number of brokers is a multiple of theirs."
  type        = list(string)
}

variable "client_cidr" {
  description = "Addresses that may connect to the brokers."
  type        = string
}

variable "kafka_version" {
  description = "Version of Kafka that MSK offers; the tests run 4.2.0."
  type        = string
  default     = "4.0.x.kraft"
}

variable "instance_type" {
  description = "Instance of a broker."
  type        = string
  default     = "kafka.m7g.large"
}

variable "brokers" {
  description = "Number of brokers."
  type        = number
  default     = 3
}

variable "volume_gib" {
  description = "Disk of a broker in GiB: retention x rate x bytes x replicas / brokers, see costs.md."
  type        = number
  default     = 500
}

variable "username" {
  description = "SCRAM user of job, API and console."
  type        = string
  default     = "fraudstream"
}

variable "kms_key_arn" {
  description = "Key of disks, logs and password; MSK accepts no default key for passwords."
  type        = string
}

variable "log_days" {
  description = "Days for which the brokers' logs are kept."
  type        = number
  default     = 365
}
