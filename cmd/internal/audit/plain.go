package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"

	dirsync "duosync/sync"
)

// plain is a line of format json. Its keys are those of a report.
type plain struct {
	Number  int64            `json:"number"`
	Time    string           `json:"time"`
	Settled string           `json:"settled"`
	Intent  string           `json:"intended,omitempty"`
	Action  string           `json:"action"`
	Result  string           `json:"result"`
	By      string           `json:"by"`
	Run     string           `json:"run_id,omitempty"`
	Account string           `json:"account"`
	Name    string           `json:"username,omitempty"`
	Source  string           `json:"source_id,omitempty"`
	User    string           `json:"duo_user_id,omitempty"`
	DN      string           `json:"dn,omitempty"`
	Group   string           `json:"group,omitempty"`
	GroupID string           `json:"duo_group_id,omitempty"`
	About   string           `json:"about,omitempty"`
	Changes []dirsync.Change `json:"changes,omitempty"`
	Reason  string           `json:"reason,omitempty"`
	Error   string           `json:"error,omitempty"`
}

func plainOf(r *record, account string) any {
	return &plain{Number: r.Number, Time: stamp(r.At), Settled: stamp(r.Settled), Intent: intended(r), Action: r.What, Result: r.Result, By: r.By, Run: r.Run, Account: account,
		Name: r.Who.Username, Source: r.Who.Source, User: r.Who.User, DN: r.Who.DN, Group: r.Group.Name, GroupID: r.Group.ID,
		About: r.About, Changes: r.Changes, Reason: r.Reason, Error: r.Error}
}

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

// intended is when an operation was about to be sent, by Duo's clock; "" of an act.
func intended(r *record) string {
	if r.Intended.IsZero() {
		return ""
	}
	return stamp(r.Intended)
}

// encode gives a value as one line of JSON in which every character that is not seen as such
// is escaped: none ends a line, turns the direction of text, or commands a terminal.
func encode(value any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	text := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	line := make([]byte, 0, len(text)+1)
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case unicode.IsPrint(r):
			line = append(line, text[:size]...)
		case r > 0xFFFF:
			high, low := (r-0x10000)>>10+0xD800, (r-0x10000)&0x3FF+0xDC00
			line = fmt.Appendf(line, `\u%04x\u%04x`, high, low)
		default:
			line = fmt.Appendf(line, `\u%04x`, r)
		}
		text = text[size:]
	}
	return append(line, '\n'), nil
}
