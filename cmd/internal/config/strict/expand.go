package strict

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	dirsync "duosync/sync"
)

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// expand replaces each ${NAME} in text by the environment variable of that name
// and each $${ by ${, and returns the names. What a variable holds is not looked
// at again; a byte order mark before it and newlines at its end are no part of it.
// Errors never hold the text or a variable's value.
func expand(text string, env func(string) (string, bool)) (string, []string, []error) {
	if !strings.Contains(text, "${") {
		return text, nil, nil
	}
	var (
		out   strings.Builder
		names []string
		errs  []error
	)
	for rest := text; rest != ""; {
		at := strings.Index(rest, "${")
		if at < 0 {
			out.WriteString(rest)
			break
		}
		if at > 0 && rest[at-1] == '$' {
			out.WriteString(rest[:at-1] + "${")
			rest = rest[at+2:]
			continue
		}
		out.WriteString(rest[:at])
		name, after, closed := strings.Cut(rest[at+2:], "}")
		if !closed || !envName.MatchString(name) {
			errs = append(errs, dirsync.WithHint(errors.New("holds a ${ that is not followed by the name of an environment variable and }"),
				"write $${ for the two characters themselves"))
			break
		}
		rest = after
		value, set := env(name)
		switch {
		case !set:
			errs = append(errs, dirsync.WithHint(fmt.Errorf("environment variable %s is not set", name),
				"set it, or write $${ for the two characters themselves"))
		case !utf8.ValidString(value):
			errs = append(errs, dirsync.WithHint(fmt.Errorf("environment variable %s is not UTF-8 text", name),
				"set it anew; a secret of raw bytes can come from a file"))
		}
		names = append(names, name)
		out.WriteString(bare(value))
	}
	return out.String(), names, errs
}

// unexpand is the way back: the text that [expand] turns into s.
func unexpand(s string) string { return strings.ReplaceAll(s, "${", "$${") }
