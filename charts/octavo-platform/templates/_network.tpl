{{/* The pods of those services that keep things in a store, and of another component if one is named; as peers. Takes (root, store, component). */}}
{{- define "octavo-platform.keepers" -}}
{{- $names := list -}}
{{- range include "octavo-platform.services" (index . 0) | fromYamlArray -}}
{{- if has (index $ 1) .stores }}{{ $names = append $names .name }}{{ end -}}
{{- end -}}
{{- with index . 2 }}{{ $names = append $names . }}{{ end -}}
{{- include "octavo-platform.components" (list (index . 0) $names) -}}
{{- end -}}

{{/* Pods of this release by their components, as peers. Takes (root, components). */}}
{{- define "octavo-platform.components" -}}
- podSelector:
    matchLabels:
      app.kubernetes.io/name: octavo-platform
      app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
    matchExpressions:
      - {key: app.kubernetes.io/component, operator: In, values: {{ index . 1 | toJson }}}
{{- end -}}

{{/* The world, without the link-local addresses where clouds hand out the node's credentials; as peers. */}}
{{- define "octavo-platform.outside" -}}
- ipBlock: {cidr: 0.0.0.0/0, except: [169.254.0.0/16]}
- ipBlock: {cidr: "::/0", except: ["fe80::/10"]}
{{- end -}}

{{/* The same without what is nobody's but this network's own: a webhook leads to the world. */}}
{{- define "octavo-platform.public" -}}
- ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16]}
- ipBlock: {cidr: "::/0", except: ["fc00::/7", "fe80::/10"]}
{{- end -}}

{{/* A way to a store: to its pods where this release runs it, else to wherever its Secret says. Takes (root, store, component, port). */}}
{{- define "octavo-platform.store-egress" -}}
{{- if (index (index . 0).Values (index . 1)).enabled }}
- to:
    {{- include "octavo-platform.components" (list (index . 0) (list (index . 2))) | nindent 4 }}
  ports:
    - {port: {{ index . 3 }}, protocol: TCP}
{{- else }}
- to:
    {{- include "octavo-platform.outside" . | nindent 4 }}
    - namespaceSelector: {}
{{- end }}
{{- end -}}

{{/* Where pods may go that use these stores; DNS is among it. Takes (root, stores). */}}
{{- define "octavo-platform.stores-egress" -}}
- ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
{{- if has "database" (index . 1) }}
{{- include "octavo-platform.store-egress" (list (index . 0) "database" "db" 3306) }}
{{- end }}
{{- if has "documents" (index . 1) }}
{{- include "octavo-platform.store-egress" (list (index . 0) "documents" "documents" 27017) }}
{{- end }}
{{- if has "redis" (index . 1) }}
{{- include "octavo-platform.store-egress" (list (index . 0) "redis" "redis" 6379) }}
{{- end }}
{{- end -}}

{{/* Generators' APIs, and who stands in for those that sleep; as a list of rules. */}}
{{- define "octavo-platform.generators-egress" -}}
- to:
    - namespaceSelector: {}
      podSelector:
        matchLabels:
          app.kubernetes.io/name: octavo-generator
          app.kubernetes.io/component: api
  ports:
    - {port: 8000, protocol: TCP}
- to:
    - namespaceSelector: {}
      podSelector:
        matchLabels:
          app.kubernetes.io/name: octavo-operator
          app.kubernetes.io/component: activator
  ports:
    - {port: 20000, endPort: 29999, protocol: TCP}
{{- end -}}

{{/* A way to what a URL names, as a list of rules. */}}
{{- define "octavo-platform.egress-to-url" -}}
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
