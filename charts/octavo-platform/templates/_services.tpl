{{/*
The services, one entry each; everything that is made for a service is made in one place, from its entry.
  prefix   below which its health is
  paths    what the ingress leads to it, the longest first; those of `socket` go by an Ingress of their own
  callers  whose pods may call it, besides the ingress controller's
  calls    which of the others it calls
  stores   where it keeps things
  openings further ways out that it needs
*/}}
{{- define "octavo-platform.known-services" -}}
- name: auth
  prefix: /api/auth
  paths: [/api/auth, /api/security, /.well-known/jwks.json]
  callers: [characters, stories, notifications, admin, web, test]
  calls: [characters, stories, notifications]
  stores: [database, redis]
  openings: [generators, mails, https]
- name: characters
  prefix: /api/characters
  paths: [/api/characters]
  callers: [auth, stories, admin, web, test]
  calls: [auth]
  stores: [database, documents, redis]
  openings: [generators, bucket]
- name: stories
  prefix: /api/stories
  paths: [/api/stories, /api/projects, /api/feed]
  callers: [auth, admin, web, test]
  calls: [auth, characters, notifications]
  stores: [database, documents, redis]
  openings: [generators]
- name: notifications
  prefix: /api/notifications
  paths: [/api/notifications]
  socket: [/socket.io]
  callers: [auth, stories, admin, web, test]
  calls: [auth]
  stores: [database, redis]
  openings: [webhooks]
- name: admin
  prefix: /api/admin
  paths: [/api/admin]
  callers: [web, test]
  calls: [auth, characters, stories, notifications, web]
  stores: [redis]
  openings: [generators, apiServer]
- name: web
  prefix: /api/web
  # Whatever no other path leads to: pages, and what is nowhere.
  paths: [/]
  callers: [admin, test]
  calls: [auth, characters, stories, notifications, admin]
  stores: [redis]
  openings: [generators]
{{- end -}}

{{/* Those that are run, as a YAML list. Takes the root. */}}
{{- define "octavo-platform.services" -}}
{{- if .Values.services.enabled }}
{{- range include "octavo-platform.known-services" . | fromYamlArray }}
{{- if (index $.Values .name).enabled }}
{{ list . | toYaml }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Not empty where one of the services that are run keeps things in a store. Takes (root, store). */}}
{{- define "octavo-platform.keeps" -}}
{{- $store := index . 1 -}}
{{- range include "octavo-platform.services" (index . 0) | fromYamlArray -}}
{{- if has $store .stores }}yes{{ end -}}
{{- end -}}
{{- end -}}

{{/* Takes (root, service's name). */}}
{{- define "octavo-platform.service" -}}
{{ include "octavo-platform.name" (index . 0) }}-{{ index . 1 }}
{{- end -}}

{{/* Takes (root, service's name). */}}
{{- define "octavo-platform.service-url" -}}
http://{{ include "octavo-platform.service" . }}.{{ (index . 0).Release.Namespace }}.svc
{{- end -}}

{{/* Where a generator of `generators` is reached inside the cluster. Takes one of them. */}}
{{- define "octavo-platform.generator-url" -}}
http://{{ .name }}-api.{{ .namespace }}.svc
{{- end -}}

{{/* Where people reach the platform; empty where nobody says. */}}
{{- define "octavo-platform.public-url" -}}
{{- if .Values.services.publicUrl -}}
{{ .Values.services.publicUrl }}
{{- else if .Values.ingress.enabled -}}
http{{ if .Values.ingress.tlsSecretName }}s{{ end }}://{{ .Values.ingress.host }}
{{- end -}}
{{- end -}}

{{- define "octavo-platform.keys" -}}
{{ .Values.services.existingSecret | default (printf "%s-keys" (include "octavo-platform.name" .)) }}
{{- end -}}

{{- define "octavo-platform.database" -}}
{{ include "octavo-platform.name" . }}-db
{{- end -}}

{{- define "octavo-platform.database-secret" -}}
{{ .Values.database.existingSecret | default (include "octavo-platform.database" .) }}
{{- end -}}

{{- define "octavo-platform.documents" -}}
{{ include "octavo-platform.name" . }}-documents
{{- end -}}

{{- define "octavo-platform.documents-secret" -}}
{{ .Values.documents.existingSecret | default (include "octavo-platform.documents" .) }}
{{- end -}}

{{/* Namespaces that `admin` looks into, as a YAML list: those it is told, else the release's and the generators'. */}}
{{- define "octavo-platform.admin-namespaces" -}}
{{- $found := .Values.admin.namespaces -}}
{{- if not $found -}}
{{- $found = list .Release.Namespace -}}
{{- range .Values.generators }}{{ $found = append $found .namespace }}{{ end -}}
{{- end -}}
{{- uniq $found | toYaml -}}
{{- end -}}
