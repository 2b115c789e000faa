# The operator and the job's chart. The password's secret is made by an operator, see deploy/README.md.

resource "kubernetes_namespace_v1" "this" {
  metadata {
    name   = var.namespace
    labels = { "pod-security.kubernetes.io/enforce" = "baseline" }
  }
}

resource "kubernetes_storage_class_v1" "efs" {
  metadata {
    name = "efs"
  }
  storage_provisioner = "efs.csi.aws.com"
  reclaim_policy      = "Retain"
  mount_options       = ["tls"]
  parameters = {
    provisioningMode = "efs-ap"
    fileSystemId     = var.file_system_id
    directoryPerms   = "700"
    uid              = "9999"
    gid              = "9999"
  }
}

resource "helm_release" "operator" {
  name             = "flink-kubernetes-operator"
  namespace        = "flink-operator"
  create_namespace = true
  chart            = "https://downloads.apache.org/flink/flink-kubernetes-operator-${var.operator_version}/flink-kubernetes-operator-${var.operator_version}-helm.tgz"
  set = [
    { name = "watchNamespaces[0]", value = var.namespace },
    { name = "webhook.create", value = "false" },           # it needs cert-manager
    { name = "jobServiceAccount.create", value = "false" }, # the job's chart makes it
  ]
}

resource "helm_release" "job" {
  name      = "fraudstream"
  namespace = kubernetes_namespace_v1.this.metadata[0].name
  chart     = "${path.module}/../../../helm/fraudstream"
  values    = [file(var.values_file)]
  atomic    = true # an upgrade that fails is rolled back
  set = [
    { name = "image.repository", value = var.image.repository },
    { name = "image.digest", value = var.image.digest },
    { name = "kafka.bootstrapServers", value = replace(var.kafka.bootstrap_servers, ",", "\\,") },
    { name = "kafka.username", value = var.kafka.username },
    { name = "kafka.passwordSecret", value = var.kafka.password_secret },
    # API and console run on ECS: an internal load balancer leads to Flink's REST, and the policy lets the VPC in alone.
    { name = "flinkConfiguration.kubernetes\\.rest-service\\.exposed\\.type", value = "LoadBalancer" },
    {
      name  = "flinkConfiguration.kubernetes\\.rest-service\\.annotations"
      value = "service.beta.kubernetes.io/aws-load-balancer-type:nlb\\,service.beta.kubernetes.io/aws-load-balancer-internal:true"
      type  = "string"
    },
    { name = "networkPolicy.restClients[0]", value = var.client_cidr },
  ]
  depends_on = [helm_release.operator, kubernetes_storage_class_v1.efs]
}
