provider "aws" {
  region = var.region
  default_tags {
    tags = { project = "fraudstream", environment = "production" }
  }
}

locals {
  token = { api_version = "client.authentication.k8s.io/v1", command = "aws", args = ["eks", "get-token", "--cluster-name", module.platform.eks.name, "--region", var.region] }
}

provider "kubernetes" {
  host                   = module.platform.eks.endpoint
  cluster_ca_certificate = base64decode(module.platform.eks.certificate_authority)
  exec {
    api_version = local.token.api_version
    command     = local.token.command
    args        = local.token.args
  }
}

provider "helm" {
  kubernetes = {
    host                   = module.platform.eks.endpoint
    cluster_ca_certificate = base64decode(module.platform.eks.certificate_authority)
    exec                   = local.token
  }
}
