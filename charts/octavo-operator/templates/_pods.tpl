{{/*
What the pods of operator and activator share: where they run, and what Pod Security "restricted" asks of them.
Takes (root, component, its values). antiAffinity and topologySpreadConstraints are the operator's only.
*/}}
{{- define "octavo-operator.scheduling" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- $values := index . 2 -}}
{{- $selector := dict "matchLabels" (include "octavo-operator.selector" (list $root $component) | fromYaml) -}}
{{- with $root.Values.images.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if $values.affinity }}
affinity:
  {{- toYaml $values.affinity | nindent 2 }}
{{- else if eq ($values.antiAffinity | default "none") "hard" }}
affinity:
  podAntiAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector:
          {{- toYaml $selector | nindent 10 }}
{{- else if eq ($values.antiAffinity | default "none") "soft" }}
affinity:
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            {{- toYaml $selector | nindent 12 }}
{{- end }}
{{- with $values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range . }}
  {{- list (merge (deepCopy .) (dict "labelSelector" $selector)) | toYaml | nindent 2 }}
  {{- end }}
{{- end }}
# Variables of all Services of the namespace: one named octavo would set OCTAVO_PORT.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "octavo-operator.container-security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* extraEnv after the chart's own, without those of the same name, for the API server refuses to merge a name that is there twice. Takes (own, extra). */}}
{{- define "octavo-operator.env" -}}
{{- $extra := index . 1 -}}
{{- $names := list -}}
{{- range $extra }}{{ $names = append $names .name }}{{ end -}}
{{- $kept := list -}}
{{- range index . 0 }}{{ if not (has .name $names) }}{{ $kept = append $kept . }}{{ end }}{{ end -}}
{{- toYaml (concat $kept $extra) -}}
{{- end -}}
