{{/*
What the operator may do in the namespaces whose generators it runs: the least that works. Each rule says what for. A test takes each
verb away on a real API server and sees the operator refused, and another sees that none is left unused.

`patch` is server-side apply; the apply of what is not there yet is checked for `create` too. `list` and `watch` fill the caches. `get`
looks at the one object that is not as the caches say, such as somebody else's under a name that a generator needs. `delete` takes away
what a generator no longer asks for.

The operator reads no log, enters no pod and makes no role: it can give nobody more than what stands here.
*/}}
{{- define "octavo-operator.rights" -}}
# The generators themselves. `get` makes sure that one is still there before its children are made again.
- apiGroups: [octavo.dev]
  resources: [generatorservices]
  verbs: [get, list, watch]
# Conditions, counts and address, which people and kubectl wait read.
- apiGroups: [octavo.dev]
  resources: [generatorservices/status]
  verbs: [patch]
# Children name their generator as the owner that waits for them (blockOwnerDeletion). API servers with the admission
# OwnerReferencesPermissionEnforcement, such as OpenShift's, ask for this; others do not.
- apiGroups: [octavo.dev]
  resources: [generatorservices/finalizers]
  verbs: [update]
# What each generator has: account, configuration, address.
- apiGroups: [""]
  resources: [serviceaccounts, configmaps, services]
  verbs: [get, list, watch, create, patch, delete]
# The Secret with a generator's passwords. The Secrets that generators refer to are read when they change; of all others metadata alone
# is listed and watched.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch, create, patch, delete]
# API and workers; managed Redis and database.
- apiGroups: [apps]
  resources: [deployments, statefulsets]
  verbs: [get, list, watch, create, patch, delete]
# Node drains leave an API pod standing.
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
# Nothing but what is needed may connect; the way in from outside, for generators that ask for one.
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies, ingresses]
  verbs: [get, list, watch, create, patch, delete]
# The same by the Gateway API, where the cluster has it.
- apiGroups: [gateway.networking.k8s.io]
  resources: [httproutes]
  verbs: [get, list, watch, create, patch, delete]
# Metrics, where the cluster has Prometheus' operator.
- apiGroups: [monitoring.coreos.com]
  resources: [servicemonitors, podmonitors]
  verbs: [get, list, watch, create, patch, delete]
# Leads callers of a sleeping generator to the activator.
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [get, list, watch, create, patch, delete]
# The volume of a generator's pictures. Those of managed stores come and go with their StatefulSets; of them it is seen why a generator
# is not ready.
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [get, list, watch, create, patch, delete]
# Pods say why a generator is not ready.
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch]
# What people see in kubectl describe; one that comes again is counted.
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}

{{/* What the operator may do in its own namespace, besides. */}}
{{- define "octavo-operator.own-rights" -}}
# Which replica leads.
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [get, create, update]
{{- if .Values.watchNamespaces }}
# The key from which the passwords of managed stores are made; the first replica makes it. (With rights in all namespaces it is theirs.)
- apiGroups: [""]
  resources: [secrets]
  resourceNames: [octavo-operator-key]
  verbs: [get]
- apiGroups: [""]
  resources: [secrets]
  verbs: [create]
{{- end }}
{{- end -}}
