package printed

import "testing"

func TestCommand(t *testing.T) {
	for want, words := range map[string][]string{
		"duosync resume --config /x":                         {"resume"},
		"duosync config show --config /x":                    {"config", "show"},
		"duosync config init":                                {"config", "init"},
		"duosync sync --refresh --dry-run --config /x":       {"sync", "--refresh", "--dry-run"},
		"duosync enable 'o'\\''brien; rm -rf /' --config /x": {"enable", "o'brien; rm -rf /"},
		"duosync sync --adopt '-x' --config /x":              {"sync", "--adopt", "-x"},
		"duosync sync --adopt '' --config /x":                {"sync", "--adopt", ""},
	} {
		if got := Command(" --config /x", words...); got != want {
			t.Errorf("%q: %s, want %s", words, got, want)
		}
	}
}

// Commands between backticks get the flags, once, and those that need no configuration none.
func TestRunnable(t *testing.T) {
	for text, want := range map[string]string{
		"see `duosync history` and `duosync undo last --write`.": "see `duosync history --config /x` and `duosync undo last --write --config /x`.",
		"`duosync config init` begins one":                       "`duosync config init` begins one",
		"`duosync due --config /y`":                              "`duosync due --config /y`",
		"kept disabled by duosync disable, or `ls`":              "kept disabled by duosync disable, or `ls`",
	} {
		if got := Runnable(text, " --config /x"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if got := Runnable(text, ""); got != text {
			t.Errorf("without flags: %s", got)
		}
	}
}

// Commands that were kept with other flags get those of now, and what looks like flags in a
// value stays.
func TestReflag(t *testing.T) {
	const now = " --config /etc/new.yaml"
	for _, c := range []struct{ text, flags, want string }{
		{"", now, ""},
		{"nothing to run", now, "nothing to run"},
		{"duosync sync --adopt anna --config /old.yaml", now, "duosync sync --adopt anna --config /etc/new.yaml"},
		{"duosync sync --adopt anna", now, "duosync sync --adopt anna --config /etc/new.yaml"},
		{"duosync sync --adopt anna --config /old.yaml", "", "duosync sync --adopt anna"},
		{`duosync sync --adopt 'a --config b' --config '/it'\''s here/x.yaml'`, now, `duosync sync --adopt 'a --config b' --config /etc/new.yaml`},
		{`duosync sync --adopt 'a --config b'`, now, `duosync sync --adopt 'a --config b' --config /etc/new.yaml`},
		{"duosync history 1 --config /a --state /b.db", " --state '/c d.db'", "duosync history 1 --state '/c d.db'"},
		{"duosync sync --config /a", " --config /x --state '/c d.db'", "duosync sync --config /x"},
		{"see `duosync due --config /old` and `duosync config init`", now, "see `duosync due --config /etc/new.yaml` and `duosync config init`"},
	} {
		if got := Reflag(c.text, c.flags); got != c.want {
			t.Errorf("%q with %q: %q, want %q", c.text, c.flags, got, c.want)
		}
	}
}
