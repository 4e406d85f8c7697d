package dirsync

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Quote puts a value from outside into a message: quoted, control characters
// shown, and cut after 60 characters.
func Quote(value string) string {
	const most = 60
	if runes := []rune(value); len(runes) > most {
		return fmt.Sprintf("%q… (%d characters)", string(runes[:most]), len(runes))
	}
	return fmt.Sprintf("%q", value)
}

// Nearest returns the candidate that was probably meant by a mistyped word, or "".
func Nearest(word string, candidates []string) string {
	best, least := "", 1+max(1, len(word)/3)
	meant := bare(word)
	if len(meant) > 64 {
		return "" // no name is nearly as long
	}
	for _, c := range candidates {
		if c == "" {
			continue
		}
		if d := distance(meant, bare(c)); d < least {
			best, least = c, d
		}
	}
	return best
}

// bare makes bindPassword, bind-password and bind_password the same.
func bare(word string) string {
	return strings.ToLower(strings.ReplaceAll(strings.ReplaceAll(word, "_", ""), "-", ""))
}

// distance counts the letters to change, add, drop or swap with their neighbour
// to get from a to b (optimal string alignment).
func distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

// CountPeople counts people in words.
func CountPeople(n int) string {
	if n == 1 {
		return "1 person"
	}
	return fmt.Sprintf("%d people", n)
}

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
	return line + suitable(words[0], flags)
}

// stateFlag begins the flag that names the state itself. It is the last one.
const stateFlag = " --state "

// StateFlag gives the flag that names the state itself, for the end of the flags of commands.
func StateFlag(dsn string) string { return stateFlag + ShellWord(dsn) }

// suitable leaves out of flags what a command does not know.
func suitable(command, flags string) string {
	switch command {
	case "config", "demo", "simulator", "version":
		return ""
	case "pause", "resume", "approve", "due", "history":
		return flags
	}
	flags, _, _ = strings.Cut(flags, stateFlag)
	return flags
}

// quoted is a command of duosync between backticks.
var quoted = regexp.MustCompile("`duosync ([a-z]+)[^`]*`")

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
		word, _, _ := strings.Cut(strings.TrimPrefix(command, "duosync "), " ")
		return command + suitable(word, flags)
	}
	if strings.HasPrefix(text, "duosync ") && !strings.Contains(text, "`") {
		return anew(text)
	}
	return quoted.ReplaceAllStringFunc(text, func(command string) string { return "`" + anew(strings.Trim(command, "`")) + "`" })
}

// Invisible reports whether nobody sees a character: of zero width, a mark of direction, a
// byte order mark, and each blank but the plain one and line breaks. They are those that
// Unicode calls ignorable (DerivedCoreProperties, Default_Ignorable_Code_Point), and the
// blank braille sign, which it does not.
func Invisible(c rune) bool {
	return c >= utf8.RuneSelf &&
		(unicode.In(c, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point, unicode.Zs, unicode.Zl, unicode.Zp) || c == 0x2800)
}

// Visible leaves out of a text the characters that nobody sees.
func Visible(text string) string {
	if isASCII(text) {
		return text
	}
	return strings.Map(func(c rune) rune {
		if Invisible(c) {
			return -1
		}
		return c
	}, text)
}

// isASCII reports whether a text has no signs but those of ASCII, as most have.
func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
