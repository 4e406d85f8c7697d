package docs_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"duosync/cmd/internal/cli"
)

// TestCommands: each command of duosync that a page shows exists, with its flags; a whole
// command line in a block also has the arguments that the command takes.
func TestCommands(t *testing.T) {
	whole, parts := 0, 0
	for name, p := range readPages(t) {
		for _, b := range p.blocks {
			if b.words[0] != "sh" {
				continue
			}
			for _, words := range commandLines(b.text) {
				whole++
				if err := parse(words); err != nil {
					t.Errorf("%s:%d: duosync %s: %v", name, b.number, strings.Join(words, " "), err)
				}
			}
		}
		for _, l := range p.lines {
			for _, span := range spans(l.text) {
				words, found := strings.CutPrefix(span, "duosync ")
				if !found && !strings.HasPrefix(span, "--") {
					continue
				}
				parts++
				if err := exists(strings.Fields(words), found); err != nil {
					t.Errorf("%s:%d: %s: %v", name, l.number, span, err)
				}
			}
		}
	}
	if whole < 40 || parts < 100 {
		t.Errorf("only %d command lines and %d parts of some were found", whole, parts)
	}
}

// commandLines gives the command lines of duosync in a shell's text, in words, without
// the name of the program.
func commandLines(text string) [][]string {
	var all [][]string
	text = strings.ReplaceAll(text, "\\\n", " ")
	for line := range strings.Lines(text) {
		var words []string
		redirected := false // the next word is a file
		end := func() {
			for i, word := range words {
				if word == "duosync" || strings.HasSuffix(word, "bin/duosync") {
					if i == 0 || words[0] != "install" {
						all = append(all, words[i+1:])
					}
					break
				}
			}
			words = nil
		}
		for _, word := range shellWords(line) {
			switch {
			case slices.Contains([]string{"|", "||", "&&", ";", "&"}, word):
				end()
			case strings.HasPrefix(word, "<") || strings.HasPrefix(word, ">"):
				redirected = len(word) == 1
			case redirected:
				redirected = false
			default:
				words = append(words, word)
			}
		}
		end()
	}
	return slices.DeleteFunc(all, func(words []string) bool { return len(words) == 0 })
}

var shellWord = regexp.MustCompile(`"[^"]*"|'[^']*'|\|\||&&|[|;&]|(?:[^\s"'|;&]|"[^"]*"|'[^']*')+`)

// shellWords splits a line as a shell does, as far as the documentation needs it.
func shellWords(line string) []string {
	var words []string
	for _, word := range shellWord.FindAllString(line, -1) {
		if strings.HasPrefix(word, "#") {
			break
		}
		words = append(words, strings.NewReplacer(`"`, "", `'`, "").Replace(word))
	}
	return words
}

func tree() *cobra.Command {
	root := cli.Root(cli.Stdio{})
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	return root
}

// parse takes a command line apart as duosync does.
func parse(words []string) error {
	cmd, rest, err := tree().Find(words)
	if err != nil {
		return err
	}
	cmd.InitDefaultHelpFlag()
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	if cmd.Name() == "help" || cmd.HasParent() && cmd.Parent().Name() == "completion" {
		return nil
	}
	return cmd.ValidateArgs(cmd.Flags().Args())
}

// exists reports whether a command and the flags beside it exist, arguments aside; without
// a command whether any command has these flags.
func exists(words []string, command bool) error {
	var flags []string
	for _, word := range words {
		word = strings.Trim(word, "[]…")
		if name, found := strings.CutPrefix(word, "--"); found {
			name, _, _ = strings.Cut(name, "=")
			flags = append(flags, name)
		}
	}
	root := tree()
	if command {
		cmd, _, err := root.Find(words[:1])
		if err != nil {
			return err
		}
		for _, name := range flags {
			if lookup(cmd, name) == nil {
				return fmt.Errorf("%s has no --%s", cmd.Name(), name)
			}
		}
		return nil
	}
	for _, name := range flags {
		if !slices.ContainsFunc(root.Commands(), func(c *cobra.Command) bool { return lookup(c, name) != nil }) {
			return fmt.Errorf("no command has --%s", name)
		}
	}
	return nil
}

func lookup(cmd *cobra.Command, name string) *pflag.Flag {
	cmd.InitDefaultHelpFlag()
	_ = cmd.ParseFlags(nil) // brings in the flags of the commands above
	if flag := cmd.Flags().Lookup(name); flag != nil {
		return flag
	}
	for _, within := range cmd.Commands() {
		if flag := within.Flags().Lookup(name); flag != nil {
			return flag
		}
	}
	return nil
}
