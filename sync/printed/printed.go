// Package printed gives the commands of duosync as messages print them: each works as it is
// printed, in a shell, from any folder, with the configuration in use.
package printed

import (
	"regexp"
	"strings"
)

// plain are words that a shell takes as they are.
var plain = regexp.MustCompile(`^[A-Za-z0-9@%+=:,./_][A-Za-z0-9@%+=:,./_-]*$`)

// ShellWord gives a value as one word of a command that a report prints.
func ShellWord(value string) string {
	if plain.MatchString(value) {
		return value
	}
	return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}

// option is a word that a shell takes as it is, too.
var option = regexp.MustCompile(`^--[a-z-]+$`)

// Command gives a command of duosync as it can be run in a shell. flags end it, as
// engine.Engine has them: they name the configuration.
func Command(flags string, words ...string) string {
	line := "duosync"
	for _, word := range words {
		if !option.MatchString(word) {
			word = ShellWord(word)
		}
		line += " " + word
	}
	return line + suitable(strings.Join(words, " "), flags)
}

// stateFlag begins the flag that names the state itself. It is the last one.
const stateFlag = " --state "

// StateFlag gives the flag that names the state itself, for the end of the flags of commands.
func StateFlag(dsn string) string { return stateFlag + ShellWord(dsn) }

// suitable leaves out of flags what a command does not know.
func suitable(command, flags string) string {
	word, rest, _ := strings.Cut(command, " ")
	switch word {
	case "config":
		if sub, _, _ := strings.Cut(rest, " "); sub != "show" { // others write a file, or read none
			return ""
		}
	case "demo", "simulator", "version":
		return ""
	case "pause", "resume", "approve", "due", "history":
		return flags
	}
	flags, _, _ = strings.Cut(flags, stateFlag)
	return flags
}

// quoted is a command of duosync between backticks.
var quoted = regexp.MustCompile("`duosync ([a-z][^`]*)`")

// Runnable ends the commands of duosync that stand between backticks in a text with flags,
// see [Command]: whoever wrote the text did not know the configuration. The commands that
// need none stay as they are.
func Runnable(text, flags string) string {
	if flags == "" {
		return text
	}
	return quoted.ReplaceAllStringFunc(text, func(command string) string {
		if strings.Contains(command, " --config ") {
			return command
		}
		return strings.TrimSuffix(command, "`") + suitable(quoted.FindStringSubmatch(command)[1], flags) + "`"
	})
}

// named is what names a configuration or state at the end of a command, see [Command].
var named = regexp.MustCompile(`(?: --(?:config|state) (?:(?:'[^']*'|\\')+|[^\s']+))+$`)

// Reflag ends the commands of duosync in a text that was kept with other flags than those
// that they were ended with: the configuration may be another now, or at another place. The
// text is such a command, or has some between backticks.
func Reflag(text, flags string) string {
	anew := func(command string) string {
		command = named.ReplaceAllString(command, "")
		return command + suitable(strings.TrimPrefix(command, "duosync "), flags)
	}
	if strings.HasPrefix(text, "duosync ") && !strings.Contains(text, "`") {
		return anew(text)
	}
	return quoted.ReplaceAllStringFunc(text, func(command string) string { return "`" + anew(strings.Trim(command, "`")) + "`" })
}
