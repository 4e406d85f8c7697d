package deploy_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// helm runs helm: that of the Makefile, or the machine's. make deploy-check does not let it lack.
func helm(t *testing.T, args ...string) ([]byte, error) {
	t.Helper()
	path := os.Getenv("HELM")
	if path == "" {
		path, _ = filepath.Abs("../.bin/helm")
		if _, err := os.Stat(path); err != nil {
			if path, err = exec.LookPath("helm"); err != nil {
				t.Skip("no helm here: make deploy-check builds one")
			}
		}
	}
	return exec.CommandContext(t.Context(), path, append(args, "--kube-version", "1.30.0")...).CombinedOutput() //nolint:gosec // of this test
}

// rendered are the objects of a chart, each of which must know every key.
type rendered struct {
	config   configMap
	claims   []persistentVolumeClaim
	jobs     []cronJob
	daemons  []deployment
	services []service
	policies []networkPolicy
	rules    []prometheusRule
}

func render(t *testing.T, values string) rendered {
	t.Helper()
	out, err := helm(t, "template", "duosync", "helm", "--values", values)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var r rendered
	for _, part := range bytes.Split(out, []byte("\n---\n")) {
		var is kind
		if err := yaml.Unmarshal(part, &is); err != nil {
			t.Fatalf("%v\n%s", err, part)
		}
		switch is {
		case kind{"v1", "ConfigMap"}:
			strictly(t, part, &r.config)
		case kind{"v1", "PersistentVolumeClaim"}:
			strictly(t, part, one(&r.claims))
		case kind{"batch/v1", "CronJob"}:
			strictly(t, part, one(&r.jobs))
		case kind{"apps/v1", "Deployment"}:
			strictly(t, part, one(&r.daemons))
		case kind{"v1", "Service"}:
			strictly(t, part, one(&r.services))
		case kind{"networking.k8s.io/v1", "NetworkPolicy"}:
			strictly(t, part, one(&r.policies))
		case kind{"monitoring.coreos.com/v1", "PrometheusRule"}:
			strictly(t, part, one(&r.rules))
		default:
			t.Errorf("an object of the kind %v:\n%s", is, part)
		}
	}
	return r
}

func one[T any](all *[]T) *T {
	*all = append(*all, *new(T))
	return &(*all)[len(*all)-1]
}

// TestChart renders the chart with three sets of values.
func TestChart(t *testing.T) {
	names := map[string]string{"state": "duosync", "config": "duosync"}

	r := render(t, "helm/ci/cronjob.yaml")
	if len(r.jobs) != 1 || len(r.claims) != 1 || len(r.daemons)+len(r.services)+len(r.policies)+len(r.rules) != 0 {
		t.Fatalf("objects of the CronJob: %+v", r)
	}
	checkJob(t, &r.jobs[0])
	pod := r.jobs[0].Spec.JobTemplate.Spec.Template.Spec
	checkPod(t, &pod, names, true)
	if image := pod.Containers[0].Image; image != "registry.example.com/duosync@sha256:"+strings.Repeat("a", 64) {
		t.Errorf("a digest does not pin the image: %s", image)
	}
	if r.claims[0].Metadata.Annotations["helm.sh/resource-policy"] != "keep" {
		t.Error("the state goes with the chart")
	}
	if !strings.HasPrefix(r.config.Data["ca.pem"], "-----BEGIN CERTIFICATE-----\n") {
		t.Errorf("ca.pem is %q", r.config.Data["ca.pem"])
	}
	taken(t, r, "state.dsn: /var/lib/duosync/duosync.db")

	r = render(t, "helm/ci/daemon.yaml")
	if len(r.daemons) != 1 || len(r.services) != 1 || len(r.claims) != 1 || len(r.policies) != 1 || len(r.rules) != 1 || len(r.jobs) != 0 {
		t.Fatalf("objects of the daemon: %+v", r)
	}
	daemon := r.daemons[0].Spec
	if *daemon.Replicas != 1 || daemon.Strategy.Type != "Recreate" {
		t.Errorf("two daemons may be up at once: %+v", daemon)
	}
	checkPod(t, &daemon.Template.Spec, names, true)
	for label, value := range daemon.Selector.MatchLabels {
		if daemon.Template.Metadata.Labels[label] != value || r.services[0].Spec.Selector[label] != value || r.policies[0].Spec.PodSelector.MatchLabels[label] != value {
			t.Errorf("not all select by %s", label)
		}
	}
	if probe := daemon.Template.Spec.Containers[0].LivenessProbe; probe == nil || probe.HTTPGet.Path != "/healthz" {
		t.Errorf("a restart depends on %+v", probe)
	}
	if len(r.policies[0].Spec.Ingress) != 1 || len(r.policies[0].Spec.Egress) != 3 {
		t.Errorf("the policy: %+v", r.policies[0].Spec)
	}
	if rules := r.rules[0].Spec.Groups; len(rules) == 0 || len(rules[0].Rules) < 3 {
		t.Errorf("rules: %+v", rules)
	}
	taken(t, r, "http.listen: :9377", "schedule.cron: */15 * * * *")

	r = render(t, "helm/ci/postgres.yaml")
	if len(r.jobs) != 1 || len(r.claims) != 0 || len(r.policies) != 1 || !*r.jobs[0].Spec.Suspend {
		t.Fatalf("objects with a database: %+v", r)
	}
	checkPod(t, &r.jobs[0].Spec.JobTemplate.Spec.Template.Spec, names, false)
	if len(r.policies[0].Spec.Ingress) != 0 || len(r.policies[0].Spec.Egress) != 4 {
		t.Errorf("the policy: %+v", r.policies[0].Spec)
	}
	taken(t, r, "state.dsn: <secret>")
}

// taken: duosync takes the configuration of a chart, with these values in force.
func taken(t *testing.T, r rendered, want ...string) {
	t.Helper()
	dir := t.TempDir()
	secret := map[string]string{"ldap-password": "a", "duo-secret-key": strings.Repeat("b", 40), "http-token": strings.Repeat("c", 40), "state-dsn": "postgres://duosync@db.example.com/duosync"}
	for name, text := range secret {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range r.config.Data {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", "run", "../cmd/duosync", "config", "show", "--config", filepath.Join(dir, "config.yaml"))
	cmd.Env = append(os.Environ(), "CREDENTIALS_DIRECTORY="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("duosync does not take the configuration: %v\n%s", err, out)
	}
	shown := map[string]string{}
	section := ""
	for line := range strings.Lines(string(out)) {
		key, value, _ := strings.Cut(strings.TrimRight(line, "\n"), ":")
		value, _, _ = strings.Cut(value, " # ")
		if !strings.HasPrefix(key, " ") {
			section = key
		} else if strings.HasPrefix(key, "  ") && !strings.HasPrefix(key, "   ") {
			shown[section+"."+strings.TrimSpace(key)] = strings.Trim(strings.TrimSpace(value), `"'`)
		}
	}
	for _, line := range want {
		key, value, _ := strings.Cut(line, ": ")
		if shown[key] != value {
			t.Errorf("%s is %q, want %q\n%s", key, shown[key], value, out)
		}
	}
}

// TestValues: what the chart can't mean is refused by its schema or its templates, with the value that is meant.
func TestValues(t *testing.T) {
	for _, bad := range []string{"mode=cron", "state.kind=nfs", "existingSecret=", "config.state.dsn=x", "config.http.listen=x", "image.digest=latest",
		"networkPolicy.duo.ports={http}", "networkPolicy.duo.cidrs={duo.com}", "state.volume.accessMode=ReadWriteMany", "state.volume.size=1", "nonsense=1",
		"prometheusRule.enabled=true", "config.ldap.bind_password=x", "config.duo.secret_key=x"} {
		if out, err := helm(t, "template", "duosync", "helm", "--set", bad); err == nil || !strings.Contains(string(out), "values") {
			t.Errorf("%s: %v\n%.300s", bad, err, out)
		}
	}
	if out, err := helm(t, "lint", "helm", "--strict"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestChartAgrees: the chart is of this version, starts from the configuration of the other ways
// to run duosync, and brings the alerts of deploy/prometheus.
func TestChartAgrees(t *testing.T) {
	version := strings.TrimSpace(string(read(t, "../cmd/internal/version/VERSION")))
	var chart map[string]string
	if err := yaml.Unmarshal(read(t, "helm/Chart.yaml"), &chart); err != nil {
		t.Fatal(err)
	}
	if chart["version"] != version || chart["appVersion"] != version {
		t.Errorf("the chart is %s of %s, want %s", chart["version"], chart["appVersion"], version)
	}
	var values struct {
		Config map[string]any `yaml:"config"`
	}
	var config map[string]any
	if err := yaml.Unmarshal(read(t, "helm/values.yaml"), &values); err != nil {
		t.Fatal(err)
	}
	strictly(t, read(t, "config.yaml"), &config)
	delete(config, "state")
	if diff := cmp.Diff(config, values.Config); diff != "" {
		t.Errorf("configurations (-config.yaml +values.yaml):\n%s", diff)
	}
	rules, err := os.ReadFile("prometheus/duosync.rules.yml")
	if err == nil && !bytes.Equal(rules, read(t, "helm/files/duosync.rules.yml")) {
		t.Error("the chart has other alerts: cp deploy/prometheus/duosync.rules.yml deploy/helm/files/")
	}
}

// TestKustomization: the base names what is there, and the image of this version.
func TestKustomization(t *testing.T) {
	var k kustomization
	strictly(t, read(t, "kubernetes/kustomization.yaml"), &k)
	if k.kind != (kind{"kustomize.config.k8s.io/v1beta1", "Kustomization"}) || !slices.Equal(k.Resources, []string{"cronjob.yaml"}) {
		t.Errorf("%+v", k)
	}
	version := strings.TrimSpace(string(read(t, "../cmd/internal/version/VERSION")))
	if len(k.Images) != 1 || k.Images[0].NewTag != version || !strings.Contains(string(read(t, "kubernetes/cronjob.yaml")), "image: "+k.Images[0].Name+":") {
		t.Errorf("images %+v, want those of cronjob.yaml with the tag %s", k.Images, version)
	}
	kubectl, err := exec.LookPath("kubectl")
	if err != nil {
		t.Log("no kubectl here: the base is not rendered")
		return
	}
	out, err := exec.CommandContext(t.Context(), kubectl, "kustomize", "kubernetes").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "image: "+k.Images[0].Name+":"+version) || strings.Count(string(out), "\nkind: ") != 3 {
		t.Errorf("kubectl kustomize: %v\n%s", err, out)
	}
}
