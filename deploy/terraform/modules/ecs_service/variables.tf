variable "name" {
  description = "Name of the service."
  type        = string
}

variable "cluster" {
  description = "ECS cluster: its ARN and name."
  type        = object({ arn = string, name = string })
}

variable "vpc_id" {
  description = "VPC of the tasks."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets of the tasks."
  type        = list(string)
}

variable "image" {
  description = "Image with its digest, REPOSITORY@sha256:..."
  type        = string
}

variable "command" {
  description = "Command of the container, for example [\"fraudstream\", \"api\", \"--host\", \"0.0.0.0\"]."
  type        = list(string)
}

variable "port" {
  description = "Port of the container."
  type        = number
}

variable "environment" {
  description = "Settings that are no secrets: FRAUDSTREAM_SECTION__KEY."
  type        = map(string)
}

variable "secrets" {
  description = "Settings from Secrets Manager: variable to ARN, or ARN:KEY:: for a key of a JSON object."
  type        = map(string)
}

variable "secret_arns" {
  description = "Secrets that the task may read."
  type        = list(string)
}

variable "kms_key_arn" {
  description = "Key of secrets and logs."
  type        = string
}

variable "cpu" {
  description = "CPU units; 1024 are a core."
  type        = number
  default     = 1024
}

variable "memory" {
  description = "Memory in MiB."
  type        = number
  default     = 2048
}

variable "tasks" {
  description = "Number of tasks: minimum and maximum."
  type        = object({ min = number, max = number })
  default     = { min = 2, max = 8 }
}

variable "target_cpu_percent" {
  description = "CPU at which the number of tasks is held."
  type        = number
  default     = 60
}

variable "load_balancer" {
  description = "Security group and target groups of the load balancer, see its outputs."
  type = object({
    security_group_id = string
    target_groups     = object({ blue = string, green = string, suffixes = list(string), rule = string })
    arn_suffix        = string
  })
}

variable "bake_minutes" {
  description = "Minutes for which the previous version is kept after the shift: a firing alarm rolls back within them."
  type        = number
  default     = 10
}

variable "log_days" {
  description = "Days for which logs are kept."
  type        = number
  default     = 365
}
