variable "name" {
  description = "Name of the cluster."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets of the nodes."
  type        = list(string)
}

variable "kubernetes_version" {
  description = "Version of Kubernetes."
  type        = string
  default     = "1.33"
}

variable "api_cidrs" {
  description = "Addresses that reach the Kubernetes API from outside; empty: from the VPC alone."
  type        = list(string)
  default     = []
}

variable "instance_types" {
  description = "Instances of the nodes; a TaskManager requests 1 core and 5 GiB."
  type        = list(string)
  default     = ["m7i.large"]
}

variable "nodes" {
  description = "Number of nodes: minimum, usual, maximum."
  type        = object({ min = number, usual = number, max = number })
  default     = { min = 2, usual = 3, max = 6 }
}

variable "kms_key_arn" {
  description = "Key of Kubernetes' secrets and of the logs."
  type        = string
}

variable "log_days" {
  description = "Days for which the control plane's logs are kept."
  type        = number
  default     = 365
}

variable "namespace" {
  description = "Namespace of the job."
  type        = string
  default     = "fraudstream"
}

variable "model_bucket_arn" {
  description = "Bucket of models, which the job's service account reads."
  type        = string
}
