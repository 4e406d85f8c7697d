package dirsync

import "testing"

func TestCommand(t *testing.T) {
	for want, words := range map[string][]string{
		"duosync resume --config /x":                         {"resume"},
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
