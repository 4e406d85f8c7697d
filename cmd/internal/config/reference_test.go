package config_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/cmd/internal/config"
)

//go:generate go test -run TestReference . -update

// TestReference checks that docs/configuration.md is what the code says.
func TestReference(t *testing.T) {
	const path = "../../../docs/configuration.md"
	want, err := config.Reference()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil { //nolint:gosec // documentation is for everybody
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("docs/configuration.md is out of date: run go generate ./cmd/internal/config (-code +page)\n%s", diff)
	}
}
