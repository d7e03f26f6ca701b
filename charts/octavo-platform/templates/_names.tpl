{{- define "octavo-platform.name" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "octavo-platform.redis" -}}
{{ include "octavo-platform.name" . }}-redis
{{- end -}}

{{- define "octavo-platform.redis-secret" -}}
{{- .Values.redis.auth.existingSecret | default (include "octavo-platform.redis" .) -}}
{{- end -}}

{{/* The labels by which Services and controllers find pods; they never change over an upgrade. Takes (root, component). */}}
{{- define "octavo-platform.selector" -}}
app.kubernetes.io/name: octavo-platform
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Of pods: without versions, which would make new pods of an unchanged image. Takes (root, component, more labels). */}}
{{- define "octavo-platform.pod-labels" -}}
{{- $own := merge (include "octavo-platform.selector" . | fromYaml) (dict "app.kubernetes.io/part-of" "octavo") -}}
{{- toYaml (merge $own (index . 2) (index . 0).Values.commonLabels) -}}
{{- end -}}

{{/* Ours win over those that were asked for, for selectors rely on them. Takes (root, component) and, if there are any, more labels. */}}
{{- define "octavo-platform.labels" -}}
{{- $root := index . 0 -}}
{{- $own := include "octavo-platform.selector" . | fromYaml -}}
{{- $own = merge $own (dict
  "app.kubernetes.io/version" $root.Chart.AppVersion
  "app.kubernetes.io/part-of" "octavo"
  "app.kubernetes.io/managed-by" $root.Release.Service
  "helm.sh/chart" (printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_")
) -}}
{{- $asked := dict -}}
{{- if gt (len .) 2 }}{{ $asked = index . 2 }}{{ end -}}
{{- toYaml (merge $own $asked $root.Values.commonLabels) -}}
{{- end -}}

{{/* Labels and annotations of an object. Takes (root, component). */}}
{{- define "octavo-platform.marks" -}}
labels:
  {{- include "octavo-platform.labels" . | nindent 2 }}
{{- with (index . 0).Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Name, namespace, labels and annotations of an object. Takes (root, name, component). */}}
{{- define "octavo-platform.metadata" -}}
name: {{ index . 1 }}
namespace: {{ (index . 0).Release.Namespace }}
{{ include "octavo-platform.marks" (list (index . 0) (index . 2)) }}
{{- end -}}

{{- define "octavo-platform.redis-image" -}}
{{- with .Values.images.redis -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag }}{{ end -}}
{{- end -}}
{{- end -}}

{{/* Where the pods of Redis and of its test run, and what Pod Security "restricted" asks of them. */}}
{{- define "octavo-platform.redis-pod" -}}
{{- $user := .Values.images.redis.user | int }}
{{- with .Values.images.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- range $field := list "affinity" "nodeSelector" "tolerations" }}
{{- with index $.Values.redis $field }}
{{ $field }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- with .Values.redis.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {{ $user }}
  runAsGroup: {{ $user }}
  fsGroup: {{ $user }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- end -}}
