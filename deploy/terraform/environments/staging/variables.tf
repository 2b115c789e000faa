variable "region" {
  description = "Region of all resources."
  type        = string
}

variable "zones" {
  description = "Availability zones of the region."
  type        = list(string)
}

variable "image_digest" {
  description = "Digest of the image, sha256:..."
  type        = string
}

variable "flink_rest_url" {
  description = "Internal address of Flink's REST: `kubectl -n fraudstream get service fraudstream-rest` after the first apply."
  type        = string
  default     = "http://127.0.0.1:8081"
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

variable "kubernetes_api_cidrs" {
  description = "Addresses that reach the Kubernetes API from outside the VPC."
  type        = list(string)
  default     = []
}

variable "github_repository" {
  description = "GitHub repository, OWNER/NAME."
  type        = string
}

variable "github_provider_arn" {
  description = "GitHub's OIDC provider where the account has one already; empty: it is made here."
  type        = string
  default     = ""
}

variable "alarm_email" {
  description = "Address that alarms notify; empty: none."
  type        = string
  default     = ""
}
