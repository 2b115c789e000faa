variable "name" {
  description = "Prefix of the names."
  type        = string
}

variable "kafka_cluster" {
  description = "Name of the MSK cluster."
  type        = string
}

variable "consumer_group" {
  description = "Consumer group of the job, fraudstream-NAME of its name."
  type        = string
}

variable "transactions_topic" {
  description = "Topic that the job reads."
  type        = string
  default     = "fraud.transactions.v1"
}

variable "max_lag" {
  description = "Transactions behind at which the job's lag is an alarm: some seconds of traffic."
  type        = number
  default     = 50000
}

variable "load_balancer" {
  description = "Name of the load balancer in metrics."
  type        = string
}

variable "email" {
  description = "Address that is notified; empty: none."
  type        = string
  default     = ""
}

variable "kms_key_arn" {
  description = "Key of the notifications; it lets CloudWatch use it."
  type        = string
}
