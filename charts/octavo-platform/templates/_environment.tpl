{{/* Environment of a service: its settings.py says what each does. A list of {name, value}, as YAML. Takes (root, entry of the service). */}}
{{- define "octavo-platform.service-env" -}}
{{- $root := index . 0 -}}
{{- $service := index . 1 -}}
- {name: OCTAVO_HOST, value: "0.0.0.0"}
- {name: OCTAVO_PORT, value: "8000"}
- {name: OCTAVO_LOG_FORMAT, value: json}
- {name: OCTAVO_LOG_LEVEL, value: {{ $root.Values.services.logLevel }}}
{{ include "octavo-platform.stores-env" . | trim }}
{{- with $root.Values.services.corsOrigins }}
- {name: OCTAVO_CORS_ORIGINS, value: {{ toJson . | quote }}}
{{- end }}
{{- with $root.Values.services.trustedProxies }}
- {name: OCTAVO_TRUSTED_PROXIES, value: {{ toJson . | quote }}}
{{- end }}
{{- with $root.Values.telemetry.otlpEndpoint }}
- {name: OCTAVO_OTLP_ENDPOINT, value: {{ . | quote }}}
{{- end }}
{{- if ne $service.name "auth" }}
{{- $auth := include "octavo-platform.service-url" (list $root "auth") }}
- {name: OCTAVO_JWKS_URL, value: {{ $auth }}/.well-known/jwks.json}
{{- if ne $service.name "web" }}
- {name: OCTAVO_SERVICE_TOKEN_URL, value: {{ $auth }}/api/auth/service-token}
- name: OCTAVO_SERVICE_SECRET
  {{- include "octavo-platform.from-secret" (list (include "octavo-platform.keys" $root) (printf "%s-secret" $service.name)) | nindent 2 }}
{{- end }}
{{- end }}
{{ include (printf "octavo-platform.env-%s" $service.name) $root | trim }}
{{- end -}}

{{/* What a service needs to find its stores, and no more. Takes (root, entry of the service). */}}
{{- define "octavo-platform.stores-env" -}}
{{- $root := index . 0 -}}
{{- $service := index . 1 -}}
- {name: OCTAVO_HOME, value: /tmp/octavo}
{{- if has "redis" $service.stores }}
- name: OCTAVO_REDIS_URL
  {{- include "octavo-platform.from-secret" (list (include "octavo-platform.redis-secret" $root) "redis-url") | nindent 2 }}
{{- end }}
{{- if has "database" $service.stores }}
- name: OCTAVO_DATABASE_URL
  {{- include "octavo-platform.from-secret" (list (include "octavo-platform.database-secret" $root) (printf "%s-url" $service.name)) | nindent 2 }}
{{- end }}
{{- if has "documents" $service.stores }}
- name: OCTAVO_DOCUMENTS_URL
  {{- include "octavo-platform.from-secret" (list (include "octavo-platform.documents-secret" $root) (printf "%s-url" $service.name)) | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Takes (Secret, key). */}}
{{- define "octavo-platform.from-secret" -}}
valueFrom:
  secretKeyRef: {name: {{ index . 0 }}, key: {{ index . 1 }}}
{{- end -}}

{{- define "octavo-platform.env-auth" -}}
{{- $values := .Values.auth -}}
{{- $keys := include "octavo-platform.keys" . -}}
- name: OCTAVO_MASTER_KEY
  {{- include "octavo-platform.from-secret" (list $keys "master-key") | nindent 2 }}
- name: OCTAVO_SERVICE_CLIENTS
  {{- include "octavo-platform.from-secret" (list $keys "service-clients") | nindent 2 }}
{{- with include "octavo-platform.public-url" . }}
- {name: OCTAVO_PUBLIC_URL, value: {{ . | quote }}}
{{- end }}
{{- $erase := list }}
{{- range include "octavo-platform.services" . | fromYamlArray }}
{{- if has .name (list "characters" "stories" "notifications") }}
{{- $erase = append $erase (include "octavo-platform.service-url" (list $ .name)) }}
{{- end }}
{{- end }}
{{- range .Values.generators }}
{{- $erase = append $erase (include "octavo-platform.generator-url" .) }}
{{- end }}
# Who is told when an account goes; it is gone when all of them have answered.
- {name: OCTAVO_ERASE_URLS, value: {{ toJson $erase | quote }}}
{{- with $values.adminEmail }}
- {name: OCTAVO_ADMIN_EMAIL, value: {{ . | quote }}}
{{- end }}
- {name: OCTAVO_MAIL, value: {{ $values.mail.kind }}}
- {name: OCTAVO_MAIL_FROM, value: {{ $values.mail.from | quote }}}
{{- if eq $values.mail.kind "smtp" }}
{{- if not $values.mail.host }}
{{- fail "auth.mail.kind=smtp needs auth.mail.host: the mail server that codes are sent through" }}
{{- end }}
- {name: OCTAVO_SMTP_HOST, value: {{ $values.mail.host | quote }}}
- {name: OCTAVO_SMTP_PORT, value: {{ $values.mail.port | int | quote }}}
- {name: OCTAVO_SMTP_SECURITY, value: {{ $values.mail.security }}}
{{- with $values.mail.user }}
- {name: OCTAVO_SMTP_USER, value: {{ . | quote }}}
{{- end }}
{{- with $values.mail.passwordSecret }}
- name: OCTAVO_SMTP_PASSWORD
  {{- include "octavo-platform.from-secret" (list . "password") | nindent 2 }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Takes the root. */}}
{{- define "octavo-platform.generator-urls" -}}
{{- $urls := dict -}}
{{- range .Values.generators }}{{ $_ := set $urls .name (include "octavo-platform.generator-url" .) }}{{ end -}}
{{- toJson $urls -}}
{{- end -}}

{{- define "octavo-platform.env-characters" -}}
- {name: OCTAVO_GENERATOR_URLS, value: {{ include "octavo-platform.generator-urls" . | quote }}}
- {name: OCTAVO_PICTURE_GENERATOR, value: {{ .Values.characters.pictureGenerator | quote }}}
- {name: OCTAVO_PICTURES_URL, value: {{ .Values.characters.pictures.url | default "file:///var/lib/octavo/pictures" | quote }}}
{{- end -}}

{{- define "octavo-platform.env-stories" -}}
- {name: OCTAVO_CHARACTERS_URL, value: {{ include "octavo-platform.service-url" (list . "characters") }}}
- {name: OCTAVO_GENERATOR_URLS, value: {{ include "octavo-platform.generator-urls" . | quote }}}
- {name: OCTAVO_STORY_GENERATOR, value: {{ .Values.stories.storyGenerator | quote }}}
{{- range include "octavo-platform.services" . | fromYamlArray }}
{{- if eq .name "notifications" }}
- {name: OCTAVO_NOTIFICATIONS_URL, value: {{ include "octavo-platform.service-url" (list $ .name) }}}
{{- end }}
{{- end }}
{{- with include "octavo-platform.public-url" . }}
- {name: OCTAVO_PUBLIC_URL, value: {{ . | quote }}}
{{- end }}
{{- end -}}

{{- define "octavo-platform.env-notifications" -}}
- {name: OCTAVO_MAIL_URL, value: {{ include "octavo-platform.service-url" (list . "auth") }}/api/internal/mail}
- name: OCTAVO_WEBHOOK_KEY
  {{- include "octavo-platform.from-secret" (list (include "octavo-platform.keys" .) "webhook-key") | nindent 2 }}
- name: OCTAVO_PUSH_KEY
  {{- include "octavo-platform.from-secret" (list (include "octavo-platform.keys" .) "push-key") | nindent 2 }}
{{- with .Values.notifications.pushContact }}
- {name: OCTAVO_PUSH_CONTACT, value: {{ . | quote }}}
{{- end }}
{{- with include "octavo-platform.public-url" . }}
- {name: OCTAVO_PUBLIC_URL, value: {{ . | quote }}}
{{- end }}
{{- end -}}

{{- define "octavo-platform.env-admin" -}}
{{- $health := dict -}}
{{- range include "octavo-platform.services" . | fromYamlArray }}
{{- $_ := set $health .name (printf "%s%s/health/ready" (include "octavo-platform.service-url" (list $ .name)) .prefix) }}
{{- end -}}
- {name: OCTAVO_AUTH_URL, value: {{ include "octavo-platform.service-url" (list . "auth") }}}
- {name: OCTAVO_SERVICE_URLS, value: {{ toJson $health | quote }}}
- {name: OCTAVO_NAMESPACES, value: {{ include "octavo-platform.admin-namespaces" . | fromYamlArray | toJson | quote }}}
{{- end -}}

{{/* It has no secret of its own: it calls as the person who looks at the page. */}}
{{- define "octavo-platform.env-web" -}}
{{- range include "octavo-platform.services" . | fromYamlArray }}
{{- if has .name (list "auth" "characters" "stories" "notifications" "admin") }}
- {name: OCTAVO_{{ upper .name }}_URL, value: {{ include "octavo-platform.service-url" (list $ .name) }}}
{{- end }}
{{- end }}
- {name: OCTAVO_GENERATOR_URLS, value: {{ include "octavo-platform.generator-urls" . | quote }}}
{{- with .Values.web.routerGenerators }}
- {name: OCTAVO_ROUTER_GENERATORS, value: {{ toJson . | quote }}}
{{- end }}
{{- with include "octavo-platform.public-url" . }}
- {name: OCTAVO_PUBLIC_URL, value: {{ . | quote }}}
{{- end }}
{{- end -}}

{{/* extraEnv after the chart's own, without those of the same name, for the API server refuses to merge a name that is there twice. Takes (own, extra). */}}
{{- define "octavo-platform.env" -}}
{{- $extra := index . 1 -}}
{{- $names := list -}}
{{- range $extra }}{{ $names = append $names .name }}{{ end -}}
{{- $kept := list -}}
{{- range index . 0 }}{{ if not (has .name $names) }}{{ $kept = append $kept . }}{{ end }}{{ end -}}
{{- toYaml (concat $kept $extra) -}}
{{- end -}}
