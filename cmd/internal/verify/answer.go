package verify

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"duosync/cmd/internal/report"
	dirsync "duosync/sync"
)

// The results of a verification. The first three are Duo's own words.
const (
	Allow  = "allow"
	Enroll = "enroll"
	Deny   = "deny"
	Failed = "error" // Duo could not be asked
)

// Answer is what was found out about a user.
type Answer struct {
	Username string   // Duo's, or what was asked for
	Result   string   // allow, enroll, deny or error
	Title    string   // what comes of it, after the name
	Detail   []string // sentences
}

// Unknown is the answer where Duo could not be asked.
func Unknown(user string, err error) *Answer {
	return &Answer{Username: user, Result: Failed, Detail: []string{report.Explain(err)}}
}

// Can reports whether the user can authenticate.
func (v *Answer) Can() bool { return v.Result == Allow }

func (v *Answer) conclude(result, title string) { v.Result, v.Title = result, title }

func (v *Answer) say(format string, args ...any) {
	v.Detail = append(v.Detail, fmt.Sprintf(format, args...))
}

// Write writes the answer as JSON, else as a few lines.
func (v *Answer) Write(w io.Writer, format report.Format) error {
	if format == report.JSON {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(struct {
			Username string `json:"username"`
			Result   string `json:"result"`
			Detail   string `json:"detail"`
		}{v.Username, v.Result, strings.Join(v.Detail, " ")})
	}
	text := dirsync.Quote(v.Username) + " " + v.Title + "\n"
	for _, sentence := range v.Detail {
		text += wrapped(sentence)
	}
	_, err := io.WriteString(w, text)
	return err
}

// wrapped breaks a sentence into lines of a terminal, indented.
func wrapped(sentence string) string {
	const width = 79
	var text strings.Builder
	line := " "
	for _, word := range strings.Fields(sentence) {
		if line != " " && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			text.WriteString(line + "\n")
			line = "   "
		}
		line += " " + word
	}
	return text.String() + line + "\n"
}
