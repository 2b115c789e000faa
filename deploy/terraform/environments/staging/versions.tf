terraform {
  required_version = ">= 1.9"
  required_providers {
    aws        = { source = "hashicorp/aws", version = "~> 6.14" }
    helm       = { source = "hashicorp/helm", version = "~> 3.0" }
    kubernetes = { source = "hashicorp/kubernetes", version = "~> 2.38" }
  }
  # Bucket, key and region come from -backend-config=backend.hcl, see deploy/README.md.
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}
