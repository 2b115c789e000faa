variable "name" {
  description = "Name of the environment's resources, for example fraudstream-staging."
  type        = string
}

variable "cidr" {
  description = "Address range of the VPC."
  type        = string
  default     = "10.20.0.0/16"
}

variable "zones" {
  description = "Availability zones."
  type        = list(string)
}

variable "nat_per_zone" {
  description = "Whether each zone has its own NAT gateway."
  type        = bool
  default     = true
}

variable "kafka" {
  description = "Brokers: instance, number, disk of each in GiB."
  type        = object({ instance_type = string, brokers = number, volume_gib = number })
}

variable "nodes" {
  description = "Nodes of the job: instances, and their number."
  type        = object({ instance_types = list(string), min = number, usual = number, max = number })
}

variable "kubernetes_api_cidrs" {
  description = "Addresses that reach the Kubernetes API from outside; CI of GitHub needs a runner in the VPC if empty."
  type        = list(string)
  default     = []
}

variable "image_digest" {
  description = "Digest of the image in the environment's registry, sha256:..."
  type        = string
}

variable "flink_rest_url" {
  description = "Internal address of Flink's REST, http://...:8081; known once the chart is installed."
  type        = string
}

variable "api_tasks" {
  description = "Tasks of the API: minimum and maximum."
  type        = object({ min = number, max = number })
  default     = { min = 2, max = 8 }
}

variable "hosts" {
  description = "Host names of API and console."
  type        = object({ api = string, console = string })
}

variable "certificate_arn" {
  description = "Certificate of ACM for both host names."
  type        = string
}

variable "client_cidrs" {
  description = "Addresses that may connect to API and console."
  type        = list(string)
}

variable "github" {
  description = "Repository OWNER/NAME, the GitHub environment that deploys here, and the account's OIDC provider or \"\"."
  type        = object({ repository = string, environment = string, provider_arn = string })
}

variable "alarm_email" {
  description = "Address that alarms notify; empty: none."
  type        = string
  default     = ""
}
