// Package deploy_test checks that the manifests in this folder hold only keys
// that exist, and that all ways to run duosync agree with one another. What can
// be run is checked by check.sh.
package deploy_test

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

const (
	user        = 65532
	stateFolder = "/var/lib/duosync"
	secrets     = "/run/secrets"
	settings    = "/etc/duosync"
)

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// strictly decodes YAML documents into values, which must know every key.
func strictly(t *testing.T, data []byte, values ...any) {
	t.Helper()
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	for _, v := range values {
		if err := decoder.Decode(v); err != nil {
			t.Fatal(err)
		}
	}
	var more any
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		t.Fatalf("after the last document: %v, %v", more, err)
	}
}

// credentials gives the names below ${CREDENTIALS_DIRECTORY} in a configuration.
func credentials(text string) []string {
	var names []string
	for _, match := range regexp.MustCompile(`\$\{CREDENTIALS_DIRECTORY\}/([a-z-]+)`).FindAllStringSubmatch(text, -1) {
		names = append(names, match[1])
	}
	slices.Sort(names)
	return names
}

func TestUnits(t *testing.T) {
	want := credentials(string(read(t, "config.yaml")))
	if len(want) != 2 {
		t.Fatalf("config.yaml has the credentials %v", want)
	}
	sandbox := map[string][]string{}
	for _, name := range []string{"duosync.service", "duosync-daemon.service", "duosync-notify@.service", "duosync@.service", "duosync-notify-account@.service"} {
		text := string(read(t, "systemd/"+name))
		if strings.Contains(text, "/%i/") { // the same in folders of the account's own
			for folder, times := range map[string]int{"/etc/duosync/%i/config.yaml\n": 1, "/etc/duosync/%i/credentials/": 2, "StateDirectory=duosync/%i\n": 1} {
				if strings.Count(text, folder) != times {
					t.Errorf("%s has not %d times %q", name, times, folder)
				}
			}
			text = strings.ReplaceAll(text, "duosync/%i", "duosync")
		}
		var got []string
		for _, match := range regexp.MustCompile(`(?m)^LoadCredential=([a-z-]+):/etc/duosync/credentials/([a-z-]+)$`).FindAllStringSubmatch(text, -1) {
			if match[1] != match[2] { // by hand, the folder of the files stands for the credentials
				t.Errorf("%s: %s is in the file %s", name, match[1], match[2])
			}
			got = append(got, match[1])
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: credentials (-config.yaml +unit):\n%s", name, diff)
		}
		if strings.Contains(text, "\nSuccessExitStatus=") {
			t.Errorf("%s: exits 3 and 4 want a human, so they are no success", name)
		}
		_, below, _ := strings.Cut(text, "\nUser=")
		for line := range strings.Lines("User=" + below) {
			if strings.HasPrefix(line, "[") {
				break
			}
			if line != "\n" && !strings.HasPrefix(line, "#") {
				sandbox[name] = append(sandbox[name], line)
			}
		}
	}
	for _, name := range []string{"duosync-daemon.service", "duosync-notify@.service", "duosync@.service", "duosync-notify-account@.service"} {
		if diff := cmp.Diff(sandbox["duosync.service"], sandbox[name]); diff != "" {
			t.Errorf("the sandboxes of the units differ (-duosync.service +%s):\n%s", name, diff)
		}
		tells := strings.Contains(string(read(t, "systemd/"+name)), "\nOnFailure=duosync-notify")
		if tells == strings.Contains(name, "notify") {
			t.Errorf("%s: a unit of duosync that fails is told of, and the telling of none", name)
		}
	}
}

func TestCompose(t *testing.T) {
	var file composeFile
	strictly(t, read(t, "container/compose.yaml"), &file)
	s := file.Services["duosync"]
	if s.User != "65532:65532" || !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) ||
		!slices.Contains(s.SecurityOpt, "no-new-privileges:true") || len(s.Tmpfs) != 1 || !strings.HasPrefix(s.Tmpfs[0], "/tmp:") {
		t.Errorf("the container may do more than it needs: %+v", s)
	}
	if !slices.Contains(s.Volumes, "state:"+stateFolder) || !slices.Contains(s.Volumes, "./config.yaml:"+settings+"/config.yaml:ro") {
		t.Errorf("mounts %q", s.Volumes)
	}
	want := credentials(string(read(t, "config.yaml")))
	if diff := cmp.Diff(want, slices.Sorted(slices.Values(s.Secrets))); diff != "" {
		t.Errorf("secrets (-config.yaml +service):\n%s", diff)
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(file.Secrets))); diff != "" {
		t.Errorf("secrets (-config.yaml +file):\n%s", diff)
	}
	if _, err := os.Stat("container/" + s.Build.Context + "/" + s.Build.Dockerfile); err != nil {
		t.Errorf("the Dockerfile is not where it is said to be: %v", err)
	}
}

func TestCronJob(t *testing.T) {
	var (
		configMap configMap
		claim     persistentVolumeClaim
		job       cronJob
	)
	strictly(t, read(t, "kubernetes/cronjob.yaml"), &configMap, &claim, &job)
	for _, object := range []struct{ got, want kind }{
		{configMap.kind, kind{"v1", "ConfigMap"}},
		{claim.kind, kind{"v1", "PersistentVolumeClaim"}},
		{job.kind, kind{"batch/v1", "CronJob"}},
	} {
		if object.got != object.want {
			t.Errorf("%v, want %v", object.got, object.want)
		}
	}
	var here, there any
	strictly(t, read(t, "config.yaml"), &here)
	strictly(t, []byte(configMap.Data["config.yaml"]), &there)
	if diff := cmp.Diff(here, there); diff != "" {
		t.Errorf("configurations (-config.yaml +ConfigMap):\n%s", diff)
	}

	checkJob(t, &job)
	checkPod(t, &job.Spec.JobTemplate.Spec.Template.Spec, map[string]string{"state": claim.Metadata.Name, "config": configMap.Metadata.Name}, true)
}

// checkJob: a run that wants a human is not tried again.
func checkJob(t *testing.T, job *cronJob) {
	t.Helper()
	if job.Spec.ConcurrencyPolicy != "Forbid" || job.Spec.StartingDeadlineSeconds == nil || *job.Spec.StartingDeadlineSeconds < 10 {
		t.Errorf("schedule: %+v", job.Spec)
	}
	run := job.Spec.JobTemplate.Spec
	if run.BackoffLimit == nil || *run.BackoffLimit != 0 || run.Template.Spec.RestartPolicy != "Never" {
		t.Error("a run that wants a human is tried again")
	}
}

// checkPod: a pod may do no more than it needs, and its mounts are those of the image. names are
// those of claim and ConfigMap; with a state in a database there is no claim.
func checkPod(t *testing.T, pod *podSpec, names map[string]string, claim bool) {
	t.Helper()
	yes, no, id := true, false, int64(user)
	if diff := cmp.Diff(&podSecurity{
		RunAsNonRoot: &yes, RunAsUser: &id, RunAsGroup: &id, FSGroup: &id, FSGroupChangePolicy: "OnRootMismatch",
		SeccompProfile: &seccompProfile{Type: "RuntimeDefault"},
	}, pod.SecurityContext); diff != "" {
		t.Errorf("the pod's security context (-want +got):\n%s", diff)
	}
	if pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
		t.Error("the pod gets a token for the cluster's API")
	}
	container := pod.Containers[0]
	if diff := cmp.Diff(&containerSecurity{
		AllowPrivilegeEscalation: &no, ReadOnlyRootFilesystem: &yes, Privileged: &no, Capabilities: &capabilities{Drop: []string{"ALL"}},
	}, container.SecurityContext); diff != "" {
		t.Errorf("the container's security context (-want +got):\n%s", diff)
	}

	mounts, readOnly := map[string]string{}, map[string]bool{}
	for _, m := range container.VolumeMounts {
		mounts[m.Name], readOnly[m.Name] = m.MountPath, m.ReadOnly
	}
	want := map[string]string{"config": settings, "secrets": secrets, "tmp": "/tmp"}
	if claim {
		want["state"] = stateFolder
	}
	if diff := cmp.Diff(want, mounts); diff != "" {
		t.Errorf("mounts (-want +got):\n%s", diff)
	}
	if !readOnly["config"] || !readOnly["secrets"] {
		t.Error("configuration and secrets can be written")
	}
	for _, v := range pod.Volumes {
		if _, mounted := mounts[v.Name]; !mounted {
			t.Errorf("volume %s is not mounted", v.Name)
		}
		if v.Secret != nil && (v.Secret.DefaultMode == nil || *v.Secret.DefaultMode&0o007 != 0) {
			t.Error("everybody in the container can read the secrets")
		}
		if v.PersistentVolumeClaim != nil && v.PersistentVolumeClaim.ClaimName != names["state"] {
			t.Errorf("no claim is called %s", v.PersistentVolumeClaim.ClaimName)
		}
		if v.ConfigMap != nil && v.ConfigMap.Name != names["config"] {
			t.Errorf("no ConfigMap is called %s", v.ConfigMap.Name)
		}
	}
}

// The image has no shell: what it runs and what it is told stands in these
// lines, and the other files count on them.
func TestDockerfile(t *testing.T) {
	_, final, found := strings.Cut(string(read(t, "container/Dockerfile")), "\nFROM scratch\n")
	if !found {
		t.Fatal("the image is not made from scratch")
	}
	if _, other, _ := strings.Cut(string(read(t, "container/Dockerfile.release")), "\nFROM scratch\n"); other != final {
		t.Errorf("the image of a released program is another (-Dockerfile +Dockerfile.release):\n%s", cmp.Diff(final, other))
	}
	version := strings.TrimSpace(string(read(t, "../cmd/internal/version/VERSION")))
	if !strings.Contains(final, "org.opencontainers.image.version="+version+" ") {
		t.Errorf("the labels are not of the version %s", version)
	}
	for _, line := range []string{
		"USER 65532:65532",
		"ENV DUOSYNC_CONFIG=" + settings + "/config.yaml CREDENTIALS_DIRECTORY=" + secrets,
		"VOLUME " + stateFolder,
		`HEALTHCHECK --interval=5m --timeout=30s CMD ["/usr/local/bin/duosync", "history", "--limit", "1"]`,
		`ENTRYPOINT ["/usr/local/bin/duosync"]`,
	} {
		if !strings.Contains(final, line+"\n") {
			t.Errorf("no line %q", line)
		}
	}
	if strings.Contains(final, "\nRUN ") {
		t.Error("nothing can be run in an empty image")
	}
}
