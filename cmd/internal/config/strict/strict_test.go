package strict_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"duosync/cmd/internal/config/strict"
	dirsync "duosync/sync"
)

func TestSecret(t *testing.T) {
	full, same, none := strict.NewSecret("a"), strict.NewSecret("a"), strict.NewSecret("")
	if full.Reveal() != "a" || none.Reveal() != "" {
		t.Errorf("revealed %q and %q", full.Reveal(), none.Reveal())
	}
	if full.String() != "<secret>" || none.String() != "" || full.IsEmpty() || !none.IsEmpty() {
		t.Errorf("printed %q and %q", full, none)
	}
	if !full.Equal(same) || full.Equal(none) || !none.Equal(strict.Secret{}) {
		t.Error("Equal looks at something else than the text")
	}
}

func TestExpand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune("${}Aa_ ")), 0, 20, -1).Draw(t, "text")
		got, names, errs := strict.Expand(strict.Unexpand(text), func(string) (string, bool) { return "x", true })
		if got != text || len(names) > 0 || len(errs) > 0 {
			t.Fatalf("%q comes back as %q, %v, %v", text, got, names, errs)
		}
	})
}

func TestParseDuration(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"30s": 30 * time.Second, "720h": 30 * day, "30d": 30 * day, "0d": 0, "1.5d": 36 * time.Hour, "1d12h": 36 * time.Hour,
		"2d0s": 2 * day, "-5s": -5 * time.Second, "106750d23h": 106750*day + 23*time.Hour,
	} {
		if got, err := strict.ParseDuration(text); err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "d", "5", "5 d", "1d5", "1d-5h", "5D", "12h1d", "1dd", "1e3d", "999999999999d", "106751d", "106750d48h", ".d", "-5d", "1d1d"} {
		if got, err := strict.ParseDuration(text); err == nil || dirsync.Hint(err) == "" {
			t.Errorf("%q is %v (%v)", text, got, err)
		}
	}
}

func FuzzParseDuration(f *testing.F) {
	for _, text := range []string{"30d", "1d12h", "1.5d", "106751d", "-1h", "1d-1h"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := strict.ParseDuration(text)
		plain, plainErr := time.ParseDuration(text)
		if plainErr == nil && (err != nil || got != plain) {
			t.Errorf("%q is %v, %v; Go reads %v", text, got, err, plain)
		}
		if err == nil && plainErr != nil && got < 0 {
			t.Errorf("%q is %v", text, got)
		}
		if again, err := strict.ParseDuration(strict.DurationText(got)); err != nil || again != got {
			t.Errorf("%q is %v, shown as %s, read as %v (%v)", text, got, strict.DurationText(got), again, err)
		}
	})
}
