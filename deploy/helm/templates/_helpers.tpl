{{- define "duosync.name" -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) (contains .Chart.Name .Release.Name) | trunc 52 | trimSuffix "-" }}
{{- end }}

{{- define "duosync.selector" -}}
app.kubernetes.io/name: duosync
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "duosync.labels" -}}
{{ include "duosync.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
{{- end }}

{{- define "duosync.image" -}}
{{ .Values.image.repository }}{{ if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "duosync.config" -}}
{{- $own := dict "state" (dict "dsn" "/var/lib/duosync/duosync.db") }}
{{- if eq .Values.state.kind "postgres" }}{{ $_ := set $own "state" (dict "dsn_file" "${CREDENTIALS_DIRECTORY}/state-dsn") }}{{ end }}
{{- if eq .Values.mode "daemon" }}{{ $_ := set $own "http" (dict "listen" (printf ":%v" .Values.service.port) "token_file" "${CREDENTIALS_DIRECTORY}/http-token") }}{{ end }}
{{- toYaml (mergeOverwrite (deepCopy .Values.config) $own) }}
{{- end }}

{{- define "duosync.pod" -}}
metadata:
  labels:
    {{- include "duosync.labels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    checksum/config: {{ printf "%s%s" (include "duosync.config" .) (toYaml .Values.configFiles) | sha256sum }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  restartPolicy: {{ if eq .Values.mode "cronjob" }}Never{{ else }}Always{{ end }}
  # SIGTERM ends a run cleanly, after the call in flight.
  terminationGracePeriodSeconds: 90
  automountServiceAccountToken: false
  enableServiceLinks: false
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: {type: RuntimeDefault}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: duosync
      image: {{ include "duosync.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [{{ if eq .Values.mode "cronjob" }}sync{{ else }}run{{ end }}]
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        privileged: false
        capabilities: {drop: [ALL]}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      terminationMessagePolicy: FallbackToLogsOnError
      {{- if eq .Values.mode "daemon" }}
      ports:
        - {name: http, containerPort: {{ .Values.service.port }}}
      # /readyz says that a human should look: no reason to restart, or to take the pages away.
      livenessProbe:
        httpGet: {path: /healthz, port: http}
        periodSeconds: 30
      startupProbe:
        httpGet: {path: /healthz, port: http}
        failureThreshold: 30
        periodSeconds: 2
      {{- end }}
      volumeMounts:
        - {name: config, mountPath: /etc/duosync, readOnly: true}
        - {name: secrets, mountPath: /run/secrets, readOnly: true}
        {{- if eq .Values.state.kind "volume" }}
        - {name: state, mountPath: /var/lib/duosync}
        {{- end }}
        - {name: tmp, mountPath: /tmp}
  volumes:
    - name: config
      configMap: {name: {{ include "duosync.name" . }}}
    - name: secrets
      secret: {secretName: {{ .Values.existingSecret }}, defaultMode: 0440}
    {{- if eq .Values.state.kind "volume" }}
    - name: state
      persistentVolumeClaim: {claimName: {{ .Values.state.volume.existingClaim | default (include "duosync.name" .) }}}
    {{- end }}
    - name: tmp # for the private copy of the state that a dry run makes
      emptyDir: {medium: Memory, sizeLimit: 256Mi}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
