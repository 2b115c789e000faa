variable "namespace" {
  description = "Namespace of the job."
  type        = string
}

variable "operator_version" {
  description = "Version of the Flink Kubernetes Operator; Flink 2.3 needs 1.16 or newer."
  type        = string
  default     = "1.16.0"
}

variable "file_system_id" {
  description = "EFS volume of the job's state."
  type        = string
}

variable "image" {
  description = "Repository and digest of the image."
  type        = object({ repository = string, digest = string })
  validation {
    condition     = can(regex("^sha256:[0-9a-f]{64}$", var.image.digest))
    error_message = "Expected the digest as sha256: and 64 hexadecimal digits."
  }
}

variable "kafka" {
  description = "Brokers, user, and the Kubernetes secret with the key `password`."
  type        = object({ bootstrap_servers = string, username = string, password_secret = string })
}

variable "values_file" {
  description = "Values of the environment for deploy/helm/fraudstream."
  type        = string
}

variable "client_cidr" {
  description = "Addresses of API and console, which ask Flink's REST."
  type        = string
}
