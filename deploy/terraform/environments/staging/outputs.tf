output "platform" {
  description = "Addresses and names, see modules/platform/outputs.tf."
  value       = module.platform
}
