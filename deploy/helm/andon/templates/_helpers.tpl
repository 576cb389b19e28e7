{{- define "andon.selector" -}}
app.kubernetes.io/name: andon
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "andon.labels" -}}
{{ include "andon.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{/* The console has a name of its own: a worker's selector must never match its pod. */}}
{{- define "andon.console.selector" -}}
app.kubernetes.io/name: andon-console
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "andon.console.labels" -}}
{{ include "andon.console.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{- define "andon.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
