variable "name" {
  description = "Name of the repository."
  type        = string
}

variable "kms_key_arn" {
  description = "Key of the images."
  type        = string
}

variable "kept_images" {
  description = "Number of newest images that are kept; blue-green needs the previous one."
  type        = number
  default     = 30
}
