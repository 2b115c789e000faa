variable "name" {
  description = "Prefix of the names."
  type        = string
}

variable "repository" {
  description = "GitHub repository, OWNER/NAME."
  type        = string
  validation {
    condition     = can(regex("^[\\w.-]+/[\\w.-]+$", var.repository))
    error_message = "Expected OWNER/NAME of the repository."
  }
}

variable "github_environment" {
  description = "Environment of GitHub whose jobs may assume the role; its rules say from which branch or tag."
  type        = string
}

variable "provider_arn" {
  description = "GitHub's OIDC provider in this account; empty: it is made here. One account has one."
  type        = string
  default     = ""
}

variable "image_repository_arn" {
  description = "ECR repository that images are pushed to."
  type        = string
}

variable "cluster_arn" {
  description = "EKS cluster of the chart."
  type        = string
}

variable "cluster_name" {
  description = "Name of that cluster."
  type        = string
}

variable "namespace" {
  description = "Namespace in which the role upgrades the chart."
  type        = string
}

variable "service_arns" {
  description = "ECS services that are deployed."
  type        = list(string)
}

variable "task_role_arns" {
  description = "Roles of those services' tasks."
  type        = list(string)
}
