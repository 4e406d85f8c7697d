package version

import (
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

func TestNumberStandsInTheChangelog(t *testing.T) {
	if !regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+(-[0-9a-z.]+)?$`).MatchString(Number()) {
		t.Fatalf("VERSION is %q", Number())
	}
	changelog, err := os.ReadFile("../../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(changelog), "\n## "+Number()+"\n") {
		t.Errorf("CHANGELOG.md has no section %s", Number())
	}
}

func TestLine(t *testing.T) {
	noted := func(settings ...debug.BuildSetting) func() (*debug.BuildInfo, bool) {
		return func() (*debug.BuildInfo, bool) { return &debug.BuildInfo{Settings: settings}, true }
	}
	const revision = "0123456789abcdef0123456789abcdef01234567"
	here := runtime.Version() + ", " + runtime.GOOS + "/" + runtime.GOARCH + ")\n"
	for name, test := range map[string]struct {
		commit, date string
		read         func() (*debug.BuildInfo, bool)
		want         string
	}{
		"a release":        {revision, "2026-11-30T08:00:00+02:00", nil, "duosync 1.2.3 (commit 0123456789ab, 2026-11-30, "},
		"only a commit":    {"abc", "", nil, "duosync 1.2.3 (commit abc, "},
		"out of a folder":  {"", "", noted(), "duosync 1.2.3 ("},
		"nothing is known": {"", "", func() (*debug.BuildInfo, bool) { return nil, false }, "duosync 1.2.3 ("},
		"by go build": {"", "", noted(debug.BuildSetting{Key: "vcs.revision", Value: revision}, debug.BuildSetting{Key: "vcs.time", Value: "2026-11-30T23:00:00-05:00"},
			debug.BuildSetting{Key: "vcs.modified", Value: "true"}), "duosync 1.2.3 (commit 0123456789ab and changes, 2026-12-01, "},
	} {
		t.Run(name, func(t *testing.T) {
			if got := line("1.2.3", source(test.commit, test.date, test.read)); got != test.want+here {
				t.Errorf("got  %swant %s", got, test.want+here)
			}
		})
	}
}
