{{/*
The Ingresses, as a YAML list of {name, namespace, paths: [{path, service}]}: one for the services, one for Socket.IO, whose clients come back
to the same pod, and one for each generator, in the namespace of what it leads to.
*/}}
{{- define "octavo-platform.ways" -}}
{{- $root := . -}}
{{- $paths := list -}}
{{- $sockets := list -}}
{{- range $service := include "octavo-platform.services" . | fromYamlArray -}}
{{- $name := include "octavo-platform.service" (list $root $service.name) -}}
{{- range $service.paths }}{{ $paths = append $paths (dict "path" . "service" $name) }}{{ end -}}
{{- range $service.socket }}{{ $sockets = append $sockets (dict "path" . "service" $name) }}{{ end -}}
{{- end -}}
{{- $ways := list -}}
{{- with $paths }}{{ $ways = append $ways (dict "name" "services" "namespace" $root.Release.Namespace "paths" .) }}{{ end -}}
{{- with $sockets }}{{ $ways = append $ways (dict "name" "socket" "namespace" $root.Release.Namespace "paths" . "sticky" true) }}{{ end -}}
{{- range .Values.generators -}}
{{- $path := dict "path" (printf "/generators/%s" .name) "service" (printf "%s-api" .name) -}}
{{- $ways = append $ways (dict "name" .name "namespace" .namespace "paths" (list $path)) -}}
{{- end -}}
{{- toYaml $ways -}}
{{- end -}}

{{/* What the controller is told, before `ingress.annotations`. Takes (root, one of the ways). */}}
{{- define "octavo-platform.ingress-annotations" -}}
{{- $ingress := (index . 0).Values.ingress -}}
{{- with $ingress.certManager }}
{{- if .issuer }}
cert-manager.io/{{ ternary "cluster-issuer" "issuer" (eq .kind "ClusterIssuer") }}: {{ .issuer }}
{{- end }}
{{- end }}
{{- with $ingress.nginx }}
{{- if .enabled }}
# Of each address; beyond it, 429.
nginx.ingress.kubernetes.io/limit-rps: {{ int .requestsPerSecond | quote }}
nginx.ingress.kubernetes.io/limit-burst-multiplier: {{ int .burst | quote }}
nginx.ingress.kubernetes.io/limit-connections: {{ int .connections | quote }}
nginx.ingress.kubernetes.io/proxy-body-size: {{ .bodySize | quote }}
# Events are long answers.
nginx.ingress.kubernetes.io/proxy-buffering: "off"
nginx.ingress.kubernetes.io/proxy-read-timeout: "3600"
nginx.ingress.kubernetes.io/proxy-send-timeout: "3600"
{{- if (index $ 1).sticky }}
# Long polling goes on where it began.
nginx.ingress.kubernetes.io/affinity: cookie
nginx.ingress.kubernetes.io/session-cookie-name: octavo-socket
nginx.ingress.kubernetes.io/session-cookie-samesite: Lax
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
