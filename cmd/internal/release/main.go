// Command release writes what is shipped beside the program and made from it: manual pages and
// completions of its commands, the list of what its modules are licensed under, and its bill of
// materials. It is for deploy/package/build.sh.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"duosync/cmd/internal/cli"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// usage is what there is to be said.
const usage = `usage: release man DAY DIR              the manual pages, dated DAY (2026-11-30)
       release completions DIR          of bash, zsh and fish
       release licences BINARY FILE     the licences of the modules in BINARY
       release materials BINARY FILE    a CycloneDX document from stdin, with the licences`

func run(args []string, in io.Reader, out io.Writer) error {
	if len(args) == 3 {
		switch args[0] {
		case "man":
			day, err := time.Parse(time.DateOnly, args[1])
			if err != nil {
				return err
			}
			return writeManual(day, args[2])
		case "licences":
			return writeLicences(args[1], args[2])
		case "materials":
			return writeMaterials(args[1], in, args[2])
		}
	}
	if len(args) == 2 && args[0] == "completions" {
		return writeCompletions(args[1])
	}
	if len(args) == 1 && args[0] == "help" {
		_, err := fmt.Fprintln(out, usage)
		return err
	}
	return fmt.Errorf("%s", usage)
}

// commands is the tree of duosync's commands, as help shows it.
func commands() *cobra.Command {
	root := cli.Root(cli.Stdio{})
	root.InitDefaultHelpCmd()
	return root
}

// writeCompletions writes them under the names by which shells look for them.
func writeCompletions(dir string) error {
	root := commands()
	for name, write := range map[string]func(string) error{
		"duosync.bash": func(path string) error { return root.GenBashCompletionFileV2(path, true) },
		"_duosync":     root.GenZshCompletionFile,
		"duosync.fish": func(path string) error { return root.GenFishCompletionFile(path, true) },
	} {
		if err := write(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}
