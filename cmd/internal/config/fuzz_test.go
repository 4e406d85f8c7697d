package config_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/cmd/internal/config"
)

// FuzzParse holds that any text is refused with places, or accepted and shown so
// that it reads back as the same configuration.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/conf.*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add(config.Example())
	f.Add([]byte(keys))
	f.Add([]byte(keys + "sync: {drift: {email: report}, scope: {exclude_users: [\"\\x7f\\u2028\", '${WORD}', '$${X}', 'no', \"\\U0001F600\"]}}\n"))
	f.Add([]byte("\xef\xbb\xbf" + keys))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<14 || bytes.Contains(data, []byte("_file")) {
			return // a fuzzer has no business in the machine's files
		}
		loaded, err := config.Parse("/etc/duosync/config.yaml", data, environment)
		if err != nil {
			problems, ok := errors.AsType[config.Errors](err)
			if !ok || len(problems) == 0 {
				t.Fatalf("a %T: %v", err, err)
			}
			lines := 1 + bytes.Count(data, []byte("\n")) + bytes.Count(data, []byte("\r"))
			for _, p := range problems {
				if p.Line < 1 || p.Msg == "" || strings.Contains(p.Error(), "\n") {
					t.Fatalf("%q", p.Error())
				}
				if p.Line > lines+1 && !bytes.ContainsAny(data, "\u0085\u2028\u2029") {
					t.Fatalf("line %d of %d: %q", p.Line, lines, p.Error())
				}
			}
			return
		}
		shown := config.ShowRevealed(loaded)
		again, err := config.Parse("/etc/duosync/config.yaml", shown, func(string) (string, bool) { return "", false })
		if err != nil {
			t.Fatalf("what was shown is refused: %v\n%s", err, shown)
		}
		if diff := cmp.Diff(loaded.Config, again.Config); diff != "" {
			t.Fatalf("what was shown reads differently (-loaded +shown)\n%s\n%s", diff, shown)
		}
	})
}
