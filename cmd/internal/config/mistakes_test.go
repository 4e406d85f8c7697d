package config_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/config/strict"
)

var update = flag.Bool("update", false, "write the golden files")

// planted is the secret that must not come back out of anything.
const planted = "planted-secret"

// environment is what the test files may refer to.
func environment(name string) (string, bool) {
	value, ok := map[string]string{
		"DUO_SECRET_KEY": "Zh5eGmUq9zpfQnyUIu5OL9iWoMMv5ZNmk3zLJ4Ep",
		"FILTER":         "(objectClass=person)",
		"WORD":           "word",
		"LATIN1":         "M\xfcller",
		"PLANTED":        planted,
		"FOLDER":         "testdata",
		"NUMBER":         "17",
		"TRUE":           "true",
		"EMPTY":          "",
		"NESTED":         "${WORD}",
	}[name]
	return value, ok
}

// TestMistakes reads each testdata/conf.<mistake>.yaml; what is said of it
// stands in the .txt beside.
func TestMistakes(t *testing.T) {
	files, err := filepath.Glob("testdata/conf.*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 50 {
		t.Fatalf("only %d files", len(files))
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			loaded, err := config.Load(file, environment)
			if err == nil {
				t.Fatalf("accepted:\n%s", config.Show(loaded))
			}
			problems, ok := errors.AsType[config.Errors](err)
			if !ok {
				t.Fatalf("a %T: %v", err, err)
			}
			for i, p := range problems {
				if p.Line < 1 || p.Msg == "" {
					t.Errorf("problem without a place or a text: %+v", p)
				}
				if i > 0 && p.Line < problems[i-1].Line {
					t.Errorf("not in the order of the file: %v", p)
				}
				if one, ok := errors.AsType[strict.Problem](p); !ok || !errors.Is(err, one) {
					t.Errorf("not found by errors.Is: %v", p)
				}
			}
			if strings.Contains(err.Error(), planted) || strings.Contains(err.Error(), "planted secret") {
				t.Errorf("the error tells the secret:\n%v", err)
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".txt", err.Error()+"\n")
		})
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -update writes it anew):\n%s", file, diff)
	}
}
