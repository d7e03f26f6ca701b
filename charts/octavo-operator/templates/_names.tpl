{{- define "octavo-operator.name" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "octavo-operator.activator" -}}
{{ include "octavo-operator.name" . }}-activator
{{- end -}}

{{- define "octavo-operator.fakes" -}}
{{ include "octavo-operator.name" . }}-fake-providers
{{- end -}}

{{- define "octavo-operator.account" -}}
{{- .Values.serviceAccount.name | default (include "octavo-operator.name" .) -}}
{{- end -}}

{{/* The labels by which Services and controllers find pods; they never change over an upgrade. Takes (root, component). */}}
{{- define "octavo-operator.selector" -}}
app.kubernetes.io/name: octavo-operator
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Of pods: without versions, which would make new pods of an unchanged image. Takes (root, component, more labels). */}}
{{- define "octavo-operator.pod-labels" -}}
{{- $own := merge (include "octavo-operator.selector" . | fromYaml) (dict "app.kubernetes.io/part-of" "octavo") -}}
{{- toYaml (merge $own (index . 2) (index . 0).Values.commonLabels) -}}
{{- end -}}

{{/* Ours win over those that were asked for, for selectors rely on them. Takes (root, component) and, if there are any, more labels. */}}
{{- define "octavo-operator.labels" -}}
{{- $root := index . 0 -}}
{{- $own := include "octavo-operator.selector" . | fromYaml -}}
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

{{/* Name, namespace, labels and annotations of an object. Takes (root, name, component). */}}
{{- define "octavo-operator.metadata" -}}
{{- $root := index . 0 -}}
name: {{ index . 1 }}
namespace: {{ $root.Release.Namespace }}
{{ include "octavo-operator.marks" (list $root (index . 2)) }}
{{- end -}}

{{/* Labels and annotations alone, for objects with a name and namespace of another kind. Takes (root, component). */}}
{{- define "octavo-operator.marks" -}}
labels:
  {{- include "octavo-operator.labels" . | nindent 2 }}
{{- with (index . 0).Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* A policy knows addresses and ports, no names: the URL's port, to wherever its host may be. */}}
{{- define "octavo-operator.egress-to-url" -}}
{{- $url := urlParse . -}}
{{- $port := regexFind ":[0-9]+$" $url.host | trimPrefix ":" | default (ternary "443" "80" (eq $url.scheme "https")) -}}
{{- $name := regexReplaceAll ":[0-9]+$" $url.host "" | trimSuffix ".cluster.local" -}}
{{- if regexMatch "^[^.]+[.][^.]+[.]svc$" $name -}}
# A Service's port is not its pods'.
- to:
    - namespaceSelector:
        matchLabels: {kubernetes.io/metadata.name: {{ index (splitList "." $name) 1 }}}
{{- else -}}
- ports:
    - {port: {{ $port }}, protocol: TCP}
{{- end -}}
{{- end -}}

{{/* Not empty where a ServiceMonitor is made. */}}
{{- define "octavo-operator.monitored" -}}
{{- $asked := toString .Values.metrics.serviceMonitor.enabled -}}
{{- $known := .Capabilities.APIVersions.Has "monitoring.coreos.com/v1/ServiceMonitor" -}}
{{- if or (eq $asked "true") (and (eq $asked "auto") $known) }}yes{{ end -}}
{{- end -}}
