{{- define "fraudstream.image" -}}
{{ .Values.image.repository }}{{ if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ .Values.image.tag }}{{ end }}
{{- end }}

{{- define "fraudstream.labels" -}}
app.kubernetes.io/name: fraudstream
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "fraudstream.claim" -}}
{{ .Values.state.existingClaim | default (printf "%s-state" .Release.Name) }}
{{- end }}

{{/* Settings of the Java client, as `submit` makes them from kafka.security. */}}
{{- define "fraudstream.kafkaProperties" -}}
{{- $shaded := "org.apache.flink.kafka.shaded.org.apache.kafka.common" -}}
{{- $password := "${file:/etc/fraudstream-kafka:password}" -}}
{{- $login := printf "%s.security.scram.ScramLoginModule required username=%q password=%q;" $shaded .Values.kafka.username $password -}}
{{- dict "security.protocol" "SASL_SSL" "config.providers" "file" "config.providers.file.class" (printf "%s.config.provider.DirectoryConfigProvider" $shaded) "sasl.mechanism" "SCRAM-SHA-512" "sasl.jaas.config" $login | toJson -}}
{{- end }}

{{- define "fraudstream.hardened" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{/* Settings of the commands that connect to Kafka, as environment variables. */}}
{{- define "fraudstream.environment" -}}
- { name: FRAUDSTREAM_KAFKA__BOOTSTRAP_SERVERS, value: {{ .Values.kafka.bootstrapServers | quote }} }
{{- with .Values.kafka.registryUrl }}
- { name: FRAUDSTREAM_KAFKA__SCHEMA_REGISTRY_URL, value: {{ . | quote }} }
{{- end }}
- { name: FRAUDSTREAM_FLINK__REST_URL, value: {{ printf "http://%s-rest:8081" .Release.Name | quote }} }
- { name: FRAUDSTREAM_PATHS__STATE, value: /tmp/fraudstream }
- { name: NUMBA_CACHE_DIR, value: /tmp/numba }
{{- if .Values.kafka.passwordSecret }}
- { name: FRAUDSTREAM_KAFKA__SECURITY__PROTOCOL, value: SASL_SSL }
- { name: FRAUDSTREAM_KAFKA__SECURITY__MECHANISM, value: SCRAM-SHA-512 }
- { name: FRAUDSTREAM_KAFKA__SECURITY__USERNAME, value: {{ .Values.kafka.username | quote }} }
- { name: FRAUDSTREAM_KAFKA__SECURITY__PASSWORD_FILE, value: /etc/fraudstream-kafka/password }
{{- end }}
{{- end }}
