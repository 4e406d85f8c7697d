package verify

import (
	"fmt"
	"io"
	"strings"

	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/phrase"
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
	return &Answer{Username: user, Result: Failed, Detail: []string{phrase.Error(err)}}
}

// Can reports whether the user can authenticate.
func (v *Answer) Can() bool { return v.Result == Allow }

func (v *Answer) conclude(result, title string) { v.Result, v.Title = result, title }

func (v *Answer) say(format string, args ...any) {
	v.Detail = append(v.Detail, fmt.Sprintf(format, args...))
}

// Formats are the forms of an answer of a few lines.
func Formats() []form.Format { return []form.Format{form.Table, form.JSON} }

// Write writes the answer as JSON, else as a few lines.
func (v *Answer) Write(out io.Writer, format form.Format, _ form.Look) error {
	if format == form.JSON {
		return form.WriteJSON(out, struct {
			Username string `json:"username"`
			Result   string `json:"result"`
			Detail   string `json:"detail"`
		}{v.Username, v.Result, strings.Join(v.Detail, " ")})
	}
	text := dirsync.Quote(v.Username) + " " + v.Title + "\n"
	for _, sentence := range v.Detail {
		text += form.Sentence(sentence)
	}
	_, err := io.WriteString(out, text)
	return err
}
