package main

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/cpuguy83/go-md2man/v2/md2man"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"duosync/cmd/internal/version"
)

// writeManual writes a page for each command, and one for the configuration, into dir.
func writeManual(day time.Time, dir string) error {
	pages := map[string][]byte{}
	var visit func(*cobra.Command)
	visit = func(cmd *cobra.Command) {
		pages[pageName(cmd)+".1"] = toRoff(commandPage(cmd, day))
		for _, below := range shown(cmd) {
			visit(below)
		}
	}
	visit(commands())
	reference, err := os.ReadFile(filepath.Join("docs", "configuration.md"))
	if err != nil {
		return fmt.Errorf("%w: run it at the top of the sources", err)
	}
	pages["duosync.yaml.5"] = toRoff(configurationPage(string(reference), day))
	for name, text := range pages {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil { //nolint:gosec // for everybody to read
			return err
		}
	}
	return nil
}

// shown are the commands below one that help shows, help itself aside.
func shown(cmd *cobra.Command) []*cobra.Command {
	var all []*cobra.Command
	for _, below := range cmd.Commands() {
		if below.IsAvailableCommand() && below.Name() != "help" {
			all = append(all, below)
		}
	}
	return all
}

func pageName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// title begins a page, as md2man reads it.
func title(name, section string, day time.Time) string {
	return fmt.Sprintf("%% %q %q %q %q %q\n\n", strings.ToUpper(name), section, day.Format("January 2006"), "duosync "+version.Number(), "duosync")
}

// commandPage gives the page of a command, in Markdown.
func commandPage(cmd *cobra.Command, day time.Time) string {
	var out strings.Builder
	out.WriteString(title(pageName(cmd), "1", day))
	fmt.Fprintf(&out, "# NAME\n%s - %s\n\n", plain(pageName(cmd)), plain(lowerFirst(cmd.Short)))
	fmt.Fprintf(&out, "# SYNOPSIS\n%s\n\n", synopsis(cmd))
	description, exits, _ := strings.Cut(cmd.Long, "Exit status: ")
	out.WriteString("# DESCRIPTION\n" + paragraphs(description))
	if below := shown(cmd); len(below) > 0 {
		out.WriteString("# COMMANDS\n")
		for _, c := range below {
			fmt.Fprintf(&out, "**%s**(1)\n: %s.\n\n", plain(pageName(c)), plain(c.Short))
		}
	}
	cmd.InitDefaultHelpFlag()
	options(&out, "OPTIONS", cmd.NonInheritedFlags())
	options(&out, "OPTIONS OF ALL COMMANDS", cmd.InheritedFlags())
	if exits != "" {
		out.WriteString("# EXIT STATUS\n")
		exits = strings.TrimRight(strings.Join(strings.Fields(exits), " "), ".")
		for part := range strings.SplitSeq(exitCode.ReplaceAllString(exits, "\n$1"), "\n") {
			code, meaning, _ := strings.Cut(part, " ")
			fmt.Fprintf(&out, "**%s**\n: %s.\n\n", code, plain(meaning))
		}
	}
	if !cmd.HasParent() {
		out.WriteString(files)
	}
	if cmd.Example != "" {
		out.WriteString("# EXAMPLES\n" + indented(cmd.Example) + "\n")
	}
	out.WriteString("# SEE ALSO\n" + seeAlso(cmd) + "\n")
	return out.String()
}

// files ends the page of duosync itself, which no command has.
//
//go:embed files.md
var files string

// exitCode is where in "0 done; 1 it could not be done; …" the next one begins.
var exitCode = regexp.MustCompile(`; (\d )`)

func synopsis(cmd *cobra.Command) string {
	if len(shown(cmd)) > 0 {
		return fmt.Sprintf("**%s** *COMMAND* [*OPTIONS*]", plain(cmd.CommandPath()))
	}
	path, args, _ := strings.Cut(strings.TrimSuffix(cmd.UseLine(), " [flags]"), cmd.CommandPath())
	line := "**" + plain(path+cmd.CommandPath()) + "**"
	if args = strings.TrimSpace(args); args != "" {
		line += " " + plain(args)
	}
	return line + " [*OPTIONS*]"
}

// options lists flags, each with the word for what it takes.
func options(out *strings.Builder, heading string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	fmt.Fprintf(out, "# %s\n", heading)
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		takes, text := pflag.UnquoteUsage(f)
		term := "**--" + plain(f.Name) + "**"
		if f.Shorthand != "" {
			term = "**-" + f.Shorthand + "**, " + term
		}
		if takes != "" {
			term += " *" + plain(strings.ToUpper(takes)) + "*"
		}
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" && f.DefValue != "0s" && !strings.Contains(text, "default") {
			text += " (default: " + f.DefValue + ")"
		}
		fmt.Fprintf(out, "%s\n: %s.\n\n", term, plain(strings.ToUpper(text[:1])+text[1:]))
	})
}

func seeAlso(cmd *cobra.Command) string {
	var pages []string
	if cmd.HasParent() {
		pages = append(pages, "**"+plain(pageName(cmd.Parent()))+"**(1)")
	}
	return strings.Join(append(pages, "**duosync.yaml**(5)", "/usr/share/doc/duosync"), ", ")
}

// paragraphs gives text as it stands in help; what is indented there keeps its lines.
func paragraphs(text string) string {
	var out strings.Builder
	for part := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		if strings.HasPrefix(part, "  ") {
			out.WriteString(indented(part) + "\n")
			continue
		}
		out.WriteString(plain(strings.Join(strings.Fields(part), " ")) + "\n\n")
	}
	return out.String()
}

func indented(text string) string {
	var out strings.Builder
	out.WriteString("\n")
	for line := range strings.Lines(strings.TrimRight(text, "\n")) {
		out.WriteString("    " + strings.TrimPrefix(line, "  "))
	}
	return out.String() + "\n"
}

// special are the characters that mean something to Markdown.
var special = regexp.MustCompile("[\\\\`*_{}\\[\\]<>#~|]")

// plain keeps text from being read as Markdown.
func plain(text string) string { return special.ReplaceAllString(text, `\$0`) }

func lowerFirst(text string) string {
	if strings.HasPrefix(text, "Duo") || len(text) > 1 && strings.ToUpper(text[:2]) == text[:2] {
		return text
	}
	return strings.ToLower(text[:1]) + text[1:]
}

var (
	link    = regexp.MustCompile(`\[([^]]+)\]\(([^)]+)\)`)
	comment = regexp.MustCompile(`(?s)<!--.*?-->\n*`)
	table   = regexp.MustCompile(`(?m)(^\|.*\|\n)+`)
	headed  = regexp.MustCompile(`(?m)^(#+) (.*)$`)
)

// configurationPage makes a page of the reference of the configuration.
func configurationPage(text string, day time.Time) string {
	text = comment.ReplaceAllString(text, "")
	text = link.ReplaceAllString(text, "$1")
	text = table.ReplaceAllStringFunc(text, definitions)
	text = headed.ReplaceAllStringFunc(text, func(line string) string {
		marks, words, _ := strings.Cut(line, " ")
		switch {
		case marks == "#":
			return "# NAME\nduosync.yaml - configuration of duosync\n\n# DESCRIPTION"
		case len(marks) == 2:
			return "# " + strings.ToUpper(words)
		default:
			return "## " + words
		}
	})
	return title("duosync.yaml", "5", day) + text + "\n# SEE ALSO\n**duosync**(1), /usr/share/doc/duosync\n"
}

// definitions gives a table as a list of what its first column names: it would be wider than a
// terminal. Where there are several columns besides, each cell is told with its heading.
func definitions(table string) string {
	var out strings.Builder
	var headings []string
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		for i, cell := range cells {
			cells[i] = strings.ReplaceAll(strings.TrimSpace(cell), `\|`, "|")
		}
		switch {
		case headings == nil:
			headings = cells
			continue
		case strings.HasPrefix(line, "|--"):
			continue
		case len(cells) > 2:
			for i := range cells[1:] {
				cells[i+1] = "*" + plain(headings[i+1]) + "* " + cells[i+1]
			}
		}
		fmt.Fprintf(&out, "%s\n: %s\n\n", cells[0], strings.Join(cells[1:], "; "))
	}
	return out.String()
}

// toRoff gives a page as man reads it. md2man leaves hyphens as they are, and some systems
// print these as characters which no shell takes for a minus.
func toRoff(markdown string) []byte {
	var out strings.Builder
	for line := range strings.Lines(string(md2man.Render([]byte(markdown)))) {
		if !strings.HasPrefix(line, ".") && !strings.HasPrefix(line, `'\"`) {
			line = strings.ReplaceAll(strings.ReplaceAll(line, `\-`, "-"), "-", `\-`)
		}
		out.WriteString(line)
	}
	return []byte(out.String())
}
