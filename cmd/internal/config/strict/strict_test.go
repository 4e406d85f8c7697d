package strict_test

import (
	"testing"

	"pgregory.net/rapid"

	"duosync/cmd/internal/config/strict"
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
