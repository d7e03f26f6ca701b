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

{{/* An image that others make. Takes (root, key of .Values.images). */}}
{{- define "octavo-platform.foreign-image" -}}
{{- with index (index . 0).Values.images (index . 1) -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag }}{{ end -}}
{{- end -}}
{{- end -}}

{{/* The image of Octavo's own services, whole. Takes the root. */}}
{{- define "octavo-platform.service-image" -}}
{{- $images := .Values.images -}}
{{- $repository := $images.service.repository -}}
{{- with $images.registry }}{{ $repository = printf "%s/%s" (trimSuffix "/" .) $repository }}{{ end -}}
{{- if $images.service.digest -}}
{{- printf "%s@%s" $repository $images.service.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository ($images.service.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* Where pods run, and what Pod Security "restricted" asks of them. Takes (root, user and group, the values that say where). */}}
{{- define "octavo-platform.pod" -}}
{{- $user := index . 1 | int }}
{{- $values := index . 2 }}
{{- with (index . 0).Values.images.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- range $field := list "affinity" "nodeSelector" "tolerations" }}
{{- with index $values $field }}
{{ $field }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
# Variables of all Services of the namespace would fall between those of the programs.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {{ $user }}
  runAsGroup: {{ $user }}
  fsGroup: {{ $user }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "octavo-platform.container-security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* The claim of a StatefulSet's volume `data`. Takes (root, component, values of `persistence`). */}}
{{- define "octavo-platform.claim" -}}
{{- $values := index . 2 }}
persistentVolumeClaimRetentionPolicy:
  whenDeleted: {{ ternary "Retain" "Delete" $values.retain }}
  whenScaled: Retain
volumeClaimTemplates:
  - metadata:
      name: data
      labels:
        {{- include "octavo-platform.selector" (list (index . 0) (index . 1)) | nindent 8 }}
    spec:
      accessModes: [ReadWriteOnce]
      {{- with $values.storageClassName }}
      storageClassName: {{ . }}
      {{- end }}
      resources:
        requests:
          storage: {{ $values.size }}
{{- end -}}
