package config

import (
	"errors"

	"duosync/cmd/internal/config/strict"
	dirsync "duosync/sync"
	"duosync/sync/expression"
)

// validator checks the values of a document for sense, each by itself and against
// others.
type validator struct {
	*strict.Document
	asked []string // groups that expressions ask about
	names []string // of the directories
}

// expression checks the text of an expression, and notes the groups that it asks
// about.
func (v *validator) expression(text string) *strict.Mistake {
	e, err := expression.Parse(text)
	if err == nil {
		v.asked = append(v.asked, e.Groups()...)
		return nil
	}
	m := &strict.Mistake{What: "is no expression", Reason: err.Error(), Hint: dirsync.Hint(err)}
	if mistake, ok := errors.AsType[*expression.Error](err); ok {
		m.Reason = mistake.Message
		if mistake.Line == 1 {
			m.Character = mistake.Column
		}
	}
	return m
}
