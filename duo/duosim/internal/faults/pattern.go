package faults

import (
	"regexp"
	"strings"
)

// pathPattern is a pattern in which * stays within one segment. An empty one
// matches every path.
func pathPattern(text string) (*regexp.Regexp, error) {
	if text == "" {
		text = "**"
	}
	return pattern(text, "[^/]*")
}

// pattern compiles a glob over the whole text, or with "re:" in front an RE2
// expression that may match anywhere. star is what a single * stands for.
func pattern(text, star string) (*regexp.Regexp, error) {
	if expression, ok := strings.CutPrefix(text, "re:"); ok {
		return regexp.Compile(expression)
	}
	var out strings.Builder
	out.WriteString(`(?s)\A`)
	for len(text) > 0 {
		switch {
		case strings.HasPrefix(text, "**"):
			out.WriteString(".*")
			text = text[2:]
			continue
		case text[0] == '*':
			out.WriteString(star)
		case text[0] == '?':
			out.WriteString(".")
		default:
			end := strings.IndexAny(text, "*?")
			if end < 0 {
				end = len(text)
			}
			out.WriteString(regexp.QuoteMeta(text[:end]))
			text = text[end:]
			continue
		}
		text = text[1:]
	}
	out.WriteString(`\z`)
	return regexp.Compile(out.String())
}
