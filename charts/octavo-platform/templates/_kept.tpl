{{/*
One value of a Secret that this chart makes, plain: what stands in the cluster, or a new one. It is kept at the root of this render, so that
every call gives the same; not among the values, which Helm may write down.
Takes (root, Secret, key, kind): 40 letters and digits for `password`, 32 bytes in base64 for `key`.
*/}}
{{- define "octavo-platform.kept" -}}
{{- $root := index . 0 -}}
{{- $place := printf "%s/%s" (index . 1) (index . 2) -}}
{{- if not (hasKey $root "octavoKept") -}}
{{- $_ := set $root "octavoKept" dict -}}
{{- end -}}
{{- if not (hasKey $root.octavoKept $place) -}}
{{- $secret := lookup "v1" "Secret" $root.Release.Namespace (index . 1) -}}
{{- $there := index (get ($secret | default dict) "data" | default dict) (index . 2) -}}
{{- if $there -}}
{{- $_ := set $root.octavoKept $place (b64dec $there) -}}
{{- else if eq (index . 3) "key" -}}
{{- $_ := set $root.octavoKept $place (randBytes 32) -}}
{{- else -}}
{{- $_ := set $root.octavoKept $place (randAlphaNum 40) -}}
{{- end -}}
{{- end -}}
{{- get $root.octavoKept $place -}}
{{- end -}}

{{/* As `metadata`, for what `helm uninstall` leaves: without it nothing that was written could be read again. */}}
{{- define "octavo-platform.kept-metadata" -}}
name: {{ index . 1 }}
namespace: {{ (index . 0).Release.Namespace }}
labels:
  {{- include "octavo-platform.labels" (list (index . 0) (index . 2)) | nindent 2 }}
annotations:
  helm.sh/resource-policy: keep
  {{- with (index . 0).Values.commonAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}
