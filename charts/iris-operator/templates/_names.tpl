{{/* One name for every object: the Lease has it too, and the Role names the Lease. */}}
{{- define "iris-operator.name" -}}
iris-operator
{{- end }}

{{/* What selectors use; a version is never among them. */}}
{{- define "iris-operator.selector" -}}
app.kubernetes.io/name: {{ include "iris-operator.name" . }}
{{- end }}

{{- define "iris-operator.labels" -}}
{{ include "iris-operator.selector" . }}
app.kubernetes.io/part-of: iris
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "iris-operator.subjects" -}}
- kind: ServiceAccount
  name: {{ include "iris-operator.name" . }}
  namespace: {{ .Release.Namespace }}
{{- end }}
