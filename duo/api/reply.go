package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
)

// reply is Duo's envelope around every answer.
type reply struct {
	Stat     text            `json:"stat"`
	Response json.RawMessage `json:"response"`
	Metadata struct {
		NextOffset   number `json:"next_offset"`
		PrevOffset   number `json:"prev_offset"`
		TotalObjects number `json:"total_objects"`
	} `json:"metadata"`
	Code    number `json:"code"`
	Message text   `json:"message"`
	Detail  text   `json:"message_detail"`
}

// decodeReply reads an answer. Only HTTP 200 with stat "OK" is a success; all
// else is an Error without its Op. What the answer says in it is made tidy.
func decodeReply(status int, header http.Header, body []byte, tidy func(string) string) (*reply, *Error) {
	e := &Error{HTTP: status, Sent: true}
	var r reply
	if err := json.Unmarshal(body, &r); err != nil || r.Stat != "OK" && r.Stat != "FAIL" {
		e.Kind, e.Message = ErrNotDuo, "not an answer of Duo's, but "+describe(header, body, tidy)
		switch {
		case status == http.StatusTooManyRequests:
			e.Kind, e.Message = ErrRateLimited, "too many requests"
		case status >= 500:
			e.Kind = ErrServer
		case status >= 300 && status < 400:
			e.Message = "a redirect, which Duo never sends"
		}
		return nil, e
	}
	if status == http.StatusOK && r.Stat == "OK" {
		return &r, nil
	}
	e.FromDuo = true
	if code := r.Code.value; r.Code.set && code > 0 && code < 1e6 {
		e.Code = int(code)
	}
	e.Message, e.Detail = tidy(string(r.Message)), tidy(string(r.Detail))
	if e.Kind = kindOf(status, e.Code); r.Stat == "OK" && e.Kind != ErrRateLimited {
		e.Kind, e.Message = ErrUnclear, "stat OK with an HTTP status that says otherwise"
	}
	return nil, e
}

// malformed says of a part of an answer that it does not have Duo's form.
func malformed(what string, err error) error {
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return errors.New(what + ": " + err.Error())
	}
	kind, _, _ := strings.Cut(wrong.Value, " ") // without the value
	where := " stands"
	if wrong.Field != "" {
		where = " stands at " + wrong.Field
	}
	return errors.New(what + ": JSON of the kind " + kind + where + ", and Duo has another kind there")
}

func describe(header http.Header, body []byte, tidy func(string) string) string {
	if len(bytes.TrimSpace(body)) == 0 {
		return "an empty body"
	}
	kind, _, _ := strings.Cut(header.Get("Content-Type"), ";")
	if kind = tidy(kind); kind == "" {
		kind = "data of no known type"
	}
	if json.Valid(body) {
		return "JSON of another form"
	}
	return fmt.Sprintf("%s (%d bytes)", kind, len(body))
}

// text is a JSON string; null, a missing value and a list read as "", a number
// or a truth value as its literal. Duo mixes "" and null, and may change more.
type text string

func (t *text) UnmarshalJSON(data []byte) error {
	var s string
	switch {
	case data[0] == '"':
		if err := json.Unmarshal(data, &s); err != nil {
			return err
		}
	case data[0] == '{' || data[0] == '[' || string(data) == "null":
	default:
		s = string(data)
	}
	*t = text(s)
	return nil
}

// number is a whole number, as a JSON number or a string. Anything else reads
// as not set.
type number struct {
	set   bool
	value int64
}

func (n *number) UnmarshalJSON(data []byte) error {
	*n = number{}
	literal := strings.TrimSpace(strings.Trim(string(data), `"`))
	if value, err := strconv.ParseInt(literal, 10, 64); err == nil {
		*n = number{set: true, value: value}
		return nil
	}
	value, err := strconv.ParseFloat(literal, 64)
	if err == nil && math.Abs(value) < 1<<53 {
		*n = number{set: true, value: int64(value)}
	}
	return nil
}

// flag is true for true, 1 and "true"; all else is false.
type flag bool

func (f *flag) UnmarshalJSON(data []byte) error {
	switch strings.ToLower(strings.Trim(string(data), `"`)) {
	case "true", "1":
		*f = true
	default:
		*f = false
	}
	return nil
}

// listOf is a JSON list. An item that cannot be read is left out, and anything
// but a list reads as an empty one.
type listOf[T any] []T

func (l *listOf[T]) UnmarshalJSON(data []byte) error {
	*l = nil
	var items []json.RawMessage
	if json.Unmarshal(data, &items) != nil {
		return nil
	}
	for _, item := range items {
		var value T
		if json.Unmarshal(item, &value) == nil {
			*l = append(*l, value)
		}
	}
	return nil
}
