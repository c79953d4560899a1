{{- define "millrace.name" -}}
{{- printf "%s-%s" .root.Release.Name .part | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "millrace.labels" -}}
app.kubernetes.io/name: millrace
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end -}}

{{- define "millrace.bootstrap" -}}
{{- if .Values.topicsBootstrap -}}
{{ .Values.topicsBootstrap }}
{{- else -}}
{{ include "millrace.name" (dict "root" . "part" "topics") }}:9092
{{- end -}}
{{- end -}}

{{- define "millrace.security" -}}
runAsNonRoot: true
runAsUser: 1000
fsGroup: 1000
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* What every container has: root, part, role, labels (of a worker), env. */}}
{{- define "millrace.container" -}}
{{- $values := .root.Values -}}
{{- $worker := or (eq .role "collector") (eq .role "sink-worker") -}}
image: "{{ $values.image.repository }}:{{ $values.image.tag | default .root.Chart.AppVersion }}"
imagePullPolicy: {{ $values.image.pullPolicy }}
args: [{{ .role | quote }}]
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
env:
  - name: DATABASE_URL
    valueFrom:
      secretKeyRef:
        name: {{ $values.database.secretName }}
        key: {{ $values.database.secretKey }}
  - name: HOST
    value: 0.0.0.0
  {{- if $values.insecure }}
  - name: MILLRACE_INSECURE
    value: 'true'
  {{- end }}
  {{- if ne .role "topics" }}
  - name: TOPICS_BOOTSTRAP
    value: {{ include "millrace.bootstrap" .root | quote }}
  {{- if $values.topicsClientPropertiesSecret }}
  - name: TOPICS_CLIENT_PROPERTIES
    value: /etc/millrace/client/client.properties
  {{- end }}
  {{- end }}
  {{- if ne .role "admin" }}
  - name: HEALTH_PORT
    value: '8081'
  {{- end }}
  {{- if $worker }}
  - name: MILLRACE_WORKER_ID
    valueFrom:
      fieldRef:
        fieldPath: metadata.name
  {{- with .labels }}
  - name: MILLRACE_WORKER_LABELS
    value: {{ join "," . | quote }}
  {{- end }}
  {{- end }}
  {{- if and $values.rpc.secretName (ne .role "topics") }}
  {{- if $worker }}
  - name: POD_IP
    valueFrom:
      fieldRef:
        fieldPath: status.podIP
  - name: MILLRACE_RPC_PORT
    value: {{ $values.rpc.port | quote }}
  - name: MILLRACE_RPC_ADDRESS
    value: "$(POD_IP):{{ $values.rpc.port }}"
  {{- end }}
  - name: MILLRACE_RPC_CERT
    value: /etc/millrace/rpc/tls.crt
  - name: MILLRACE_RPC_KEY
    value: /etc/millrace/rpc/tls.key
  - name: MILLRACE_RPC_CA
    value: /etc/millrace/rpc/ca.crt
  {{- if eq .role "admin" }}
  - name: MILLRACE_RPC_NAME
    value: {{ $values.rpc.serverName | quote }}
  {{- end }}
  {{- end }}
  {{- with .own }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- with $values.env }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $values.envFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
livenessProbe:
  httpGet:
    path: /livez
    port: health
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet:
    path: /readyz
    port: health
  periodSeconds: 5
  timeoutSeconds: 5
startupProbe:
  httpGet:
    path: /livez
    port: health
  periodSeconds: 2
  failureThreshold: 60
volumeMounts:
  - name: data
    mountPath: /data
  - name: tmp
    mountPath: /tmp
  {{- if and $values.topicsClientPropertiesSecret (ne .role "topics") }}
  - name: client-properties
    mountPath: /etc/millrace/client
    readOnly: true
  {{- end }}
  {{- if and $values.rpc.secretName (ne .role "topics") }}
  - name: rpc
    mountPath: /etc/millrace/rpc
    readOnly: true
  {{- end }}
  {{- if and (eq .role "topics") $values.topics.propertiesSecret }}
  - name: properties
    mountPath: /etc/millrace/topics
    readOnly: true
  {{- end }}
{{- end -}}

{{- define "millrace.volumes" -}}
- name: tmp
  emptyDir: {}
{{- if and .root.Values.topicsClientPropertiesSecret (ne .role "topics") }}
- name: client-properties
  secret:
    secretName: {{ .root.Values.topicsClientPropertiesSecret }}
{{- end }}
{{- if and .root.Values.rpc.secretName (ne .role "topics") }}
- name: rpc
  secret:
    secretName: {{ .root.Values.rpc.secretName }}
{{- end }}
{{- if and (eq .role "topics") .root.Values.topics.propertiesSecret }}
- name: properties
  secret:
    secretName: {{ .root.Values.topics.propertiesSecret }}
{{- end }}
{{- end -}}
