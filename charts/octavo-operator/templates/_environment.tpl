{{/* Environment of the operator: octavo_operator/settings.py says what each does. A list of {name, value}, as YAML. */}}
{{- define "octavo-operator.operator-env" -}}
- {name: OCTAVO_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
- {name: OCTAVO_LOG_FORMAT, value: json}
- {name: OCTAVO_LOG_LEVEL, value: {{ .Values.operator.logLevel }}}
- {name: OCTAVO_SHARDS, value: {{ .Values.operator.shards | quote }}}
- {name: OCTAVO_SCALING, value: {{ .Values.operator.scaling }}}
{{- with .Values.watchNamespaces }}
- {name: OCTAVO_WATCH_NAMESPACES, value: {{ toJson . | quote }}}
{{- end }}
- {name: OCTAVO_IMAGE_SERVICE, value: {{ include "octavo-operator.own-image" (list . "service") | quote }}}
- {name: OCTAVO_IMAGE_WORKER, value: {{ include "octavo-operator.own-image" (list . "worker") | quote }}}
- {name: OCTAVO_IMAGE_WORKER_TORCH, value: {{ include "octavo-operator.own-image" (list . "workerTorch") | quote }}}
- {name: OCTAVO_IMAGE_REDIS, value: {{ include "octavo-operator.foreign-image" (list . "redis") | quote }}}
- {name: OCTAVO_IMAGE_POSTGRESQL, value: {{ include "octavo-operator.foreign-image" (list . "postgresql") | quote }}}
- {name: OCTAVO_IMAGE_MYSQL, value: {{ include "octavo-operator.foreign-image" (list . "mysql") | quote }}}
- {name: OCTAVO_IMAGE_PULL_POLICY, value: {{ .Values.images.pullPolicy }}}
- {name: OCTAVO_USER_REDIS, value: {{ .Values.images.redis.user | int | quote }}}
- {name: OCTAVO_USER_POSTGRESQL, value: {{ .Values.images.postgresql.user | int | quote }}}
- {name: OCTAVO_USER_MYSQL, value: {{ .Values.images.mysql.user | int | quote }}}
{{- with .Values.generators }}
{{- range $name, $value := dict "IMAGE_PULL_SECRETS" .imagePullSecrets "CALLER_NAMESPACES" .callerNamespaces "MONITORING_NAMESPACES" .monitoringNamespaces }}
{{- if $value }}
- {name: OCTAVO_{{ $name }}, value: {{ toJson $value | quote }}}
{{- end }}
{{- end }}
- {name: OCTAVO_DNS_CIDRS, value: {{ toJson .dnsCidrs | quote }}}
{{- with .priorityClassName }}
- {name: OCTAVO_PRIORITY_CLASS_NAME, value: {{ . | quote }}}
{{- end }}
{{- with .storageClassName }}
- {name: OCTAVO_STORAGE_CLASS_NAME, value: {{ . | quote }}}
{{- end }}
{{- range $part, $resources := .resources }}
{{- if $resources }}
- {name: OCTAVO_RESOURCES_{{ upper $part }}, value: {{ toJson $resources | quote }}}
{{- end }}
{{- end }}
{{- if .events.secretName }}
- {name: OCTAVO_EVENTS_REDIS_SECRET, value: {{ .events.secretName | quote }}}
- {name: OCTAVO_EVENTS_REDIS_KEY, value: {{ .events.key | quote }}}
{{- end }}
{{- end }}
{{- include "octavo-operator.shared-env" . }}
{{- if .Values.fakeProviders.enabled }}
- {name: OCTAVO_FAKE_PROVIDERS_URL, value: {{ printf "http://%s.%s.svc:%s" (include "octavo-operator.fakes" .) .Release.Namespace (include "octavo-operator.fakes-port" .) | quote }}}
{{- end }}
{{- if .Values.activator.enabled }}
- {name: OCTAVO_ACTIVATOR_URL, value: {{ printf "http://%s.%s.svc:%s" (include "octavo-operator.activator" .) .Release.Namespace (include "octavo-operator.activator-port" .) | quote }}}
- name: OCTAVO_ACTIVATOR_TOKEN
  {{- include "octavo-operator.token" . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* What operator and activator are told alike. */}}
{{- define "octavo-operator.shared-env" }}
{{- if .Values.identity.jwksUrl }}
- {name: OCTAVO_JWKS_URL, value: {{ .Values.identity.jwksUrl | quote }}}
{{- end }}
- {name: OCTAVO_ISSUER, value: {{ .Values.identity.issuer | quote }}}
{{- with .Values.telemetry.otlpEndpoint }}
- {name: OCTAVO_OTLP_ENDPOINT, value: {{ . | quote }}}
{{- end }}
{{- end -}}

{{/* Where operator and activator read the token that they share. */}}
{{- define "octavo-operator.token" }}
valueFrom:
  secretKeyRef:
    name: {{ .Values.activator.token.existingSecret | default (include "octavo-operator.activator" .) }}
    key: {{ .Values.activator.token.key }}
{{- end -}}

{{/*
The generated token in base64: the cluster's, or a new one. It is kept at the root of this render, so that every call gives the same;
not among the values, which Helm may write down.
*/}}
{{- define "octavo-operator.token-value" -}}
{{- if not (hasKey . "octavoToken") -}}
{{- $kept := lookup "v1" "Secret" .Release.Namespace (include "octavo-operator.activator" .) -}}
{{- $token := index (get ($kept | default dict) "data" | default dict) .Values.activator.token.key | default (randAlphaNum 48 | b64enc) -}}
{{- $_ := set . "octavoToken" $token -}}
{{- end -}}
{{- .octavoToken -}}
{{- end -}}

{{/* Both read the token when they start: a new one, after somebody deleted the Secret, makes new pods of both. */}}
{{- define "octavo-operator.token-annotation" -}}
{{- if and .Values.activator.enabled (not .Values.activator.token.existingSecret) -}}
octavo.dev/hash: {{ include "octavo-operator.token-value" . | sha256sum | trunc 16 | quote }}
{{- end -}}
{{- end -}}

{{/* Port on which the operator, and nobody else, talks to the activator. */}}
{{- define "octavo-operator.activator-port" -}}8080{{- end -}}

{{/* Port of the fake providers. */}}
{{- define "octavo-operator.fakes-port" -}}8090{{- end -}}

{{/* Environment of the activator: octavo_activator's settings say what each does. */}}
{{- define "octavo-operator.activator-env" -}}
- {name: OCTAVO_HOME, value: /var/lib/octavo}
- {name: OCTAVO_LOG_FORMAT, value: json}
- {name: OCTAVO_LOG_LEVEL, value: {{ .Values.activator.logLevel }}}
{{- include "octavo-operator.shared-env" . }}
- name: OCTAVO_ACTIVATOR_TOKEN
  {{- include "octavo-operator.token" . | nindent 2 }}
{{- end -}}
